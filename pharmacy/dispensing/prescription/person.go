package prescription

import (
	"strings"
	"unicode"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// Discrepancy is an element in which two records under one NHS number disagree.
type Discrepancy struct {
	What    string
	element node // of the record that was sent
}

// OtherPerson lists in what a record that was sent contradicts the stored one so
// far that it may be of somebody else: family name, birth date, sex. What one of
// the two does not say does not contradict.
func OtherPerson(stored, sent node) (list []Discrepancy) {
	if a, b := familyNames(stored), familyNames(sent); len(a) > 0 && len(b) > 0 && !meets(a, b) {
		list = append(list, Discrepancy{"family name", sent.Get("name")})
	}
	a, b := stored.Get("birthDate").Text(), sent.Get("birthDate").Text()
	if n := min(len(a), len(b)); a[:n] != b[:n] {
		list = append(list, Discrepancy{"birth date", sent.Get("birthDate")})
	}
	if a, b := stored.Get("gender").Text(), sent.Get("gender").Text(); a != b && told(a) && told(b) {
		list = append(list, Discrepancy{"sex", sent.Get("gender")})
	}
	return list
}

// told reports whether a gender is told at all.
func told(gender string) bool { return gender != "" && gender != "unknown" }

// OtherDetails lists what may have changed or be written in two ways: given
// name, address.
func OtherDetails(stored, sent node) (list []Discrepancy) {
	if a, b := givenNames(stored), givenNames(sent); len(a) > 0 && len(b) > 0 && !meets(a, b) {
		list = append(list, Discrepancy{"given name", sent.Get("name")})
	}
	for _, part := range []string{"postalCode", "line"} {
		if a, b := addresses(stored, part), addresses(sent, part); len(a) > 0 && len(b) > 0 && !meets(a, b) {
			list = append(list, Discrepancy{"address", sent.Get("address")})
			break
		}
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

// addresses are the postcodes of a person's addresses, or their first lines.
func addresses(p node, part string) map[string]bool {
	found := map[string]bool{}
	for a := range p.Get("address").Items() {
		n := a.Get(part)
		if n.Kind() == fhir.Array {
			n = n.Item(0)
		}
		addLetters(found, n.Text())
	}
	return found
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

// Issue warns of a difference from the stored Patient, and says what follows.
func (d Discrepancy) Issue(stored *fhir.Resource, consequence string) fhir.Issue {
	return fhir.Issue{Severity: fhir.Warning, Code: fhir.BusinessRule, Rule: "patient-differs",
		Message: "The " + d.What + " of the patient is not the one of the record under this NHS number. " + consequence,
		Found:   d.element.Brief(), Expected: "that of Patient/" + stored.ID(), Expression: d.element.Expression(), Position: d.element.Position(),
		Fix: "Compare both with the Personal Demographics Service; then update the record, or correct the sending system."}
}
