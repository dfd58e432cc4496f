package dispensing

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// holdPatient is the code of the hold of a prescription whose patient may be
// another than the one whose record has the NHS number.
const holdPatient = "PATIENT"

// checkPatient compares the patient as the message of the prescription tells of
// them with the record that the orders refer to, and holds every item where it
// may be another person.
func (p *Prescription) checkPatient(state fhir.State, message *fhir.Resource) error {
	stored, err := read(state, p.Patient.Ref, "Patient")
	if err != nil || stored == nil {
		return err
	}
	var found []string
	for sent := range readMessage(message, Law{}).all("Patient") {
		for _, d := range otherPerson(stored.Root(), sent) {
			found = append(found, d.what)
		}
	}
	if len(found) == 0 {
		return nil
	}
	for i := range p.Lines {
		p.meet(Hold{Item: p.Lines[i].Item, Code: holdPatient, About: p.Patient.Ref,
			Text: "The patient of the prescription differs from the record under the NHS number in " + strings.Join(found, ", ") + "."})
	}
	return nil
}
