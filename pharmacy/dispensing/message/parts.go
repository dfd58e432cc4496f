package message

import (
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Matched lists, for the types of which the server keeps one record for all
// messages of an organisation, the identifier systems to find it by, the surest first. An empty
// system is an identifier without one.
var Matched = map[string][]string{
	"Patient":           {nhs.IDNHS},
	"Practitioner":      append([]string{nhs.IDUser}, nhs.Professionals...),
	"PractitionerRole":  {nhs.IDRoleProfile},
	"Organization":      {nhs.IDODS},
	"HealthcareService": {nhs.IDODS},
	"Location":          {nhs.IDODS, ""},
}

// Parts are the changes that store a message of a prescription: the message
// itself, and each of its parts as a resource with its references to the
// others rewritten.
func (m *Message) Parts(number string) []fhir.Change {
	changes := []fhir.Change{m.Keep(OrderBundleID(number))}
	for i, e := range m.Entries {
		c := fhir.Change{
			Method: fhir.Create, Type: nhs.TypeOf(e.Resource), Resource: m.Bundle.Sub(e.Resource), FullURL: e.FullURL, Message: true,
			Expression: "Bundle.entry[" + strconv.Itoa(i) + "]",
		}
		if systems, ok := Matched[c.Type]; ok {
			c.Condition = Condition(e.Resource, systems)
		}
		if c.Condition == "" {
			c.ID = m.PartID(number, e, i)
		}
		changes = append(changes, c)
	}
	return changes
}

// Keep stores the message as it came.
func (m *Message) Keep(id string) fhir.Change {
	return fhir.Change{Method: fhir.Create, Type: "Bundle", ID: id, Resource: m.Bundle, Expression: "Bundle"}
}

// PartID derives the id of what belongs to the one prescription.
func (m *Message) PartID(number string, e entry, i int) string {
	if item := nhs.Identifier(e.Resource, nhs.IDItem).Text(); item != "" && nhs.TypeOf(e.Resource) == "MedicationRequest" {
		return OrderID(number, item)
	}
	name := e.FullURL
	if name == "" {
		name = strconv.Itoa(i)
	}
	return pharmacy.ID(nhs.TypeOf(e.Resource), number, m.ID(), name)
}

// OrderID is the id of the MedicationRequest of an item that came in a
// message. Item numbers are unique within a prescription only.
func OrderID(order, item string) string {
	return pharmacy.ID("MedicationRequest", order, strings.ToLower(item))
}

// Condition is the search that finds the record of a part, "" where the part
// has no identifier to find it by.
func Condition(resource node, systems []string) string {
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

// Carried are the types of the parts of messages: what the scope of a message
// allows to create. A part of any other type is created by who may create that.
var Carried = []string{"MessageHeader", "MedicationRequest", "MedicationDispense", "Patient", "Practitioner", "PractitionerRole", "Organization",
	"HealthcareService", "Location", "Provenance", "CommunicationRequest", "List"}
