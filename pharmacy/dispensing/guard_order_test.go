package dispensing

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// morphine is a prescription of one controlled drug.
func morphine(n int) epstest.Script {
	return epstest.Acute(n, epstest.Item{Name: "Morphine", Quantity: "28", Schedule: "CD2", Words: "twenty eight"})
}

func (w *world) commit(changes ...fhir.Change) error {
	_, err := w.db.Commit(w.ctx, &fhir.Transaction{Changes: changes})
	return err
}

// TestOrderLeavesNoPrescription takes a signed order out of its prescription,
// which would leave it free to be altered.
func TestOrderLeavesNoPrescription(t *testing.T) {
	w := newWorld(t, today, Options{})
	s := morphine(1)
	_, err := w.send(s.Message())
	require.NoError(t, err)
	w.settle()
	o := w.execution(s.Order).orders[0]
	require.Equal(t, []string{"HMR-219"}, epstest.RulesOf(w.commit(rewriteOrder(o, "groupIdentifier", ""))))
	require.Equal(t, []string{"HMR-219"}, epstest.RulesOf(w.commit(rewriteOrder(o, "groupIdentifier", nhs.IdentifierValue(nhs.IDUUID, "x")))))
}

// TestOrderBecomesOne holds an order that becomes part of a prescription by an
// update to what a new one must keep.
func TestOrderBecomesOne(t *testing.T) {
	unsaid := epstest.Acute(1, epstest.Item{Name: "Morphine", Quantity: "28", Schedule: "CD2"})
	whole := unsaid.MedicationRequest(0, "Patient/1", "PractitionerRole/1").Resource()
	for name, before := range map[string]*fhir.Resource{
		"a draft":               fhir.Revise(whole, "status", "draft"),
		"of no prescription":    fhir.Revise(whole, "groupIdentifier", ""),
		"of another identifier": fhir.Revise(whole, "groupIdentifier", nhs.IdentifierValue(nhs.IDUUID, "x")),
	} {
		w := newWorld(t, today, Options{})
		for typ, r := range map[string]fhir.Value{"Patient": fhir.Obj("resourceType", "Patient", "id", "1"), "PractitionerRole": fhir.Obj("resourceType", "PractitionerRole", "id", "1")} {
			require.NoError(t, w.commit(fhir.Change{Method: fhir.Update, Type: typ, ID: "1", Resource: r.Resource()}))
		}
		require.NoError(t, w.commit(fhir.Change{Method: fhir.Update, Type: "MedicationRequest", ID: "1", Resource: fhir.Revise(before, "id", "1")}), name)
		err := w.commit(fhir.Change{Method: fhir.Update, Type: "MedicationRequest", ID: "1", Resource: fhir.Revise(whole, "id", "1")})
		require.Equal(t, []string{"MDR-15"}, epstest.RulesOf(err), "%s: %v", name, err)
	}
}

func TestOrderWithoutNumber(t *testing.T) {
	w := newWorld(t, today, Options{})
	r := fhir.Revise(epstest.Acute(1).MedicationRequest(0, "Patient/1", "PractitionerRole/1").Resource(), "subject", fhir.Obj("display", "x"), "requester", "",
		"groupIdentifier", fhir.Obj("system", nhs.IDOrder))
	require.Equal(t, []string{"5009"}, epstest.RulesOf(w.commit(fhir.Change{Method: fhir.Create, Type: "MedicationRequest", Resource: r})))
}
