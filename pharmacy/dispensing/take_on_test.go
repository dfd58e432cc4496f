package dispensing

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/takeon"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

var anyID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

// TestTakeOn imports the files of each archive in testdata/take-on, in one go and then
// once more: the file "want" tells what is wrong with them, or what is stored of them.
// -update rewrites it. CRLF in the name of a file ends its lines so, BOM begins it with a
// byte order mark.
func TestTakeOn(t *testing.T) {
	files, err := filepath.Glob("testdata/take-on/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			require.NoError(t, err)
			q := TakeOn{From: prescription.Party{ID: "FX123", Name: "The Old Pharmacy"}}
			want := -1
			for i, f := range archive.Files {
				if f.Name == "want" {
					want = i
					continue
				}
				data := bytes.ReplaceAll(f.Data, []byte("(cr)"), []byte("\r"))
				if strings.Contains(f.Name, "CRLF") {
					data = bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n"))
				}
				if strings.Contains(f.Name, "BOM") {
					data = append([]byte("\xef\xbb\xbf"), data...)
				}
				q.Files = append(q.Files, takeon.File{Name: f.Name, Data: data})
			}
			got := importTwice(t, q)
			if *update {
				archive.Files[want].Data = []byte(got)
				require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o600))
				return
			}
			require.Equal(t, string(archive.Files[want].Data), got)
		})
	}
}

// importTwice imports twice, and tells what was stored.
func importTwice(t *testing.T, q TakeOn) string {
	w := newWorld(t, today, Options{})
	who := w.call(nil).Requester
	dry := q
	dry.DryRun = true
	planned, err := w.s.TakeOn(w.ctx, dry, who, w.now)
	require.NoError(t, err)
	require.Zero(t, w.db.Head(), "a dry run stores nothing")
	first, err := w.s.TakeOn(w.ctx, q, who, w.now)
	require.NoError(t, err)
	require.Equal(t, planned, first, "a dry run tells what is done")
	var out strings.Builder
	for _, f := range first.Findings {
		fmt.Fprintf(&out, "%s:%d:%d %s %s\n", f.File, f.Issue.Position.Line, f.Issue.Position.Column, f.Issue.Rule, f.Issue.Text())
	}
	if takeon.Failed(first.Findings) {
		require.Zero(t, w.db.Head(), "nothing is half loaded")
		return out.String()
	}
	head := w.db.Head()
	second, err := w.s.TakeOn(w.ctx, q, who, w.now)
	require.NoError(t, err)
	require.Equal(t, head, w.db.Head(), "what is there is left as it is")
	require.Zero(t, second.Patients+second.Supplies+second.Owings+len(second.Reconcile))
	fmt.Fprintf(&out, "patients %d, known %d, supplies %d, owings %d, old %d\n", first.Patients, first.Known, first.Supplies, first.Owings, first.Old)
	for _, r := range first.Reconcile {
		fmt.Fprintf(&out, "reconcile %s: %s: %s\n", r.From, r.Reason, anyID.ReplaceAllString(r.Text, "*"))
	}
	names := map[string]string{}
	for _, p := range w.find("Patient", "_lastUpdated=gt2000") {
		names["Patient/"+p.ID()] = nameOf(p.Get("name"))
		fmt.Fprintf(&out, "Patient %s, %s %s, NHS number %s, %s\n", nameOf(p.Get("name")), p.Get("birthDate").Text(), p.Get("gender").Text(), fhir.OrNothing(nhs.Identifier(p.Root(), nhs.IDNHS).Text()), nhs.Identifier(p.Root(), nhs.IDOwnElsewhere).Text())
	}
	var lines []string
	for _, d := range w.find("MedicationDispense", "_tag="+nhs.CSOwnOrigin+"%7C"+nhs.FromElsewhere) {
		lines = append(lines, fmt.Sprintf("%s of %s: %s, %s %s, %s %s, %s days, %s, at %s%s\n", d.Get("status").Text(), names[d.Root().Path("subject", "reference").Text()], d.Root().Path("medicationCodeableConcept", "text").Text(),
			nhs.Coded(d.Get("medicationCodeableConcept"), nhs.CSSNOMED), d.Get("whenHandedOver").Text()+d.Get("whenPrepared").Text(), d.Root().Path("quantity", "value").Text(), d.Root().Path("quantity", "unit").Text(), fhir.OrNothing(d.Root().Path("daysSupply", "value").Text()),
			fhir.OrNothing(d.Get("dosageInstruction").Item(0).Get("text").Text()), d.Root().Path("location", "identifier", "value").Text(), notesOf(d)))
	}
	slices.Sort(lines)
	out.WriteString(strings.Join(lines, ""))
	for _, task := range w.find("Task", nhs.Query("code", csQueue, takeOnQueue)) {
		if end := task.Root().Path("restriction", "period", "end").Text(); end != "" {
			fmt.Fprintf(&out, "an owing may be supplied until %s\n", end)
		}
	}
	return out.String()
}

func notesOf(r *fhir.Resource) (text string) {
	for n := range r.Get("note").Items() {
		text += "; " + n.Get("text").Text()
	}
	return text
}

// TestTakeOnRefuses has what is wrong with the call itself.
func TestTakeOnRefuses(t *testing.T) {
	w := newWorld(t, today, Options{})
	who := w.call(nil).Requester
	for _, from := range []string{"", testSite.ODS, strings.ToLower(testSite.ODS)} {
		_, err := w.s.TakeOn(w.ctx, TakeOn{From: prescription.Party{ID: from}}, who, w.now)
		require.Equal(t, []string{"TAKE-2"}, epstest.RulesOf(err), from)
	}
}

// TestReconcile settles one of each: a product, an owing, and a patient whose supplies
// and work go to the other record.
func TestReconcile(t *testing.T) {
	w := newWorld(t, today, Options{})
	who := w.call(nil).Requester
	files := []takeon.File{
		{Name: "p.csv", Data: []byte("patient,nhs number,family name,birth date\nP1,,Adams,1990-01-01\nP2,,Adams,1990-01-01\n")},
		{Name: "s.csv", Data: []byte("patient,medicine,quantity,unit,supplied\nP2,Concerta XL 18 mg,30,tablet,2026-11-01\n")},
		{Name: "o.csv", Data: []byte("patient,medicine,owed,unit,prescribed\nP2,Paracetamol 500mg tablets,12,tablet,2026-11-01\n")},
	}
	taken, err := w.s.TakeOn(w.ctx, TakeOn{From: prescription.Party{ID: "FX123"}, Files: files}, who, w.now)
	require.NoError(t, err)
	tasks := map[string]string{}
	for _, r := range taken.Reconcile {
		tasks[r.Reason] = strings.TrimPrefix(r.Task, "Task/")
	}
	require.Len(t, tasks, 3)
	first := w.find("Patient", nhs.Query("identifier", nhs.IDOwnElsewhere, "FX123|P1"))[0]
	settle := func(reason string, parameters ...any) error {
		call := w.call(fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(append(parameters, fhir.Obj("name", "note", "valueString", "Looked up."))...)).Resource())
		call.ID = tasks[reason]
		_, err := w.s.reconcileTask(w.ctx, call)
		return err
	}
	outcome := func(code string) fhir.Value { return fhir.Obj("name", "outcome", "valueCode", code) }
	product := func(code string) fhir.Value {
		return fhir.Obj("name", "product", "valueCoding", fhir.Obj("system", nhs.CSSNOMED, "code", code))
	}
	require.Equal(t, []string{"TAKE-3"}, epstest.RulesOf(settle(reasonProduct, outcome("matched"), product("322236009"))), "paracetamol is not Concerta")
	require.Equal(t, []string{"TAKE-3"}, epstest.RulesOf(settle(reasonProduct, outcome("matched"), product("9999999"))), "a code that nobody knows")
	concerta, ok := prescription.BuiltInMedicines.Named("Methylphenidate 18mg modified-release tablets")
	require.True(t, ok)
	require.NoError(t, settle(reasonProduct, outcome("matched"), product(concerta.Code)))
	for _, org := range []string{"FA565", "A83008"} { // another pharmacy, and a clinic
		call := w.call(fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(outcome("prescribed-anew"), fhir.Obj("name", "note", "valueString", "Looked up."))).Resource())
		call.ID, call.Requester = tasks[reasonOwing], personOf("1@"+org)
		head := w.db.Head()
		_, err := w.s.reconcileTask(w.ctx, call)
		require.Equal(t, fhir.NotFound, fhir.KindOf(err), org)
		require.Equal(t, head, w.db.Head(), org)
	}
	require.NoError(t, settle(reasonOwing, outcome("prescribed-anew")))
	require.NoError(t, settle(reasonPatient, outcome("same-person"), fhir.Obj("name", "patient", "valueReference", fhir.Obj("reference", "Patient/"+first.ID()))))
	supplies := w.find("MedicationDispense", "patient=Patient/"+first.ID())
	require.Len(t, supplies, 2, "the supply and the owing")
	states := map[string]string{}
	for _, d := range supplies {
		states[d.Get("status").Text()] = nhs.Coded(d.Get("medicationCodeableConcept"), nhs.CSSNOMED)
		require.True(t, nhs.SuppliedElsewhere(d.Root()))
	}
	require.Equal(t, concerta.Code, states["completed"])
	require.Contains(t, states, "stopped")
	second := w.find("Patient", nhs.Query("identifier", nhs.IDOwnElsewhere, "FX123|P2"))[0]
	require.True(t, inactive(second.Root()))
	require.Empty(t, w.find("Task", nhs.Query("code", csQueue, takeOnQueue)+"&status=received"), "the queue is empty")
	for _, reason := range []string{reasonProduct, reasonOwing} {
		v, err := w.db.State(w.ctx).Current("Task", tasks[reason])
		require.NoError(t, err)
		require.Equal(t, "2", v.VersionID, "what was settled before is not rewritten")
	}
	before := w.db.Head()
	again, err := w.s.TakeOn(w.ctx, TakeOn{From: prescription.Party{ID: "FX123"}, Files: files}, who, w.now)
	require.NoError(t, err)
	require.Equal(t, 4, again.Unchanged)
	require.Equal(t, before, w.db.Head(), "the same files again change nothing that was settled")
}

// TestTheMarkIsOfTheTakeOn: no supply of this pharmacy gets the tag by which another's is
// left out of the register, by whatever way it comes.
func TestTheMarkIsOfTheTakeOn(t *testing.T) {
	st := &stage{world: newWorld(t, today, Options{}), scripts: map[int]epstest.Script{}}
	st.do([]string{"order", "1", "Paracetamol_500mg_tablets,28"})
	st.do([]string{"accept", "1"})
	tag := obj{"tag": []any{obj{"system": nhs.CSOwnOrigin, "code": nhs.FromElsewhere}}}
	_, err := st.send(epstest.Change(t, st.notification(st.scripts[1], "", []string{"0:0001:28"}), func(m obj) { epstest.Nth(m, "MedicationDispense", 0)["meta"] = tag }))
	require.Contains(t, epstest.RulesOf(err), "B11")
	supply := func(derived bool, members ...any) error {
		r := fhir.Obj(append([]any{"resourceType", "MedicationDispense", "meta", fhir.Obj("tag", fhir.List(fhir.Obj("system", nhs.CSOwnOrigin, "code", nhs.FromElsewhere))), "status", "completed",
			"medicationCodeableConcept", fhir.Obj("text", "Paracetamol"), "quantity", fhir.Obj("value", 1)}, members...)...).Resource()
		_, err := st.db.Commit(st.ctx, &fhir.Transaction{Derived: derived, Time: st.now, Changes: []fhir.Change{{Method: fhir.Create, Type: "MedicationDispense", Resource: r}}})
		return err
	}
	of := []any{"authorizingPrescription", fhir.List(fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDItem, st.scripts[1].Items[0].Number)))}
	require.Equal(t, []string{"TAKE-1"}, epstest.RulesOf(supply(false)), "by hand")
	require.Equal(t, []string{"TAKE-1"}, epstest.RulesOf(supply(false, of...)), "by hand, of a prescription")
	require.Equal(t, []string{"TAKE-1"}, epstest.RulesOf(supply(true, of...)), "by the server, of a prescription")
	require.NoError(t, supply(true))
}
