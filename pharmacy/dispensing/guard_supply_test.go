package dispensing

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// TestSuppliedOrder: a supply is of the order that it carries inside or names, not
// of whatever order the server has, and of none where it names none.
func TestSuppliedOrder(t *testing.T) {
	db, err := store.Open(mem.New(), store.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	s := New(db, Options{Site: testSite})
	for n := range 3 {
		_, err := s.processMessage(t.Context(), &fhir.Call{Body: epstest.Acute(n + 1).Message(), Time: today})
		require.NoError(t, err)
	}
	mine := epstest.Acute(2)
	item := mine.Items[0].Number
	inside := fhir.List(fhir.Obj("resourceType", "MedicationRequest", "id", "m",
		"identifier", fhir.List(fhir.Obj("system", nhs.IDItem, "value", item)), "groupIdentifier", fhir.Obj("system", nhs.IDOrder, "value", mine.Order)))
	for name, c := range map[string]struct {
		contained fhir.Value
		ref       fhir.Value
		want      string
	}{
		"inside":        {inside, fhir.Obj("reference", "#m"), mine.Order},
		"by reference":  {fhir.List(), fhir.Obj("reference", "MedicationRequest/"+message.OrderID(mine.Order, item)), mine.Order},
		"by identifier": {fhir.List(), fhir.Obj("identifier", fhir.Obj("system", nhs.IDItem, "value", item)), mine.Order},
		"none":          {fhir.List(), fhir.Obj("display", "an order"), ""},
		"no value":      {fhir.List(), fhir.Obj("identifier", fhir.Obj("system", nhs.IDItem)), ""},
	} {
		d := fhir.Obj("resourceType", "MedicationDispense", "contained", c.contained, "authorizingPrescription", fhir.List(c.ref)).Resource()
		number, _, err := suppliedOrder(db.State(t.Context()), d.Root())
		require.NoError(t, err, name)
		require.Equal(t, c.want, number, name)
	}
}
