package reimbursement

import (
	"context"
	_ "embed"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

//go:embed papers.tsv
var papersTSV string

// form is a kind of paper that is sent: a row of papers.tsv.
type form struct {
	from           time.Time
	name, what     string
	schedules      []string
	deadline, mark string
	source         string
}

// forms reads papers.tsv, which is a part of the program.
var forms = func() (list []form) {
	for line := range strings.Lines(papersTSV) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") {
			continue
		}
		if len(f) != 7 || nhs.Day(f[0]).IsZero() {
			panic("papers.tsv: " + line)
		}
		list = append(list, form{from: nhs.Day(f[0]), name: f[1], what: f[2], schedules: strings.Fields(f[3]), deadline: f[4], mark: f[5], source: f[6]})
	}
	return list
}()

// formNames are the names of the forms, in the order of the table.
var formNames = func() (names []string) {
	for _, f := range forms {
		if !slices.Contains(names, f.name) {
			names = append(names, f.name)
		}
	}
	return names
}()

// formNamed is the form of a name that holds in a month, nil where there is none.
func formNamed(name string, month tariff.Month) *form {
	for i := len(forms) - 1; i >= 0; i-- {
		if forms[i].name == name && !month.First().Before(forms[i].from) {
			return &forms[i]
		}
	}
	return nil
}

// sheetOfPaper is one prescription or requisition that is to be sent.
type sheetOfPaper struct {
	form      string
	number    string // of the prescription, or of the requisition
	day       string // of the supply
	items     string
	schedules string
	original  string // the form in hand, "" where none is recorded
	received  string
	sent      string // the day, "" while it is here
	reference string
}

// state is where the paper is: missing, due, overdue or sent.
func (p *sheetOfPaper) state(deadline, now time.Time) string {
	switch {
	case p.sent != "":
		return "sent"
	case p.original == "":
		return "missing"
	case !deadline.IsZero() && nhs.Midnight(now).After(deadline):
		return "overdue"
	}
	return "due"
}

// papersOf are the papers of a pharmacy's month, by form and day: what was supplied on
// a private original or a requisition, whether that is in hand, and whether it was sent.
func papersOf(state fhir.State, month tariff.Month, org string) ([]*sheetOfPaper, error) {
	var list []*sheetOfPaper
	for _, name := range formNames {
		f := formNamed(name, month)
		if f == nil {
			continue
		}
		find := privateOriginals
		if f.what == "requisition" {
			find = requisitions
		}
		found, err := find(state, f, month, org)
		if err != nil {
			return nil, err
		}
		sorting.By(found, func(a, b *sheetOfPaper) int { return strings.Compare(a.day+a.number, b.day+b.number) })
		list = append(list, found...)
	}
	return list, markSent(state, month, org, list)
}

// privateOriginals are the private prescriptions of controlled drugs whose supply ended
// in the month: the index of the days on which such were supplied finds them.
func privateOriginals(state fhir.State, f *form, month tariff.Month, org string) (list []*sheetOfPaper, err error) {
	day := func(m tariff.Month) string { return m.First().Format(time.DateOnly) }
	ids, err := state.Find("Task", "original-supplied=ge"+day(month)+"&original-supplied=lt"+day(month+1))
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		v, err := state.Current("Task", id)
		if err != nil {
			return nil, err
		}
		d, err := readIssue(v)
		if err != nil {
			return nil, err
		}
		if d == nil || !d.finished {
			continue
		}
		if err := d.readItems(state); err != nil {
			return nil, err
		}
		if !d.private() {
			continue
		}
		if err := d.readNotifications(state); err != nil {
			return nil, err
		}
		if tariff.MonthOf(d.day) != month || nhs.Identifier(d.organisation, nhs.IDODS).Text() != org {
			continue
		}
		if p := d.paper(f); p != nil {
			list = append(list, p)
		}
	}
	return list, nil
}

// paper is the original of a prescription, nil where none of the drugs that were
// supplied asks for one.
func (d *dispensed) paper(f *form) *sheetOfPaper {
	p := &sheetOfPaper{form: f.name, number: d.order, day: d.day.Format(time.DateOnly)}
	var names, schedules []string
	for _, l := range d.lines {
		schedule := nhs.Extension(nhs.Extension(l.request.Root(), nhs.ExtControlled), "schedule").Path("valueCoding", "code").Text()
		if len(l.supplies) == 0 || len(schedule) < 3 || !slices.Contains(f.schedules, schedule[:3]) {
			continue
		}
		names = append(names, nhs.CodingOf(l.product, nhs.CSSNOMED).Get("display").Text())
		schedules = append(schedules, schedule)
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(schedules)
	p.items, p.schedules = strings.Join(names, "; "), strings.Join(slices.Compact(schedules), " ")
	for in := range d.task.Get("input").Items() {
		if nhs.Coded(in.Get("type"), csDispensingRecord) == "original" {
			said := nhs.Extension(in, extDispensingRecord)
			p.original, p.received = nhs.Extension(said, "form").Get("valueCode").Text(), nhs.Extension(said, "received").Get("valueDate").Text()
		}
	}
	return p
}

// requisitions are the SupplyRequests of the month that the pharmacy recorded on the
// form of requisitions.
func requisitions(state fhir.State, f *form, month tariff.Month, org string) (list []*sheetOfPaper, err error) {
	day := func(m tariff.Month) string { return m.First().Format(time.DateOnly) }
	ids, err := state.Find("SupplyRequest", nhs.Query("category", csPaper, f.name)+"&date=ge"+day(month)+"&date=lt"+day(month+1))
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		r, err := current(state, "SupplyRequest", "SupplyRequest/"+id)
		if err != nil {
			return nil, err
		}
		if r == nil {
			continue
		}
		status := r.Get("status").Text()
		if status == "entered-in-error" || status == "cancelled" || !suppliedBy(r, org) {
			continue
		}
		number := r.Get("identifier").Item(0).Get("value").Text()
		if number == "" {
			number = id
		}
		day := r.Get("authoredOn").Text()
		day = day[:min(len(day), len(time.DateOnly))]
		list = append(list, &sheetOfPaper{form: f.name, number: number, day: day, original: f.name, received: day,
			items: nhs.CodingOf(r.Get("itemCodeableConcept"), nhs.CSSNOMED).Get("display").Text()})
	}
	return list, nil
}

// suppliedBy reports whether a pharmacy is among the suppliers of a request.
func suppliedBy(r *fhir.Resource, org string) bool {
	for s := range r.Get("supplier").Items() {
		if nhs.Identifier(s, nhs.IDODS).Text() == org {
			return true
		}
	}
	return false
}

// sendingID is the id of the record of a sending of a month's papers.
func sendingID(form string, month tariff.Month, org string, n int) string {
	return pharmacy.ID("Task", sendTask, form, month.String(), org, strconv.Itoa(n))
}

// markSent says of papers that were sent when and how.
func markSent(state fhir.State, month tariff.Month, org string, list []*sheetOfPaper) error {
	sent := map[[2]string]*fhir.Resource{}
	for _, name := range formNames {
		for n := 1; ; n++ {
			task, err := current(state, "Task", "Task/"+sendingID(name, month, org, n))
			if err != nil {
				return err
			}
			if task == nil {
				break
			}
			for in := range task.Get("input").Items() {
				if nhs.Coded(in.Get("type"), csWorkInput) == inputPaper {
					sent[[2]string{name, in.Get("valueString").Text()}] = task
				}
			}
		}
	}
	for _, p := range list {
		if task := sent[[2]string{p.form, p.number}]; task != nil {
			p.sent, p.reference = workInput(task, inputSent).Text(), workInput(task, inputReference).Text()
		}
	}
	return nil
}

// papersOperation is Claim/$papers: the papers of a month as a Binary with a CSV.
func (s *Service) papersOperation(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	month, err := monthParameter(call)
	if err != nil {
		return nil, err
	}
	org, err := readPharmacyOf(call)
	if err == nil && org == "" {
		err = fhir.E("papers", fhir.Required, fhir.Issue{Rule: "MONTH-2", Expression: "org", Message: "The papers are those of one pharmacy.", Expected: "org= with its ODS code"})
	}
	if err != nil {
		return nil, err
	}
	state := s.db.State(ctx)
	list, err := papersOf(state, month, org)
	if err != nil {
		return nil, err
	}
	calendar, err := s.shelf.calendar(state)
	if err != nil {
		return nil, err
	}
	deadline, by := calendar[month].Submission, ""
	if !deadline.IsZero() {
		by = deadline.Format(time.DateOnly)
	}
	var b strings.Builder
	w := newTable(&b, "form", "number", "day", "items", "schedules", "original", "received", "state", "sent", "reference", "deadline", "mark")
	for _, p := range list {
		w.row(p.form, p.number, p.day, p.items, p.schedules, p.original, p.received, p.state(deadline, call.Time), p.sent, p.reference, by, formNamed(p.form, month).mark)
	}
	if err := w.end(); err != nil {
		return nil, err
	}
	return &fhir.Reply{Resource: fhir.Obj("resourceType", "Binary", "id", pharmacy.ID("Binary", "papers", month.String(), org),
		"contentType", "text/csv", "data", base64.StdEncoding.EncodeToString([]byte(b.String()))).Resource()}, nil
}
