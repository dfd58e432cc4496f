package dispensing

import (
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// matched lists, for the types of which the server keeps one record for all
// messages of an organisation, the identifier systems to find it by, the surest first. An empty
// system is an identifier without one.
var matched = map[string][]string{
	"Patient":           {nhs.IDNHS},
	"Practitioner":      append([]string{nhs.IDUser}, nhs.Professionals...),
	"PractitionerRole":  {nhs.IDRoleProfile},
	"Organization":      {nhs.IDODS},
	"HealthcareService": {nhs.IDODS},
	"Location":          {nhs.IDODS, ""},
}

// parts are the changes that store a message of a prescription: the message
// itself, and each of its parts as a resource with its references to the
// others rewritten.
func (m *message) parts(number string) []fhir.Change {
	changes := []fhir.Change{m.keep(orderMessageID(number))}
	for i, e := range m.entries {
		c := fhir.Change{
			Method: fhir.Create, Type: typeOf(e.resource), Resource: m.bundle.Sub(e.resource), FullURL: e.fullURL, Message: true,
			Expression: "Bundle.entry[" + strconv.Itoa(i) + "]",
		}
		if systems, ok := matched[c.Type]; ok {
			c.Condition = condition(e.resource, systems)
		}
		if c.Condition == "" {
			c.ID = m.partID(number, e, i)
		}
		changes = append(changes, c)
	}
	return changes
}

// keep stores the message as it came.
func (m *message) keep(id string) fhir.Change {
	return fhir.Change{Method: fhir.Create, Type: "Bundle", ID: id, Resource: m.bundle, Expression: "Bundle"}
}

// partID derives the id of what belongs to the one prescription.
func (m *message) partID(number string, e entry, i int) string {
	if item := nhs.Identifier(e.resource, nhs.IDItem).Text(); item != "" && typeOf(e.resource) == "MedicationRequest" {
		return OrderID(number, item)
	}
	name := e.fullURL
	if name == "" {
		name = strconv.Itoa(i)
	}
	return pharmacy.ID(typeOf(e.resource), number, m.id(), name)
}

// OrderID is the id of the MedicationRequest of an item that came in a
// message. Item numbers are unique within a prescription only.
func OrderID(order, item string) string {
	return pharmacy.ID("MedicationRequest", order, strings.ToLower(item))
}

// condition is the search that finds the record of a part, "" where the part
// has no identifier to find it by.
func condition(resource node, systems []string) string {
	for _, system := range systems {
		for id := range resource.Get("identifier").Items() {
			value := id.Get("value").Text()
			if id.Get("system").Text() == system && value != "" && value != "unknown" {
				return nhs.Query("identifier", system, value)
			}
		}
	}
	return ""
}
