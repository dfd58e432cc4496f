package message

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// TestProductByReference reads the product of a supply from a Medication beside it.
func TestProductByReference(t *testing.T) {
	morphine := fhir.Coding{System: nhs.CSSNOMED, Code: "36126511000001106", Display: "Morphine 10mg modified-release tablets"}
	entry := func(url string, r fhir.Value) fhir.Value { return fhir.Obj("fullUrl", url, "resource", r) }
	m := Read(fhir.Obj("resourceType", "Bundle", "type", "message", "entry", fhir.List(
		entry("urn:uuid:1", fhir.Obj("resourceType", "MedicationDispense", "medicationReference", fhir.Obj("reference", "urn:uuid:2"))),
		entry("urn:uuid:2", fhir.Obj("resourceType", "Medication", "code", nhs.Concept(morphine))))).Resource(), prescription.Law{})
	require.Equal(t, morphine, ReadSupplies(m)[0].Product)
}
