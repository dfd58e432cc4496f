package clinical

import (
	"fmt"
	"testing"

	"github.com/pestle-fhir/pestle/fhir"
)

// BenchmarkCheck judges an order with what a usual patient has: six supplies of a
// half year, four measurements, two conditions.
func BenchmarkCheck(b *testing.B) {
	k := &testCase{}
	k.read("patient 2014-03-14")
	for i := range 6 {
		k.read(fmt.Sprintf("supply 2026-%02d-02 Concerta XL 36mg tablets | 30 | Take ONE in the morning", 5+i))
	}
	for _, m := range []string{"blood-pressure", "pulse", "weight", "height"} {
		k.read("measure " + m + " 2026-11-01 40")
	}
	k.read("condition Attention deficit hyperactivity disorder")
	k.read("condition Asthma")
	k.read("allergy Egg protein")
	k.read("order Concerta XL 54mg tablets | 30 | Take ONE in the morning | CD2")
	b.ReportAllocs()
	for b.Loop() {
		BuiltIn.Check(date(day0), &k.patient, &k.order, &k.history)
	}
}

func BenchmarkMedicine(b *testing.B) {
	codes := []fhir.Coding{{System: "http://snomed.info/sct", Code: "615611000001106", Display: "Concerta XL 36mg tablets"}}
	for b.Loop() {
		medicineOf(codes)
	}
}
