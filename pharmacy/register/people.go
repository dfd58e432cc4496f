package register

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// local is the type and id of a reference to a resource of this server, relative or
// of a version; "" for any other.
func local(reference string) (typ, id string) {
	reference, _, _ = strings.Cut(reference, "/_history/")
	typ, id, ok := strings.Cut(reference, "/")
	if !ok || strings.Contains(id, "/") || strings.Contains(typ, ":") || strings.HasPrefix(typ, "#") {
		return "", ""
	}
	return typ, id
}

// nameOf is the first name of a person in words, or of an organisation.
func nameOf(r *fhir.Resource) string {
	if n := r.Get("name"); n.Kind() != fhir.Array {
		return n.Text()
	}
	n := r.Get("name").Item(0)
	if text := n.Get("text").Text(); text != "" {
		return text
	}
	return joined(" ", n.Get("prefix"), n.Get("given"), n.Get("family"))
}

// addressOf is the first address of a resource in words.
func addressOf(r *fhir.Resource) string {
	a := r.Get("address")
	if a.Kind() == fhir.Array {
		a = a.Item(0)
	}
	if text := a.Get("text").Text(); text != "" {
		return text
	}
	return joined(", ", a.Get("line"), a.Get("city"), a.Get("district"), a.Get("postalCode"))
}

// joined are texts and lists of texts in one line.
func joined(between string, nodes ...fhir.Node) string {
	var words []string
	for _, n := range nodes {
		if n.Kind() != fhir.Array {
			words = append(words, n.Text())
			continue
		}
		for item := range n.Items() {
			words = append(words, item.Text())
		}
	}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return strings.TrimSpace(w) == "" }), between)
}

// patientOf is the person to whom a MedicationDispense was supplied.
func patientOf(state fhir.State, subject fhir.Node) (who Party, ref string, err error) {
	who = Party{ID: subject.Path("identifier", "value").Text(), Name: subject.Get("display").Text()}
	r, err := current(state, subject.Get("reference").Text())
	if err != nil || r == nil || r.Type() != "Patient" {
		return who, "", err
	}
	if name := nameOf(r); name != "" {
		who.Name = name
	}
	if number := nhs.Identifier(r.Root(), nhs.IDNHS).Text(); number != "" {
		who.ID = number
	}
	who.Address = addressOf(r)
	return who, "Patient/" + r.ID(), nil
}

// prescriberOf is who prescribed an order: the person and where they work, as far as
// the server knows them.
func prescriberOf(state fhir.State, requester fhir.Node) (who Party, err error) {
	who = Party{ID: requester.Path("identifier", "value").Text(), Name: requester.Get("display").Text()}
	r, err := current(state, requester.Get("reference").Text())
	if err != nil || r == nil {
		return who, err
	}
	person := r
	if r.Type() == "PractitionerRole" {
		if who.Name == "" {
			who.Name = r.Root().Path("practitioner", "display").Text()
		}
		org, err := current(state, r.Root().Path("organization", "reference").Text())
		if err != nil {
			return who, err
		}
		if org != nil {
			who.Address = joined(", ", org.Get("name"))
			if a := addressOf(org); a != "" {
				who.Address += ", " + a
			}
		}
		if person, err = current(state, r.Root().Path("practitioner", "reference").Text()); err != nil || person == nil {
			return who, err
		}
	}
	if name := nameOf(person); name != "" {
		who.Name = name
	}
	for _, system := range nhs.Professionals {
		if id := nhs.Identifier(person.Root(), system).Text(); id != "" {
			who.ID = id
			break
		}
	}
	if a := addressOf(person); who.Address == "" {
		who.Address = a
	}
	return who, nil
}
