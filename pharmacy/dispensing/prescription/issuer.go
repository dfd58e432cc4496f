package prescription

import (
	"cmp"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Issuer is who issued an order, as far as its references are resolved: the role, and
// the person, the organisation, the place and the service of the role. What is not
// found is absent.
type Issuer struct {
	Role, Person node
	all          []node
}

// IssuerOf follows the requester of an order with find, which returns the resource that
// a reference means, of one of the types, or an absent node.
func IssuerOf(mr node, find func(ref node, types ...string) (node, error)) (i Issuer, err error) {
	if i.Role, err = find(mr.Get("requester"), "PractitionerRole", "Practitioner"); err != nil || !i.Role.Exists() {
		return i, err
	}
	i.Person, i.all = i.Role, []node{i.Role}
	for _, at := range []struct{ element, typ string }{{"practitioner", "Practitioner"}, {"organization", "Organization"}, {"location", "Location"}, {"healthcareService", "HealthcareService"}} {
		ref := i.Role.Get(at.element)
		if ref.Kind() == fhir.Array {
			ref = ref.Item(0)
		}
		n, err := find(ref, at.typ)
		if err != nil {
			return i, err
		}
		if at.element == "practitioner" && n.Exists() {
			i.Person = n
		}
		i.all = append(i.all, n)
	}
	return i, nil
}

// Address is an address of the issuer, in the United Kingdom where they have one, absent
// where they have none; and where it is.
func (i Issuer) Address(on nhs.Date) (found node, where Whereabouts) {
	for _, n := range i.all {
		for a := range n.Get("address").Items() {
			if w := WhereIs(a, on); !found.Exists() || w == InUK || w == Unsaid && where == Abroad {
				found, where = a, w
			}
			if where == InUK {
				return found, where
			}
		}
	}
	return found, where
}

// InWords is an address in one line: its text, or its lines, city, postcode and country.
func InWords(address node) string {
	if text := address.Get("text").Text(); text != "" {
		return text
	}
	var parts []string
	for l := range address.Get("line").Items() {
		parts = append(parts, l.Text())
	}
	for _, name := range []string{"city", "postalCode", "country"} {
		if text := address.Get(name).Text(); text != "" {
			parts = append(parts, text)
		}
	}
	return cmp.Or(strings.Join(parts, ", "), "an address without words")
}

// IssuedAbroad is MDR-15 of a private order for a controlled drug that its issuer's address
// says is from abroad: it is never supplied (MDR 15(1)(c), 16(1)(b)). ok is false where the
// order is another, or its issuer has an address in the United Kingdom or none that tells.
func (l Law) IssuedAbroad(mr node, schedule string, i Issuer, on nhs.Date) (issue fhir.Issue, ok bool) {
	if !nhs.Private(nhs.Extension(mr, nhs.ExtPrescriptionType).Path("valueCoding", "code").Text()) || !l.Control(schedule, on).Original {
		return issue, false
	}
	a, where := i.Address(on)
	if !a.Exists() || where != Abroad {
		return issue, false
	}
	return fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: "MDR-15", Message: "A private prescription for a controlled drug of Schedule 1, 2 or 3 is supplied only where its issuer's address is in the United Kingdom.",
		Expression: a.Expression(), Position: a.Position(), Expected: "an address in England, Wales, Scotland or Northern Ireland, of the prescriber or of their organisation", Found: InWords(a),
		Fix: "Where the issuer has an address in the United Kingdom, send it; else the medicine must be prescribed by somebody who has one."}, true
}
