package dispensing

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// TestAnotherNameIsRemarked: an order whose patient is written otherwise than
// the stored record is answered with a warning, and the record stays.
func TestAnotherNameIsRemarked(t *testing.T) {
	w := newWorld(t, today, Options{})
	s := epstest.Acute(1)
	stored := fhir.Revise(person(s.NHSNumber, "Quill"), "name", fhir.List(fhir.Obj("family", "Quill", "given", fhir.List("Adelaide"))))
	_, err := w.write("", put("p", stored))
	require.NoError(t, err)
	reply, err := w.send(s.Message())
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
	s := epstest.Acute(1)
	_, err := w.write("", put("p", person(s.NHSNumber, "Quill")))
	require.NoError(t, err)
	for family, refused := range map[string]bool{"Quill": false, "QUILL": false, "Miller": true} {
		patient := posted(person(s.NHSNumber, family))
		patient.Condition, patient.FullURL, patient.Expression = nhs.Query("identifier", nhs.IDNHS, s.NHSNumber), epstest.PatientURL, "Bundle.entry[0]"
		s := epstest.Acute(len(family) + epstest.Btoi(family == "QUILL"))
		_, err := w.write("", patient, fhir.Change{Method: fhir.Create, Type: "MedicationRequest", Resource: s.MedicationRequest(0, epstest.PatientURL, "PractitionerRole/1").Resource()})
		if !refused {
			require.NoError(t, err, family)
			continue
		}
		require.Equal(t, []string{"patient-differs"}, epstest.RulesOf(err))
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
	s := epstest.Acute(1)
	_, err := w.write("", put("p", fhir.Revise(person(s.NHSNumber, "Miller"), "birthDate", "1950-01-01")))
	require.NoError(t, err)
	reply, err := w.send(s.Message())
	require.NoError(t, err)
	require.Contains(t, reply.Resource.Get("issue").Item(1).Get("diagnostics").Text(), "family name")
	w.settle()
	_, err = w.on(s.Order, 1, w.s.acceptTask)
	require.NoError(t, err)
	all := []any{"all:Boolean", true}
	for i := range s.Items {
		_, err = w.on(s.Order, 1, w.s.dispenseTask, all...)
		require.Contains(t, epstest.RulesOf(err), "HOLD-PATIENT", "%v", err)
		require.Contains(t, err.Error(), "family name, birth date")
		_, err = w.on(s.Order, 1, w.s.releaseHold, "hold:Code", "PATIENT", "item", s.Items[i].Number, "reason", "Married; PDS has the new name.")
		require.NoError(t, err)
	}
	_, err = w.on(s.Order, 1, w.s.dispenseTask, all...)
	require.NoError(t, err)
	require.Equal(t, prescription.Dispensed, w.state(s.Order, 1))
	require.Contains(t, string(w.task(s.Order, 1).JSON()), "Married; PDS has the new name.")
	v, err := w.db.State(w.ctx).Current("Patient", "p")
	require.NoError(t, err)
	require.Equal(t, "1", v.VersionID)
}
