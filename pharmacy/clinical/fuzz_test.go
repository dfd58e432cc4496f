package clinical

import (
	"testing"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// FuzzRead reads whatever a resource may be as everything that checks go by, and checks
// an order with it: nothing that is stored stops a check.
func FuzzRead(f *testing.F) {
	for _, body := range []string{
		`{"resourceType":"MedicationRequest","status":"active","intent":"order","medicationReference":{"reference":"#m"},"contained":[{"resourceType":"Medication","id":"m","code":{"coding":[{"code":"1","display":"Concerta XL 36mg tablets"}]}}],
		  "dispenseRequest":{"quantity":{"value":30,"unit":"tablet"}},"dosageInstruction":[{"text":"One daily","doseAndRate":[{"doseQuantity":{"value":1e9}}],"timing":{"repeat":{"frequency":2,"period":1,"periodUnit":"d"}}}]}`,
		`{"resourceType":"MedicationDispense","status":"completed","medicationCodeableConcept":{"text":"Elvanse 30mg capsules"},"quantity":{"value":28},"daysSupply":{"value":99999999999},"whenHandedOver":"2026-11-20"}`,
		`{"resourceType":"AllergyIntolerance","code":{"text":"Concerta"},"reaction":[{"substance":{"coding":[{"display":"Ritalin"}]}}]}`,
		`{"resourceType":"Condition","code":{"text":"Glaucoma"},"abatementDateTime":"2026"}`,
		`{"resourceType":"MedicationStatement","status":"completed","medicationCodeableConcept":{"text":"Phenelzine"},"effectivePeriod":{"end":"2026-11-20"}}`,
		`{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}]},"valueQuantity":{"value":1e9,"code":"[lb_av]"},"effectiveInstant":"2026-11-20T10:00:00Z"}`,
		`{"resourceType":"Patient","birthDate":"2016-02-30","address":[{"line":["1"],"postalCode":"LS1 1AA"}]}`,
	} {
		f.Add([]byte(body))
	}
	none := medicines(func(string) (*fhir.Resource, error) { return nil, nil })
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := fhir.Parse(body)
		if err != nil {
			return
		}
		v := &fhir.Version{Type: r.Type(), ID: "x", VersionID: "1", JSON: body, Method: fhir.Update, LastUpdated: date(day0)}
		o, err := none.order(v)
		if err != nil {
			t.Fatal(err)
		}
		p, h := readPatient(r), History{Allergies: allergies(v, r)}
		if s, ok, _ := none.supply(v); ok {
			h.Supplies = append(h.Supplies, s, s)
		}
		if c, ok := conditionRecorded(v, r); ok {
			h.Conditions = append(h.Conditions, c)
		}
		if m, ok, _ := none.taken(v, r); ok {
			h.Taken = append(h.Taken, m)
		}
		for measure := range measureQueries {
			if m, ok := measured(v, r, measure); ok {
				h.Measured = append(h.Measured, m)
			}
		}
		homes(r)
		other := testCase{}
		other.read("order Concerta XL 54mg tablets | 30 | 1 daily | CD2")
		h.Orders = []Order{o}
		for _, order := range []*Order{&o, &other.order} {
			for _, on := range []time.Time{date(day0), {}} {
				BuiltIn.Check(on, &p, order, &h)
			}
		}
	})
}
