package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/console"
)

// state answers what the server is like, for the screens of who administers it: sections
// of figures and rows, without patients. of says which part is asked for.
func (a *admin) state(_ auth.Identity, w http.ResponseWriter, r *http.Request) (err error) {
	var list []console.Section
	switch of := r.URL.Query().Get("of"); of {
	case "server":
		list = a.serverState(r)
	case "work":
		list, err = a.workState(r.Context())
	case "law":
		list, err = a.lawState(r.Context())
	case "definitions":
		list = a.definitionState()
	case "webhooks":
		list = a.webhookState()
	case "warehouse":
		list, err = a.warehouseState(r.Context())
	case "roles":
		list, err = a.roleState()
	default:
		err = fhir.E("state", fhir.Invalid, fhir.Issue{Message: "There is no such part of the server.", Expected: "of=server, work, law, definitions, webhooks, warehouse or roles", Found: of})
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(list)
}

// toldAt is a time as rows have it, "never" for none.
func toldAt(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.In(nhs.London()).Format("2 Jan 2006 15:04:05 MST")
}

func number[T ~int | ~int64 | ~uint64](n T) string { return strconv.FormatInt(int64(n), 10) } //nolint:gosec // figures of this server

// figure is a figure of /metrics in words, "" where there is none.
func (a *admin) figure(name string) (value float64, text string) {
	value, ok := a.app.figures.value(name)
	if !ok {
		return 0, ""
	}
	return value, strconv.FormatFloat(value, 'f', -1, 64)
}

func (a *admin) serverState(r *http.Request) []console.Section {
	app := a.app
	status, causes := a.ready(r.Context())
	health := console.Section{Title: "Health", Words: causes, Facts: []console.Fact{{Name: "Status", Value: status}, {Name: "Version", Value: version()}}}
	if causes == "" {
		health.Words = "Nothing is wrong that the server knows of."
	}
	storage := console.Section{Title: "Storage", Facts: []console.Fact{{Name: "Database", Value: megabytes(app.size())}, {Name: "Free on its disk", Value: megabytes(float64(app.engine.Free()))},
		{Name: "Commits", Value: number(app.db.Head())}, {Name: "Events in the audit log", Value: number(app.audit.Head())}, {Name: "Takes writes", Value: yesNo(app.db.Writable() == nil)},
		{Name: "Access is recorded", Value: yesNo(app.audit.Takes() == nil)}}}
	verified, _ := a.figure("pestle_store_verified_timestamp_seconds")
	_, found := a.figure("pestle_store_findings")
	whole := console.Section{Title: "Verification", Words: "The whole database is read and verified from time to time, beside the work.", Facts: []console.Fact{{Name: "Verified whole", Value: toldAt(secondsOf(verified))}, {Name: "Wrong things found", Value: found}}}
	b := app.backups.state()
	backup := console.Section{Title: "Backups", Words: "What the server has written itself. A copy is verified where it is kept: pestle backup verify FILE.", Facts: []console.Fact{{Name: "The last one", Value: toldAt(b.Written)}}}
	if !b.Written.IsZero() && b.Bytes > 0 {
		backup.Facts = append(backup.Facts, console.Fact{Name: "Size", Value: megabytes(float64(b.Bytes))}, console.Fact{Name: "Holds", Value: "commits " + number(b.Since) + " to " + number(b.Seq)})
	}
	if !b.Failed.IsZero() {
		backup.Facts = append(backup.Facts, console.Fact{Name: "The last attempt failed", Value: toldAt(b.Failed)})
	}
	list := []console.Section{health, storage, backup, whole}
	if app.ledger.Signed() {
		list = append(list, console.Section{Title: "Logs that are signed", Facts: []console.Fact{{Name: "Key of the log of changes", Value: app.ledger.Public()}, {Name: "Key of the audit log", Value: app.accesses.Public()}}})
	}
	return list
}

func secondsOf(seconds float64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0)
}

func megabytes(bytes float64) string { return strconv.FormatFloat(bytes/1e6, 'f', 1, 64) + " MB" }

func yesNo(is bool) string { return map[bool]string{true: "yes", false: "no"}[is] }

// mostParked bounds how many parked versions are listed.
const mostParked = 100

// workState is how far the followers are, and what they could not process. Why is told by
// rule and code alone: the words may quote a record.
func (a *admin) workState(ctx context.Context) ([]console.Section, error) {
	app := a.app
	loops := console.Section{Title: "Followers", Head: []string{"Follower", "Commits behind", "Versions taken", "Not processed since the start"}}
	for _, f := range app.followers() {
		name := f.Name()
		loops.Rows = append(loops.Rows, []string{name, number(app.loops[name].Lag(app.db.Head())), number(app.stepped[name].Load()), number(app.parked[name].Load())})
	}
	parked := console.Section{Title: "Parked work", Head: []string{"Task", "Follower", "Could not process", "Since"}, Empty: "Nothing is parked.",
		Words: "Each is a version that a follower could not process; everything behind it went on. It is taken up again when whoever may change the resource writes its next version. Why is in the Task, for those who may read it."}
	state := app.db.State(ctx)
	ids, err := state.Newest("Task", "status=failed&code=https://pestle-fhir.github.io/CodeSystem/follower|parked", mostParked)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		v, err := state.Current("Task", id)
		if err != nil || v == nil || v.Deleted() {
			continue
		}
		r, err := v.Resource()
		if err != nil {
			return nil, err
		}
		parked.Rows = append(parked.Rows, []string{id, r.Get("code").Get("text").Text(), r.Get("focus").Get("reference").Text(), toldAt(v.LastUpdated)})
	}
	indexes, err := a.indexRows()
	return []console.Section{loops, parked, indexes}, err
}

// lawState is the law, the tariff and its figures that are in force, with their days.
func (a *admin) lawState(ctx context.Context) ([]console.Section, error) {
	now := time.Now()
	law := console.Section{Title: "Limits of law", Words: "Each holds from its day until a later row of the same.", Head: []string{"Rule", "From", "Of", "Says", "Source"}}
	for _, row := range a.app.law.Now().Rows() {
		law.Rows = append(law.Rows, []string{row.Rule, row.From.String(), row.For, row.Says, row.Source})
	}
	files := console.Section{Title: "Editions of the tariff", Head: []string{"What", "Month", "Version", "Loaded", "Size"}}
	list, err := a.app.reimbursement.TariffFiles(ctx, now)
	if err != nil {
		return nil, err
	}
	for _, f := range list {
		if f.Else != "" {
			files.Rows = append(files.Rows, []string{string(f.Kind), f.Else, "", "", ""})
			continue
		}
		files.Rows = append(files.Rows, []string{string(f.Kind), f.Month, f.Version, toldAt(f.Loaded), number(f.Bytes) + " bytes"})
	}
	var text strings.Builder
	if err := a.app.reimbursement.WriteFees(ctx, &text, nhs.Midnight(now)); err != nil {
		return nil, err
	}
	fees := console.Section{Title: "Fees that hold today", Text: text.String()}
	return []console.Section{files, fees, law}, nil
}

func (a *admin) definitionState() []console.Section {
	sources := map[string]int{}
	var order []string
	added := console.Section{Title: "Added to this database", Head: []string{"Definition", "Kind", "Name", "File"}, Empty: "None was added."}
	folder := a.app.definitions.path()
	for _, e := range a.app.library.Entries() {
		if e.Source == "" {
			continue
		}
		if rest, own := strings.CutPrefix(e.Source, folder); own {
			added.Rows = append(added.Rows, []string{e.Canonical(), e.Kind, e.Name, strings.Trim(rest, `/\`)})
			continue
		}
		if sources[e.Source]++; sources[e.Source] == 1 {
			order = append(order, e.Source)
		}
	}
	from := console.Section{Title: "Where the others come from", Head: []string{"Source", "Definitions"}}
	for _, name := range order {
		from.Rows = append(from.Rows, []string{name, number(sources[name])})
	}
	return []console.Section{added, from}
}

func (a *admin) webhookState() []console.Section {
	s := console.Section{Title: "Subscriptions", Head: []string{"Subscription", "Owner", "Receiver", "Status", "Events", "Delivered", "Last told", "Why not"}, Empty: "Nobody has asked to be told."}
	for _, l := range a.app.subscriptions.Served() {
		why := l.Retry.Reason
		if l.Retry.Failures > 0 {
			why += "; " + number(l.Retry.Failures) + " failures since " + toldAt(l.Retry.Since)
		}
		if l.Retry.Over {
			why += "; no attempt is made any more"
		} else if !l.Retry.Next.IsZero() {
			why += "; next attempt " + toldAt(l.Retry.Next)
		}
		s.Rows = append(s.Rows, []string{l.ID, l.Owner, strings.TrimSpace(l.Channel + " " + l.Host), l.Status, number(l.Events), number(l.Delivered), toldAt(l.Latest), why})
	}
	return []console.Section{s}
}

func (a *admin) warehouseState(ctx context.Context) ([]console.Section, error) {
	s := console.Section{Title: "Warehouse", Empty: ""}
	l, err := a.app.warehouse.Link(ctx)
	if err != nil {
		return nil, err
	}
	if l.Off {
		s.Words = "This server keeps no stock ledger, and tells no warehouse: serve --stock."
		return []console.Section{s}, nil
	}
	s.Facts = []console.Fact{{Name: "Orders that wait to be told", Value: number(l.Waiting)}, {Name: "Events that wait to be acted on", Value: number(l.Acts)}, {Name: "Failures in a row", Value: number(l.Retry.Failures)}, {Name: "Why", Value: l.Retry.Reason}}
	if !l.Retry.Next.IsZero() {
		s.Facts = append(s.Facts, console.Fact{Name: "Next attempt", Value: toldAt(l.Retry.Next)})
	}
	s.Words = "A pharmacist has it told again at once, on the page Stock. An order that waits for a person is resumed there too."
	return []console.Section{s}, nil
}

func (a *admin) roleState() ([]console.Section, error) {
	var text strings.Builder
	if err := a.roles.Print(&text); err != nil {
		return nil, err
	}
	return []console.Section{{Title: "What each role may do", Text: text.String()}}, nil
}

// subscription has a Subscription delivered again, by who administers the server.
func (a *admin) subscription(_ auth.Identity, w http.ResponseWriter, r *http.Request) error {
	if err := a.app.subscriptions.Again(r.Context(), r.URL.Query().Get("id")); err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(struct{}{})
}
