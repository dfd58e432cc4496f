package message

import (
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// ReadSupplies reads the supplies of a notification.
func ReadSupplies(m *Message) []prescription.Supply {
	var list []prescription.Supply
	for d := range m.All("MedicationDispense") {
		s := prescription.ReadSupply(d)
		if medicine := m.Resolve(d.Get("medicationReference")); nhs.TypeOf(medicine) == "Medication" {
			s.Product = prescription.ProductNamed(medicine.Get("code"))
		}
		list = append(list, s)
	}
	return list
}

// Said are the states that a notification says the prescription is in.
func (m *Message) Said() (said []prescription.Said) {
	for d := range m.All("MedicationDispense") {
		if status := nhs.Extension(d, nhs.ExtBusinessStatus).Path("valueCoding", "code"); status.Exists() {
			said = append(said, prescription.Said{Business: status.Text(), Expression: status.Expression(), Position: status.Position()})
		}
	}
	return said
}
