package invoicing

import (
	"fmt"
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// numbersID is the id of the record of a pharmacy's numbers.
func numbersID(org string) string { return pharmacy.ID("Basic", "private-invoice-numbers", org) }

// nextNumber is the next number of a pharmacy's invoices, with the change that
// takes it: it is committed with the invoice that has it, so that no number is
// missing and none is given twice.
func nextNumber(state fhir.State, org string) (string, fhir.Change, error) {
	id := numbersID(org)
	last, change := 0, fhir.Change{Method: fhir.Update, Type: "Basic", ID: id}
	v, err := state.Current("Basic", id)
	if err != nil {
		return "", change, err
	}
	if v != nil && !v.Deleted() {
		r, err := v.Resource()
		if err != nil {
			return "", change, err
		}
		if last, err = strconv.Atoi(nhs.Extension(r.Root(), extNumbers).Get("valueInteger").Text()); err != nil {
			return "", change, fhir.E("number", fhir.Exception, fhir.Issue{Message: v.Ref() + " does not hold the last number of an invoice."})
		}
		change.IfMatch = v.VersionID
	} else {
		change.IfNoneMatch = true // another may be the first
	}
	change.Resource = fhir.Obj("resourceType", "Basic", "id", id, "extension", fhir.List(fhir.Obj("url", extNumbers, "valueInteger", last+1)),
		"identifier", fhir.List(nhs.IdentifierValue(idNumbers, org)), "code", nhs.Concept(fhir.Coding{System: csRecord, Code: "numbers", Display: "Numbers of invoices"}), "author", organisation(org)).Resource()
	return fmt.Sprintf("%s-%06d", org, last+1), change, nil
}
