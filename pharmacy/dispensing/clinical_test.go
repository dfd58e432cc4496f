package dispensing

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/clinical"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
	"github.com/pestle-fhir/pestle/trust/ownership"
)

// clinicalStage is a stage on which the clinical checks take part, with their guard
// and their follower, and on which organisations see what is theirs.
type clinicalStage struct {
	*stage
	checks *clinical.Service
	loops  []*pharmacy.Loop // in the order in which they take the log
	behind bool             // the checks do not follow
}

func newClinicalStage(t *testing.T) *clinicalStage {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), now: today}
	opts, site := Options{Site: testSite}, clinical.Options{Site: testSite.ODS, Rules: stoppingTwice(t)}
	owners := ownership.New(testSite.ODS)
	narrow := owners.Nearest()
	narrow["Patient"] = PatientsOf(testSite.ODS)
	db, err := store.Open(mem.New(), store.Options{Clock: func() time.Time { return w.now }, Guards: []fhir.Guard{Guard(opts), clinical.Guard(site), owners.Guard}, Narrow: narrow, Owners: owners})
	require.NoError(t, err)
	w.db, w.s = db, New(db, opts)
	st := &clinicalStage{stage: &stage{world: w, scripts: map[int]epstest.Script{}}, checks: clinical.New(db, site)}
	quiet := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	for _, f := range slices.Concat(st.checks.Followers(), w.s.Followers()) {
		st.loops = append(st.loops, &pharmacy.Loop{DB: db, Follower: f, Logger: quiet})
	}
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return st
}

// stoppingTwice are the built-in checks, but for those of a second quantity of a
// controlled drug: they stop a supply here, as a pharmacy may want it.
func stoppingTwice(t *testing.T) clinical.Table {
	t.Helper()
	text, err := os.ReadFile("../clinical/clinical.tsv")
	require.NoError(t, err)
	var lines []string
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "\t")
		if slices.Contains([]string{"DUP-SUBSTANCE", "DUP-CLASS", "EARLY-REFILL"}, cells[0]) {
			require.Equal(t, "no", cells[8], cells[0])
			cells[8] = "CD2,CD3"
		}
		lines = append(lines, strings.Join(cells, "\t"))
	}
	table, err := clinical.ReadTable(strings.Join(lines, ""))
	require.NoError(t, err)
	return table
}

// settle has the followers take all that there is.
func (st *clinicalStage) settle() {
	for {
		head := st.db.Head()
		for i, l := range st.loops {
			if i > 0 || !st.behind {
				st.follow(l, head)
			}
		}
		if head == st.db.Head() {
			return
		}
	}
}

func (st *clinicalStage) follow(l *pharmacy.Loop, head fhir.Seq) {
	ctx, stop := context.WithTimeout(st.ctx, 10*time.Second)
	done := make(chan struct{})
	go func() { defer close(done); _ = l.Run(ctx) }()
	for l.At() < head && ctx.Err() == nil {
		time.Sleep(50 * time.Microsecond)
	}
	require.NoError(st.t, ctx.Err(), "the follower %s", l.Follower.Name())
	stop()
	<-done
}

// TestClinicalStories runs the scripts of testdata/clinical. Their commands are those
// of [TestScripts], and:
//
//	issues N [as=ORG]               the clinical issues of a prescription, those that ORG sees
//	mitigate N RULE ACTION REASON [item=I] [as=ORG]   DetectedIssue/$mitigate
//	detect N [as=ORG]               MedicationRequest/$detect-issues of each item
//	allergy N NAME, condition N NAME, taken N NAME   recorded of the patient of N; off=yes: recorded as past; id=X: in the record X
//	measure N KIND VALUE [UNIT] [when=DAY]   blood-pressure, pulse, weight, height
//	lag on, lag off                 the checks do not follow, or again
//	byhand N                        a MedicationDispense of the first item by plain REST
//	forge N RULE ELEMENT            a plain update of an issue
//
// Orders and records are written for the clinic A83008, all else for the pharmacy
// VNE51; as=ORG writes for another.
func TestClinicalStories(t *testing.T) {
	files, err := filepath.Glob("testdata/clinical/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		require.NoError(t, err)
		for i := range archive.Files {
			f := &archive.Files[i]
			t.Run(f.Name, func(t *testing.T) {
				got := newClinicalStage(t).run(string(f.Data))
				if *update {
					f.Data = []byte(got)
					return
				}
				require.Equal(t, string(f.Data), got)
			})
		}
		if *update {
			require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o644))
		}
	}
}

func (st *clinicalStage) run(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		switch line = strings.TrimSpace(line); {
		case strings.HasPrefix(line, "#"), line == "":
			b.WriteString(line + "\n")
		case strings.HasPrefix(line, ">"):
			b.WriteString(line + "\n" + indent(st.do(strings.Fields(line[1:]))))
		}
	}
	return b.String()
}

// clinics are the commands that a clinic gives.
var clinics = []string{"order", "cancelop", "allergy", "condition", "taken", "measure"}

func (st *clinicalStage) do(words []string) string {
	cmd, opts, rest := words[0], map[string]string{}, []string(nil)
	var plain []string
	for _, a := range words {
		if k, v, ok := strings.Cut(a, "="); ok {
			opts[k] = strings.ReplaceAll(v, "_", " ")
			if k != "as" && k != "off" && k != "id" {
				plain = append(plain, a)
			}
		} else {
			rest, plain = append(rest, strings.ReplaceAll(a, "_", " ")), append(plain, a)
		}
	}
	st.who = fhir.Principal{Agent: "sds-user-id|7654321", Display: "Peter Potion", OnBehalf: testSite.ODS}
	if slices.Contains(clinics, cmd) {
		st.who = fhir.Principal{Agent: "client|clinic", Display: "Clinic", OnBehalf: "A83008"}
	}
	if org := opts["as"]; org != "" {
		st.who.OnBehalf = org
	}
	if opts["clinic"] != "" {
		st.who.OnBehalf = opts["clinic"]
	}
	if st.who.OnBehalf == "SUP01" { // which sends for the clinic
		st.who.Delegates = []string{"A83008"}
	}
	if cmd == "now" {
		return st.stage.do(plain)
	}
	n := 0
	if len(rest) > 1 {
		n, _ = strconv.Atoi(rest[1])
	}
	switch cmd {
	case "lag":
		st.behind = rest[1] == "on"
		st.settle()
		return ""
	case "issues":
		return st.issues(n)
	case "order":
		st.write(n, opts, rest[2:])
		_, err := st.send(st.scripts[n].Message())
		st.settle()
		return st.tell(n, nil, err)
	}
	reply, err := st.clinicalAct(cmd, n, opts, rest)
	st.settle()
	if reply == nil && err == nil {
		return ""
	}
	if slices.Contains([]string{"mitigate", "detect", "byhand", "forge"}, cmd) {
		return st.masked(st.answer(reply, err))
	}
	return st.masked(st.tell(n, reply, err))
}

func (st *clinicalStage) clinicalAct(cmd string, n int, opts map[string]string, rest []string) (*fhir.Reply, error) {
	s := st.scripts[n]
	switch cmd {
	case "mitigate":
		call := st.call(epstest.Parameters("action:Code", rest[3], "reason", strings.Join(rest[4:], " ")))
		if call.ID = "none"; st.issue(n, rest[2], opts["item"]) != nil {
			call.ID = st.issue(n, rest[2], opts["item"]).ID()
		}
		return st.s.mitigate(st.ctx, call)
	case "detect":
		for i := range s.Items {
			call := st.call(nil)
			call.ID = st.orderRef(n, i)
			reply, err := st.checks.Operations()[0].Handle(st.ctx, call)
			if err != nil || i == len(s.Items)-1 {
				return reply, err
			}
		}
	case "byhand":
		d := fhir.Obj("resourceType", "MedicationDispense", "status", "completed", "medicationCodeableConcept", fhir.Obj("text", s.Items[0].Name), "subject", fhir.Obj("reference", "Patient/"+st.patient(n)),
			"authorizingPrescription", fhir.List(fhir.Obj("reference", "MedicationRequest/"+st.orderRef(n, 0))), "quantity", amountIn(s.Items[0].Quantity, cmp.Or(s.Items[0].Counted(), "tablet")), "whenHandedOver", nhs.Stamp(st.now))
		return &fhir.Reply{}, st.plainly("MedicationDispense", d.Resource(), "")
	case "forge":
		issue := st.issue(n, rest[2], "")
		value := any("cancelled")
		if rest[3] != "status" {
			value = ""
		}
		return &fhir.Reply{}, st.plainly("DetectedIssue", fhir.Revise(issue, rest[3], value), issue.ID())
	case "allergy", "condition", "taken":
		return nil, st.plainly(st.recorded(cmd, n, opts, rest[2]))
	case "measure":
		return nil, st.plainly("Observation", st.observation(n, opts, rest[2:]), "")
	default:
		return st.act(cmd, n, opts, rest[1:])
	}
	return nil, nil
}

// plainly is a plain write of a caller.
func (st *clinicalStage) plainly(typ string, r *fhir.Resource, id string) error {
	c := fhir.Change{Method: fhir.Create, Type: typ, Resource: r}
	if id != "" {
		c.Method, c.ID = fhir.Update, id
	}
	_, err := st.db.Commit(st.ctx, &fhir.Transaction{Changes: []fhir.Change{c}, Requester: st.who})
	return err
}

func (st *clinicalStage) recorded(kind string, n int, opts map[string]string, name string) (string, *fhir.Resource, string) {
	patient, concept := fhir.Obj("reference", "Patient/"+st.patient(n)), fhir.Obj("text", name)
	status := func(system, on, off string) fhir.Value {
		if opts["off"] != "" {
			on = off
		}
		return fhir.Obj("coding", fhir.List(fhir.Obj("system", "http://terminology.hl7.org/CodeSystem/"+system, "code", on)))
	}
	id := st.who.OnBehalf + "-" + pharmacy.ID(kind, cmp.Or(opts["id"], name))[:8] // the same name is the same record
	switch kind {
	case "allergy":
		return "AllergyIntolerance", fhir.Obj("resourceType", "AllergyIntolerance", "id", id, "clinicalStatus", status("allergyintolerance-clinical", "active", "resolved"), "code", concept, "patient", patient).Resource(), id
	case "condition":
		return "Condition", fhir.Obj("resourceType", "Condition", "id", id, "clinicalStatus", status("condition-clinical", "active", "resolved"), "code", concept, "subject", patient).Resource(), id
	}
	taken := []any{"resourceType", "MedicationStatement", "status", "active", "medicationCodeableConcept", concept, "subject", patient}
	if opts["until"] != "" {
		taken = append(taken, "effectivePeriod", fhir.Obj("end", opts["until"]))
	}
	return "MedicationStatement", fhir.Obj(taken...).Resource(), ""
}

// measureCodes are codes of LOINC.
var measureCodes = map[string]string{"blood-pressure": "85354-9", "pulse": "8867-4", "weight": "29463-7", "height": "8302-2"}

func (st *clinicalStage) observation(n int, opts map[string]string, f []string) *fhir.Resource {
	when := opts["when"]
	if when == "" {
		when = st.now.Format(time.DateOnly)
	}
	unit := map[string]string{"pulse": "/min", "weight": "kg", "height": "cm"}[f[0]]
	if len(f) > 2 {
		unit = f[2]
	}
	pairs := []any{"resourceType", "Observation", "status", "final", "code", fhir.Obj("coding", fhir.List(fhir.Obj("system", "http://loinc.org", "code", measureCodes[f[0]]))),
		"subject", fhir.Obj("reference", "Patient/"+st.patient(n)), "effectiveDateTime", when}
	if unit != "" {
		pairs = append(pairs, "valueQuantity", fhir.Obj("value", fhir.Raw(f[1]), "unit", unit, "system", "http://unitsofmeasure.org", "code", unit))
	}
	return fhir.Obj(pairs...).Resource()
}

// orderRef is the id of the order of an item.
func (st *clinicalStage) orderRef(n, i int) string {
	return localID(st.execution(st.scripts[n].Order).Lines[i].Ref, "MedicationRequest")
}

// patient is the id of the record that a prescription is for.
func (st *clinicalStage) patient(n int) string {
	return localID(st.execution(st.scripts[n].Order).Patient.Ref, "Patient")
}

// issue is an issue of a rule of a prescription, or of one of its items, nil for none.
func (st *clinicalStage) issue(n int, rule, item string) (found *fhir.Resource) {
	for i := range st.scripts[n].Items {
		if item != "" && item != strconv.Itoa(i) {
			continue
		}
		for _, r := range st.find("DetectedIssue", nhs.Query("identifier", nhs.IDOwnChecked, st.orderRef(n, i))) {
			if nhs.Coded(r.Get("code"), nhs.CSOwnClinicalRule) == rule && (found == nil || found.Get("status").Text() != "final") {
				found = r
			}
		}
	}
	return found
}

// issues lists the issues of a prescription that the caller sees.
func (st *clinicalStage) issues(n int) string {
	var list []string
	for i := range st.scripts[n].Items {
		q, _, err := search.Parse("DetectedIssue", url.Values{"identifier": {nhs.IDOwnChecked + "|" + st.orderRef(n, i)}}, search.Options{})
		require.NoError(st.t, err)
		page, err := st.db.Search(fhir.WithPrincipal(st.ctx, &st.who), q)
		require.NoError(st.t, err)
		for _, m := range page.Matches {
			r, err := m.Resource()
			require.NoError(st.t, err)
			line := fmt.Sprintf("%d %s %s %s %s: %s", i, r.Get("status").Text(), r.Get("severity").Text(), r.Get("code").Get("coding").Get("code").Text(), nhs.Coded(r.Get("code"), nhs.CSOwnClinicalRule), r.Get("detail").Text())
			if nhs.Extension(r.Root(), nhs.ExtOwnStops).Get("valueBoolean").Bool() {
				line += " STOPS"
			}
			if !r.Get("implicated").Exists() {
				line += " the pharmacy's alone"
			}
			for e := range r.Get("evidence").Items() {
				ref, _, _ := strings.Cut(e.Path("detail", "reference").Text(), "/")
				line += fmt.Sprintf(" [%s %s]", ref, e.Path("code", "text").Text())
			}
			for m := range r.Get("mitigation").Items() {
				line += fmt.Sprintf(" {%s %s, %s: %s}", m.Path("author", "display").Text(), m.Get("date").Text()[:10], m.Path("action", "coding", "display").Text(), m.Path("action", "text").Text())
			}
			list = append(list, line)
		}
	}
	slices.Sort(list)
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, "\n")
}

// answer writes the rules of a refusal, or what an operation returned.
func (st *clinicalStage) answer(reply *fhir.Reply, err error) string {
	if err != nil {
		return st.tell(-1, nil, err)
	}
	text := "accepted"
	if reply.Resource != nil {
		for p := range reply.Resource.Get("parameter").Items() {
			text += "\n" + p.Get("name").Text()
			for part := range p.Get("part").Items() {
				if v := part.Get("name").Text(); v != "issue" {
					text += " " + part.Get("valueCode").Text() + part.Get("valueBoolean").Text() + part.Get("valueString").Text()
				}
			}
		}
	}
	return text
}

// masked puts names in the place of ids.
func (st *clinicalStage) masked(text string) string {
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(" .,:/;\n", r) }) {
		if len(word) == 36 && strings.Count(word, "-") == 4 {
			text = strings.ReplaceAll(text, word, "ID")
		}
	}
	return text
}
