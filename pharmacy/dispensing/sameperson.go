package dispensing

import (
	"strings"
	"unicode"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// differs is an element in which two records under one NHS number disagree.
type differs struct {
	what    string
	element node // of the record that was sent
}

// otherPerson lists in what a record that was sent contradicts the stored one so
// far that it may be of somebody else: family name, birth date, sex. What one of
// the two does not say is no contradiction.
func otherPerson(stored, sent node) (list []differs) {
	if a, b := familyNames(stored), familyNames(sent); len(a) > 0 && len(b) > 0 && !meets(a, b) {
		list = append(list, differs{"family name", sent.Get("name")})
	}
	a, b := stored.Get("birthDate").Text(), sent.Get("birthDate").Text()
	if n := min(len(a), len(b)); a[:n] != b[:n] {
		list = append(list, differs{"birth date", sent.Get("birthDate")})
	}
	if a, b := stored.Get("gender").Text(), sent.Get("gender").Text(); a != b && known(a) && known(b) {
		list = append(list, differs{"sex", sent.Get("gender")})
	}
	return list
}

// known reports whether a gender is told at all.
func known(gender string) bool { return gender != "" && gender != "unknown" }

// otherDetails lists what may have changed or be written in two ways: given
// name, address.
func otherDetails(stored, sent node) (list []differs) {
	if a, b := givenNames(stored), givenNames(sent); len(a) > 0 && len(b) > 0 && !meets(a, b) {
		list = append(list, differs{"given name", sent.Get("name")})
	}
	if a, b := postcodes(stored), postcodes(sent); len(a) > 0 && len(b) > 0 && !meets(a, b) {
		list = append(list, differs{"address", sent.Get("address")})
	}
	return list
}

func familyNames(p node) map[string]bool {
	names := map[string]bool{}
	for n := range p.Get("name").Items() {
		addLetters(names, n.Get("family").Text())
	}
	return names
}

func givenNames(p node) map[string]bool {
	names := map[string]bool{}
	for n := range p.Get("name").Items() {
		for g := range n.Get("given").Items() {
			addLetters(names, g.Text())
		}
	}
	return names
}

func postcodes(p node) map[string]bool {
	codes := map[string]bool{}
	for a := range p.Get("address").Items() {
		addLetters(codes, a.Get("postalCode").Text())
	}
	return codes
}

// addLetters adds a text by its letters and digits alone: O'Neill and ONEILL are one.
func addLetters(set map[string]bool, text string) {
	letters := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, search.Fold(text))
	if letters != "" {
		set[letters] = true
	}
}

func meets(a, b map[string]bool) bool {
	for name := range a {
		if b[name] {
			return true
		}
	}
	return false
}

// remarksOn compares the patients of a message with the records that the
// sender's organisation has of them. The stored record stays as it is.
func (m *message) remarksOn(state fhir.State, site string, who fhir.Principal) (remarks []fhir.Issue, err error) {
	for sent := range m.all("Patient") {
		stored, err := patientOf(state, site, who, nhs.Identifier(sent, nhs.IDNHS).Text())
		if err != nil {
			return nil, err
		}
		if stored == nil {
			continue
		}
		for _, d := range otherPerson(stored.Root(), sent) {
			remarks = append(remarks, d.issue(stored, "The prescription is held until a pharmacist has found out whose it is."))
		}
		for _, d := range otherDetails(stored.Root(), sent) {
			remarks = append(remarks, d.issue(stored, "The prescription is taken, and the record stays as it is."))
		}
	}
	return remarks, nil
}

func (d differs) issue(stored *fhir.Resource, consequence string) fhir.Issue {
	return fhir.Issue{Severity: fhir.Warning, Code: fhir.BusinessRule, Rule: "patient-differs",
		Message: "The " + d.what + " of the patient is not the one of the record under this NHS number. " + consequence,
		Found:   d.element.Brief(), Expected: "that of Patient/" + stored.ID(), Expression: d.element.Expression(), Position: d.element.Position(),
		Fix: "Compare both with the Personal Demographics Service; then update the record, or correct the sending system."}
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
		for _, d := range otherPerson(stored.Root(), c.Resource.Root()) {
			issue := d.issue(stored, "No prescription is taken with it.")
			issue.Severity, issue.Expression = fhir.Err, c.Expression+".resource"+strings.TrimPrefix(issue.Expression, "Patient")
			issues = append(issues, issue)
		}
	}
	if len(issues) > 0 {
		return refusal("transaction", issues...)
	}
	return nil
}
