package prescription

import (
	"testing"

	dpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/datatypes_go_proto"
	mdpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/medication_dispense_go_proto"
	mrpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/medication_request_go_proto"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/typed"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

const dispense = `{"resourceType":"MedicationDispense","id":"d1","contained":[
 {"resourceType":"PractitionerRole","id":"performer","practitioner":{"identifier":{"system":"https://fhir.nhs.uk/Id/sds-user-id","value":"3415870201"},"display":"Jackie Clark"},"organization":{"reference":"urn:uuid:3b4b03a5-52ba-4ba6-9b82-70350aa109d8"}},
 {"resourceType":"MedicationRequest","id":"m1","identifier":[{"system":"https://fhir.nhs.uk/Id/prescription-order-item-number","value":"a54219b8-f741-4c47-b662-e4f8dfa49ab6"}],"status":"active","intent":"order","medicationCodeableConcept":{"coding":[{"system":"http://snomed.info/sct","code":"39720311000001101","display":"Paracetamol 500mg tablets"}]},"subject":{"identifier":{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9449304130"}},"groupIdentifier":{"system":"https://fhir.nhs.uk/Id/prescription-order-number","value":"24F5DA-A83008-7EFE6Z"},"dispenseRequest":{"quantity":{"value":100,"unit":"tablet","system":"http://snomed.info/sct","code":"428673006"}}}],
 "extension":[{"url":"https://fhir.nhs.uk/StructureDefinition/Extension-EPS-TaskBusinessStatus","valueCoding":{"system":"https://fhir.nhs.uk/CodeSystem/EPS-task-business-status","code":"0003","display":"With Dispenser - Active"}}],
 "identifier":[{"system":"https://fhir.nhs.uk/Id/prescription-dispense-item-number","value":"d1"}],"status":"completed",
 "medicationCodeableConcept":{"coding":[{"system":"http://snomed.info/sct","code":"39720311000001101","display":"Paracetamol 500mg tablets"}]},
 "subject":{"type":"Patient","identifier":{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9449304130"}},"performer":[{"actor":{"reference":"#performer"}}],"authorizingPrescription":[{"reference":"#m1"}],
 "type":{"coding":[{"system":"https://fhir.nhs.uk/CodeSystem/medicationdispense-type","code":"0003","display":"Item dispensed - partial"}]},
 "quantity":{"value":60,"unit":"tablet","system":"http://snomed.info/sct","code":"428673006"},"whenHandedOver":"2026-11-24T09:30:00+00:00","dosageInstruction":[{"text":"One to be taken three times a day"}]}`

// typedSupply is [ReadSupply] on the message of google/fhir, without the place of
// issues, which a message does not have.
func typedSupply(r *fhir.Resource) (Supply, error) {
	d, err := typed.To[*mdpb.MedicationDispense](r)
	if err != nil {
		return Supply{}, err
	}
	s := Supply{Status: LineStatus(typedCode(d.GetType(), nhs.CSLineStatus)), Product: firstCoding(d.GetMedication().GetCodeableConcept())}
	q := d.GetQuantity()
	value, _ := Amount(q.GetValue().GetValue())
	s.Quantity = Quantity{value, q.GetUnit().GetValue(), q.GetSystem().GetValue(), q.GetCode().GetValue()}
	for _, c := range d.GetContained() {
		within, err := typed.Unpack(c)
		if err != nil {
			return Supply{}, err
		}
		if within.Type() != "MedicationRequest" {
			continue
		}
		mr, err := typed.To[*mrpb.MedicationRequest](within)
		if err != nil {
			return Supply{}, err
		}
		for _, id := range mr.GetIdentifier() {
			if id.GetSystem().GetValue() == nhs.IDItem {
				s.Item = id.GetValue().GetValue()
			}
		}
	}
	return s, nil
}

func typedCode(c *dpb.CodeableConcept, system string) string {
	for _, coding := range c.GetCoding() {
		if coding.GetSystem().GetValue() == system {
			return coding.GetCode().GetValue()
		}
	}
	return ""
}

// TestTypedSupplyIsTheSame: what the tree and the message say of a supply is one.
func TestTypedSupplyIsTheSame(t *testing.T) {
	r, err := fhir.Parse([]byte(dispense))
	require.NoError(t, err)
	want := ReadSupply(r.Root())
	require.NotEmpty(t, want.Item)
	got, err := typedSupply(r)
	require.NoError(t, err)
	got.Place = want.Place
	require.Equal(t, want, got)
}

// BenchmarkSupply compares the two readers; docs/adr/typed-pharmacy.md has its figures.
func BenchmarkSupply(b *testing.B) {
	r, err := fhir.Parse([]byte(dispense))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("tree", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			ReadSupply(r.Root())
		}
	})
	b.Run("typed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := typedSupply(r); err != nil {
				b.Fatal(err)
			}
		}
	})
}
