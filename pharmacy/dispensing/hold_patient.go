package dispensing

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
)

// checkPatient compares the patient as the message of the prescription tells of
// them with the record that the orders refer to, and holds every item where it
// may be another person.
func checkPatient(p *prescription.Prescription, state fhir.State, sent *fhir.Resource) error {
	stored, err := read(state, p.Patient.Ref, "Patient")
	if err != nil || stored == nil {
		return err
	}
	var found []string
	for sent := range message.Read(sent, prescription.Law{}).All("Patient") {
		for _, d := range prescription.OtherPerson(stored.Root(), sent) {
			found = append(found, d.What)
		}
	}
	if len(found) == 0 {
		return nil
	}
	for i := range p.Lines {
		p.Meet(prescription.Hold{Item: p.Lines[i].Item, Code: prescription.HoldPatient, About: p.Patient.Ref,
			Text: "The patient of the prescription differs from the record under the NHS number in " + strings.Join(found, ", ") + "."})
	}
	return nil
}
