package uk

import (
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/ucum"
	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/profiles/terminology"
)

const nhs = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-"

// Messages are the EPS messages by event, as the NHS's MessageDefinitions name
// the profiles of what they carry. The profile of the Bundle itself is left out:
// it asks for a timestamp, which the service does without in 70 of the 73 messages
// that it accepted.
var Messages = []profiles.Message{
	{Event: "prescription-order", Focus: map[string]string{
		"MedicationRequest": nhs + "MedicationRequest-Message", "CommunicationRequest": nhs + "CommunicationRequest"}},
	{Event: "prescription-order-update", Focus: map[string]string{
		"MedicationRequest": nhs + "MedicationRequest"}},
	{Event: "prescription-order-response", Focus: map[string]string{
		"MedicationRequest": nhs + "MedicationRequest-Outcome"}},
	{Event: "dispense-notification", Focus: map[string]string{
		"MedicationDispense": nhs + "MedicationDispense-Message"}},
	{Event: "dispense-notification-update", Focus: map[string]string{
		"MedicationDispense": nhs + "MedicationDispense-Message"}},
}

const core = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-"

// Policy is the UK Core profile of each type that has one here.
var Policy = map[string]string{
	"Patient": core + "Patient", "Practitioner": core + "Practitioner", "PractitionerRole": core + "PractitionerRole",
	"Organization": core + "Organization", "Location": core + "Location", "Medication": core + "Medication",
	"MedicationRequest": core + "MedicationRequest", "MedicationDispense": core + "MedicationDispense",
	"MedicationStatement": core + "MedicationStatement", "Observation": core + "Observation",
	"AllergyIntolerance": core + "AllergyIntolerance", "Condition": core + "Condition", "Task": core + "Task",
	"Provenance": core + "Provenance", "AuditEvent": core + "AuditEvent",
}

// Severities are of rules that the NHS's own service does not insist on: it has
// accepted a GMC number without its C.
var Severities = map[string]fhir.Severity{"role-gmc": fhir.Warning}

// evolving are the homes of code systems that the NHS and HL7 UK add to between
// releases of their definitions: the NHS's own answers have codes that its
// published system lacks (Spine-ErrorOrWarningCode, INVALID).
var evolving = []string{"https://fhir.nhs.uk/", "https://fhir.hl7.org.uk/"}

// Library is the built-in definitions with their messages, rules and severities; the
// policy is for the caller to set.
func Library() *profiles.Library {
	set := Definitions()
	l := profiles.NewLibrary(set, terminology.New(terminology.Config{Definitions: set, UCUM: ucum.Valid}))
	l.AddRules(Rules(time.Now)...)
	l.SetMessages(Messages)
	l.SetSeverity(Severities)
	l.SetEvolving(evolving...)
	return l
}
