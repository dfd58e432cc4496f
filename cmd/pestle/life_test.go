package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/takeon"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/register"
	"github.com/pestle-fhir/pestle/server/auth"
)

// TestLife runs the scripts in testdata/life: the lives of prescriptions among
// organisations and their staff, against a server with all its parts. A command is
// on a line that begins with ">", what came of it below; -update rewrites that.
//
//	order CLINIC PHARMACY NHS   a clinic's order; PHARMACY - for no nomination
//	WHO METHOD path [JSON]      one request; WHO is an organisation, or FA565+technician,
//	                            or another one, Bea/FA565+technician
//	each METHOD path [JSON]     the same by everybody in turn, with the status of each
//	take PHARMACY FROM CSV      what another pharmacy hands over, as pestle import does; | ends a line, DAY-5 is five days ago
//	sight                       how many resources of each type each organisation sees
//
// In paths and bodies $task, $number, $patient, $item, $message, $asked, $controlled (the number of that item), $claim, $supply, $issue stand
// for what belongs to the last order, $month for this month, $it for what the last request created.
func TestLife(t *testing.T) {
	files, err := filepath.Glob("testdata/life/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		require.NoError(t, err)
		for i := range archive.Files {
			f := &archive.Files[i]
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+f.Name, func(t *testing.T) {
				got := (&life{orgWorld: newOrgWorldAsking(t, register.AskPersons)}).run(string(f.Data))
				if *update {
					f.Data = []byte(got)
					return
				}
				require.Equal(t, string(f.Data), got)
			})
		}
		if *update {
			require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o600))
		}
	}
}

type life struct {
	*orgWorld
	task, it string
}

// everybody are the callers of "each": the organisations, a supplier that sends for
// X99CL, and a token without an organisation.
var everybody = append(slices.Clone(worldOrgs), "SUP01", "")

func (l *life) run(script string) string {
	var out strings.Builder
	for line := range strings.Lines(script) {
		line = strings.TrimSuffix(line, "\n")
		command, ok := strings.CutPrefix(line, "> ")
		if !ok {
			if strings.HasPrefix(line, "#") {
				fmt.Fprintln(&out, line)
			}
			continue
		}
		fmt.Fprintln(&out, line)
		fields := strings.SplitN(command, " ", 4)
		switch fields[0] {
		case "order":
			l.task = l.order(fields[1], strings.Trim(fields[2], "-"), fields[3])
		case "sight":
			out.WriteString(l.sight())
		case "each":
			out.WriteString(l.each(fields))
		case "take":
			out.WriteString("  " + l.take(fields[1], fields[2], fields[3]) + "\n")
		default:
			out.WriteString("  " + l.try(fields) + "\n")
		}
	}
	return out.String()
}

// try makes one request, and tells its status and what was wrong with it.
func (l *life) try(fields []string) string {
	body := ""
	if len(fields) > 3 {
		body = l.names(fields[3])
	}
	who := strings.TrimPrefix(fields[0], "nobody")
	headers := []string{}
	if fields[1] == "PATCH" {
		headers = []string{"Content-Type", "application/json-patch+json"}
	}
	rec := l.ask(who, request{fields[1], "/fhir/" + l.names(fields[2]), body, headers})
	if _, after, ok := strings.Cut(rec.Header().Get("Location"), "/fhir/"); ok {
		l.it, _, _ = strings.Cut(after, "/_history")
	}
	told := fmt.Sprint(rec.Code)
	if r, err := fhir.Parse(rec.Body.Bytes()); err == nil && rec.Code >= 400 {
		text := r.Get("issue").Item(0).Get("diagnostics").Text()
		first, _, _ := strings.Cut(text, ". ")
		told += " " + changing.ReplaceAllString(first, "*")
	} else if err == nil && r.Type() == "Bundle" && r.Get("total").Exists() {
		told += " total " + r.Get("total").Text()
	}
	return told
}

var daysAgo = regexp.MustCompile(`DAY-(\d+)`)

// take imports one CSV file for a pharmacy; $it is the first Task of what is to be
// reconciled.
func (l *life) take(pharmacy, from, text string) string {
	text = daysAgo.ReplaceAllStringFunc(strings.ReplaceAll(l.names(text), "|", "\n"), func(day string) string {
		n, err := strconv.Atoi(strings.TrimPrefix(day, "DAY-"))
		require.NoError(l.t, err)
		return time.Now().AddDate(0, 0, -n).Format(time.DateOnly)
	})
	q := importRequest{From: from, Name: "The Old Pharmacy", Files: []takeon.File{{Name: "in.csv", Data: []byte(text)}}}
	taken, err := q.do(context.Background(), l.app, auth.Identity{Requester: fhir.Principal{Agent: "u1", OnBehalf: pharmacy}})
	l.settle()
	for _, typ := range []string{"Patient", "MedicationDispense", "Task"} { // what is written is valid
		state := l.app.db.State(context.Background())
		ids, found := state.Find(typ, "_lastUpdated=gt2000")
		require.NoError(l.t, found)
		for _, id := range ids {
			v, found := state.Current(typ, id)
			require.NoError(l.t, found)
			r, found := v.Resource()
			require.NoError(l.t, found)
			for _, i := range l.app.validator.Validate(context.Background(), r) {
				require.False(l.t, i.IsError(), "%s/%s: %s", typ, id, i.Text())
			}
		}
	}
	if err != nil {
		return changing.ReplaceAllString(describe(err), "*")
	}
	var out strings.Builder
	fmt.Fprintf(&out, "patients %d, known %d, supplies %d, owings %d, unchanged %d", taken.Patients, taken.Known, taken.Supplies, taken.Owings, taken.Unchanged)
	for i, r := range taken.Reconcile {
		if i == 0 {
			l.it = r.Task
		}
		fmt.Fprintf(&out, "\n  %s: %s", r.Reason, changing.ReplaceAllString(r.Text, "*"))
	}
	for _, f := range taken.Findings {
		fmt.Fprintf(&out, "\n  %s", issueLine(f.File, f.Issue))
	}
	return out.String()
}

func (l *life) each(fields []string) string {
	var out strings.Builder
	for _, who := range everybody {
		name := who
		if who == "" {
			name = "nobody"
		}
		fmt.Fprintf(&out, "  %s: %s\n", name, l.try(append([]string{who}, fields[1:]...)))
	}
	return out.String()
}

var lifeTypes = []string{"Task", "MedicationRequest", "Patient", "Bundle", "MessageHeader", "Provenance", "MedicationDispense", "Claim", "ClaimResponse", "Invoice"}

func (l *life) sight() string {
	var out strings.Builder
	for _, who := range everybody {
		var sees []string
		for _, typ := range lifeTypes {
			rec := l.ask(who, request{"GET", "/fhir/" + typ + "?_summary=count", "", nil})
			r, err := fhir.Parse(rec.Body.Bytes())
			require.NoError(l.t, err)
			if n := r.Get("total").Text(); n != "0" {
				sees = append(sees, typ+" "+n)
			}
		}
		if len(sees) > 0 {
			fmt.Fprintf(&out, "  %s: %s\n", who, strings.Join(sees, ", "))
		}
	}
	return out.String()
}

var lifeName = regexp.MustCompile(`\$(task|number|patient|item|message|asked|controlled|claim|supply|issue|month|it)\b`)

// names replaces the names of what belongs to the last order.
// current is the resource that a condition finds.
func current(state fhir.State, typ, condition string) (*fhir.Resource, error) {
	ids, err := state.Find(typ, condition)
	if err != nil || len(ids) == 0 {
		return nil, fmt.Errorf("%s?%s finds nothing: %w", typ, condition, err)
	}
	v, err := state.Current(typ, ids[0])
	if err != nil {
		return nil, err
	}
	return v.Resource()
}

func (l *life) names(text string) string {
	return lifeName.ReplaceAllStringFunc(text, func(name string) string {
		switch name {
		case "$it":
			return l.it
		case "$month":
			return time.Now().UTC().Format("2006-01")
		}
		state := l.app.db.State(context.Background())
		v, err := state.Current("Task", l.task)
		require.NoError(l.t, err)
		task, err := v.Resource()
		require.NoError(l.t, err)
		number := task.Root().Path("groupIdentifier", "value").Text()
		find := func(typ, query string) string {
			ids, err := state.Find(typ, query)
			require.NoError(l.t, err)
			if len(ids) == 0 {
				return typ + "/none"
			}
			return typ + "/" + ids[len(ids)-1]
		}
		switch name {
		case "$task":
			return "Task/" + l.task
		case "$number":
			return number
		case "$patient":
			return task.Root().Path("for", "reference").Text()
		case "$item":
			return find("MedicationRequest", "group-identifier="+number)
		case "$controlled":
			r, err := current(state, "MedicationRequest", "group-identifier="+number+"&code:text=methylphenidate")
			require.NoError(l.t, err)
			return nhs.Identifier(r.Root(), nhs.IDItem).Text()
		case "$asked":
			return find("CommunicationRequest", "group-identifier="+number)
		case "$claim":
			return find("Claim", "_lastUpdated=gt2000")
		case "$issue":
			if allergy := find("DetectedIssue", "code=ALLERGY"); allergy != "DetectedIssue/none" {
				return allergy
			}
			return find("DetectedIssue", "_lastUpdated=gt2000")
		case "$supply":
			return find("MedicationDispense", "_lastUpdated=gt2000")
		}
		for in := range task.Get("input").Items() {
			if ref := in.Path("valueReference", "reference").Text(); strings.HasPrefix(ref, "Bundle/") {
				return ref
			}
		}
		return find("Bundle", "_lastUpdated=gt2000")
	})
}
