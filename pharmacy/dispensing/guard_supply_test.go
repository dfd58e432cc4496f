package dispensing

import (
	"fmt"
	"strings"
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

// TestUnprescribed: what is supplied on prescription alone is not recorded without one, but
// in the ways that the law has; what it knows nothing of is.
func TestUnprescribed(t *testing.T) {
	w := newWorld(t, today, Options{})
	write := func(method fhir.Method, id, text string) error {
		r, err := fhir.Parse([]byte(text))
		require.NoError(t, err)
		_, err = w.db.Commit(w.ctx, &fhir.Transaction{Time: w.now, Changes: []fhir.Change{{Method: method, Type: r.Type(), ID: id, Resource: r}}})
		return err
	}
	require.NoError(t, write(fhir.Update, "mph", `{"resourceType":"Medication","id":"mph","code":{"coding":[{"system":"http://snomed.info/sct","code":"36123511000001103"}]}}`))
	const concept, emergency = `"medicationCodeableConcept":{"text":"%s"}`, `"type":{"coding":[{"system":"https://fhir.hl7.org.uk/CodeSystem/UKCore-MedicationSupplyType","code":"emergency-supply"}]},`
	direction := strings.Replace(emergency, "emergency-supply", "patient-group-direction", 1)
	days := func(n string) string {
		return `"daysSupply":{"value":` + n + `,"unit":"days","system":"http://unitsofmeasure.org","code":"d"},`
	}
	for i, c := range []struct{ rule, medicine, more string }{
		{"HMR-214", "Methylphenidate 18mg modified-release tablets", ""},
		{"HMR-214", "CONCERTA XL 18mg", emergency + days("3")},
		{"HMR-214", "Morphine 10mg tablets", direction},
		{"HMR-214", "Tramadol 50mg capsules", emergency + days("3")},
		{"HMR-214", "Phenobarbital 30mg tablets", ""},
		{"HMR-214", "Diazepam 5mg tablets", `"authorizingPrescription":[{"display":"of the surgery"}],`},
		{"HMR-214", "Diazepam 5mg tablets", strings.Replace(emergency, "https://fhir.hl7.org.uk", "https://example.org", 1) + days("3")},
		{"HMR-214", "Testosterone 50mg gel", strings.Replace(emergency, "emergency-supply", "over-the-counter", 1)},
		{"HMR-214", "Atomoxetine 40mg capsules", ""},
		{"HMR-225", "Phenobarbital 30mg tablets", emergency + days("6")},
		{"HMR-225", "Diazepam 5mg tablets", emergency},
		{"HMR-225", "Diazepam 5mg tablets", emergency + days("5.5")},
		{"HMR-225", "Diazepam 5mg tablets", emergency + days("0")},
		{"HMR-225", "Diazepam 5mg tablets", emergency + strings.Replace(days("5"), `"d"`, `"wk"`, 1)},
		{"HMR-225", "Atomoxetine 40mg capsules", emergency + days("31")},
		{"", "Phenobarbital 30mg tablets", emergency + days("5")},
		{"", "Diazepam 5mg tablets", emergency + days("5")},
		{"", "Atomoxetine 40mg capsules", emergency + days("30")},
		{"", "Atomoxetine 40mg capsules", direction},
		{"", "Paracetamol 500mg tablets", ""},
		{"", "What nobody knows", emergency},
	} {
		text := fmt.Sprintf(`{"resourceType":"MedicationDispense","id":"d%d","status":"completed",%s`+concept+`,"quantity":{"value":28,"unit":"tablet"},"whenHandedOver":"2026-11-23"}`, i, c.more, c.medicine)
		for _, method := range []fhir.Method{fhir.Create, fhir.Update} {
			require.ElementsMatch(t, strings.Fields(c.rule), epstest.RulesOf(write(method, fmt.Sprintf("d%d", i), text)), "%+v", c)
			if c.rule == "" {
				break
			}
		}
		if c.rule == "HMR-214" { // not a supply yet, which an update makes one
			require.NoError(t, write(fhir.Update, fmt.Sprintf("p%d", i), strings.NewReplacer(`"completed"`, `"preparation"`, `,"whenHandedOver":"2026-11-23"`, "", `"id":"d`, `"id":"p`).Replace(text)))
			require.Equal(t, []string{"HMR-214"}, epstest.RulesOf(write(fhir.Update, fmt.Sprintf("p%d", i), strings.Replace(text, `"id":"d`, `"id":"p`, 1))))
			require.NoError(t, write(fhir.Update, fmt.Sprintf("p%d", i), strings.NewReplacer(`"completed"`, `"entered-in-error"`, `"id":"d`, `"id":"p`).Replace(text)), "a record may be taken back")
		}
	}
	for _, medicine := range []string{`{"reference":"Medication/mph"}`, `{"reference":"Medication/mph/_history/1"}`, `{"reference":"https://pestle.example/fhir/Medication/mph"}`,
		`{"identifier":{"system":"http://snomed.info/sct","value":"36123511000001103"}}`, `{"display":"Ritalin 10mg tablets"}`} {
		require.Equal(t, []string{"HMR-214"}, epstest.RulesOf(write(fhir.Create, "", `{"resourceType":"MedicationDispense","status":"completed","medicationReference":`+medicine+`,"quantity":{"value":28},"whenHandedOver":"2001-01-01"}`)))
	}
}
