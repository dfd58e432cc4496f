package dispensing

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// remarksOn compares the patients of a message with the records that the
// sender's organisation has of them. The stored record stays as it is.
func remarksOn(state fhir.State, m *message.Message, site string, who fhir.Principal) (remarks []fhir.Issue, err error) {
	for sent := range m.All("Patient") {
		stored, err := patientOf(state, site, who, nhs.Identifier(sent, nhs.IDNHS).Text())
		if err != nil {
			return nil, err
		}
		if stored == nil {
			continue
		}
		for _, d := range prescription.OtherPerson(stored.Root(), sent) {
			remarks = append(remarks, d.Issue(stored, "The prescription is held until a pharmacist has found out whose it is."))
		}
		for _, d := range prescription.OtherDetails(stored.Root(), sent) {
			remarks = append(remarks, d.Issue(stored, "The prescription is taken, and the record stays as it is."))
		}
	}
	return remarks, nil
}

// rightPatients refuses orders in a transaction that brings, for the record
// that it finds under an NHS number, a patient who may be another: what it
// brings is stored nowhere, so nobody could look at it later. A message is
// stored as it came.
func rightPatients(state fhir.State, site string, tx *fhir.Transaction) error {
	if tx.Derived {
		return nil
	}
	var issues []fhir.Issue
	for i := range tx.Changes {
		c := &tx.Changes[i]
		if c.Type != "Patient" || c.Method != fhir.Create || c.Resource == nil {
			continue
		}
		stored, err := patientOf(state, site, tx.Requester, nhs.Identifier(c.Resource.Root(), nhs.IDNHS).Text())
		if err != nil {
			return err
		}
		if stored == nil {
			continue
		}
		for _, d := range prescription.OtherPerson(stored.Root(), c.Resource.Root()) {
			issue := d.Issue(stored, "No prescription is taken with it.")
			issue.Severity, issue.Expression = fhir.Err, c.Expression+".resource"+strings.TrimPrefix(issue.Expression, "Patient")
			issues = append(issues, issue)
		}
	}
	if len(issues) > 0 {
		return refusal("transaction", issues...)
	}
	return nil
}
