package dispensing

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

func TestOtherPerson(t *testing.T) {
	const stored = `{"resourceType": "Patient", "name": [{"family": "O'Neill-Smith", "given": ["Zoë", "Ann"]}, {"use": "maiden", "family": "Hill"}],
 "gender": "female", "birthDate": "1980-02-03", "address": [{"postalCode": "LS3 3AA"}]}`
	for sent, want := range map[string]string{
		`{"name": [{"family": "ONEILL SMITH", "given": ["Zoe"]}], "gender": "female", "birthDate": "1980-02-03", "address": [{"postalCode": "ls33aa"}]}`: "",
		`{"name": [{"family": "Hill"}], "birthDate": "1980-02", "gender": "unknown"}`:                                                                    "",
		`{}`: "",
		`{"name": [{"family": "Miller", "given": ["Ann"]}]}`: "family name",
		`{"birthDate": "1980-03-02"}`:                        "birth date",
		`{"birthDate": "1981"}`:                              "birth date",
		`{"gender": "male"}`:                                 "sex",
		`{"name": [{"family": "Hill", "given": ["Joan"]}], "address": [{"postalCode": "LS1 1AA"}]}`: "given name?, address?",
		`{"name": [{"family": "Miller"}], "gender": "male", "birthDate": "1990-01-01"}`:             "family name, birth date, sex",
	} {
		var found []string
		a, b := parsed(t, stored), parsed(t, sent)
		for _, d := range prescription.OtherPerson(a, b) {
			found = append(found, d.What)
		}
		for _, d := range prescription.OtherDetails(a, b) {
			found = append(found, d.What+"?")
		}
		assert.Equal(t, want, strings.Join(found, ", "), sent)
		assert.Len(t, prescription.OtherPerson(b, a), strings.Count(want+",", ",")-strings.Count(want, "?")-btoi(want == ""), "either way: %s", sent)
	}
}

func parsed(t *testing.T, text string) node {
	t.Helper()
	r, err := fhir.Parse([]byte(text))
	require.NoError(t, err)
	return r.Root()
}

// TestAnotherNameIsRemarked: an order whose patient is written otherwise than
// the stored record is answered with a warning, and the record stays.
func TestAnotherNameIsRemarked(t *testing.T) {
	w := newWorld(t, today, Options{})
	s := acute(1)
	stored := fhir.Revise(person(s.nhs, "Quill"), "name", fhir.List(fhir.Obj("family", "Quill", "given", fhir.List("Adelaide"))))
	_, err := w.write("", put("p", stored))
	require.NoError(t, err)
	reply, err := w.send(s.message())
	require.NoError(t, err)
	issues := reply.Resource.Get("issue")
	require.Equal(t, 2, issues.Len())
	require.Contains(t, issues.Item(1).Get("diagnostics").Text(), "given name")
	v, err := w.db.State(w.ctx).Current("Patient", "p")
	require.NoError(t, err)
	require.Equal(t, "1", v.VersionID)
}

// TestAnotherPersonInATransaction: orders that come with another person under
// the NHS number of a record are refused; without orders the record is found.
func TestAnotherPersonInATransaction(t *testing.T) {
	w := newWorld(t, today, Options{})
	s := acute(1)
	_, err := w.write("", put("p", person(s.nhs, "Quill")))
	require.NoError(t, err)
	for family, refused := range map[string]bool{"Quill": false, "QUILL": false, "Miller": true} {
		patient := posted(person(s.nhs, family))
		patient.Condition, patient.FullURL, patient.Expression = nhs.Query("identifier", nhs.IDNHS, s.nhs), patientURL, "Bundle.entry[0]"
		s := acute(len(family) + btoi(family == "QUILL"))
		_, err := w.write("", patient, fhir.Change{Method: fhir.Create, Type: "MedicationRequest", Resource: s.medicationRequest(0, patientURL, "PractitionerRole/1").Resource()})
		if !refused {
			require.NoError(t, err, family)
			continue
		}
		require.Equal(t, []string{"patient-differs"}, rulesOf(err))
		require.Contains(t, err.Error(), "family name")
		_, err = w.write("", patient)
		require.NoError(t, err)
	}
}

// TestAnotherPersonIsHeld: a message whose patient may be another than the
// record's is taken and held, item by item, until a pharmacist has decided; the
// sender is told, and the record stays.
func TestAnotherPersonIsHeld(t *testing.T) {
	w := newWorld(t, today, Options{})
	s := acute(1)
	_, err := w.write("", put("p", fhir.Revise(person(s.nhs, "Miller"), "birthDate", "1950-01-01")))
	require.NoError(t, err)
	reply, err := w.send(s.message())
	require.NoError(t, err)
	require.Contains(t, reply.Resource.Get("issue").Item(1).Get("diagnostics").Text(), "family name")
	w.settle()
	_, err = w.on(s.order, 1, w.s.acceptTask)
	require.NoError(t, err)
	all := []any{"all:Boolean", true}
	for i := range s.items {
		_, err = w.on(s.order, 1, w.s.dispenseTask, all...)
		require.Contains(t, rulesOf(err), "HOLD-PATIENT", "%v", err)
		require.Contains(t, err.Error(), "family name, birth date")
		_, err = w.on(s.order, 1, w.s.releaseHold, "hold:Code", "PATIENT", "item", s.items[i].number, "reason", "Married; PDS has the new name.")
		require.NoError(t, err)
	}
	_, err = w.on(s.order, 1, w.s.dispenseTask, all...)
	require.NoError(t, err)
	require.Equal(t, prescription.Dispensed, w.state(s.order, 1))
	require.Contains(t, string(w.task(s.order, 1).JSON()), "Married; PDS has the new name.")
	v, err := w.db.State(w.ctx).Current("Patient", "p")
	require.NoError(t, err)
	require.Equal(t, "1", v.VersionID)
}
