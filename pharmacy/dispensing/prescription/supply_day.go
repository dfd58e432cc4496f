package prescription

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// timely judges the day of a supply: it is recorded when it has been made, of a
// prescription that was signed and that a pharmacy held.
func (p *Prescription) timely(l *Line, s Supply, j Judge) (issues []fhir.Issue) {
	if j.When.IsZero() {
		return nil
	}
	if j.Now.Before(j.When) {
		// DN-8: what is to come is not a supply.
		issues = append(issues, s.wrong("DN-8", "A supply is recorded when it is made.", "a whenHandedOver up to "+j.Now.String(), j.When.String(), "Send it on that day."))
	}
	if received := nhs.DateOf(p.Received); j.When.Before(p.Signed) && (!j.FromReceipt || p.Signed.Before(received)) {
		// HMR-214: nothing is supplied on a prescription before it exists. One without
		// a date counts as signed when it arrived.
		issues = append(issues, s.wrong("HMR-214", "The supply of "+l.Product.Display+" is from before the prescription was signed.", "a day from "+p.Signed.String(), j.When.String(), ""))
	}
	if !j.FromReceipt && j.When.Before(j.Taken) {
		// DN-12: a pharmacy supplies what it has taken.
		issues = append(issues, s.wrong("DN-12", "The supply of "+l.Product.Display+" is from before the pharmacy took the prescription.", "a day from "+j.Taken.String(), j.When.String(), ""))
	}
	return issues
}
