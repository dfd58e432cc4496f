package reimbursement

import (
	"net/url"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// Identifier systems of the NHS.
const (
	idOrder       = "https://fhir.nhs.uk/Id/prescription-order-number" // the short form
	idOrderUUID   = "https://fhir.nhs.uk/Id/prescription"
	idItem        = "https://fhir.nhs.uk/Id/prescription-order-item-number"
	idDispense    = "https://fhir.nhs.uk/Id/prescription-dispense-item-number"
	idSequence    = "https://fhir.nhs.uk/Id/claim-sequence-identifier"
	idNHS         = "https://fhir.nhs.uk/Id/nhs-number"
	idODS         = "https://fhir.nhs.uk/Id/ods-organization-code"
	idUser        = "https://fhir.nhs.uk/Id/sds-user-id"
	idRoleProfile = "https://fhir.nhs.uk/Id/sds-role-profile-id"
	idUUID        = "https://tools.ietf.org/html/rfc4122"
)

// Code systems.
const (
	csBusinessStatus = "https://fhir.nhs.uk/CodeSystem/EPS-task-business-status"
	csLineStatus     = "https://fhir.nhs.uk/CodeSystem/medicationdispense-type"
	csNotDispensed   = "https://fhir.nhs.uk/CodeSystem/medicationdispense-status-reason"
	csExemption      = "https://fhir.nhs.uk/CodeSystem/prescription-charge-exemption"
	csEvidence       = "https://fhir.nhs.uk/CodeSystem/DM-exemption-evidence"
	csCharge         = "https://fhir.nhs.uk/CodeSystem/DM-prescription-charge"
	csEndorsement    = "https://fhir.nhs.uk/CodeSystem/medicationdispense-endorsement"
	csPrescriber     = "https://fhir.nhs.uk/CodeSystem/medicationrequest-endorsement"
	csSNOMED         = "http://snomed.info/sct"
	csClaimType      = "http://terminology.hl7.org/CodeSystem/claim-type"
	csPriority       = "http://terminology.hl7.org/CodeSystem/processpriority"
	csPayee          = "http://terminology.hl7.org/CodeSystem/payeetype"

	csEPSIssue = "https://fhir.nhs.uk/CodeSystem/EPS-IssueCode"
	csSpine    = "https://fhir.nhs.uk/CodeSystem/Spine-ErrorOrWarningCode"
	csFacade   = "https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode" // what the API in front of Spine says itself
)

// Extensions of the NHS.
const (
	sd = "https://fhir.nhs.uk/StructureDefinition/"

	extGroup        = sd + "Extension-DM-GroupIdentifier"
	extAgent        = sd + "Extension-Provenance-agent"
	extReplacement  = sd + "Extension-replacementOf"
	extStatus       = sd + "Extension-EPS-TaskBusinessStatus"
	extStatusReason = sd + "Extension-EPS-TaskBusinessStatusReason"
	extRepeat       = sd + "Extension-EPS-RepeatInformation"
	extSequence     = sd + "Extension-ClaimSequenceIdentifier"
	extRequest      = sd + "Extension-ClaimMedicationRequestReference"
	extDispense     = sd + "Extension-ClaimMedicationDispenseReference"
	extControlled   = sd + "Extension-DM-ControlledDrug"
	extEndorsement  = sd + "Extension-DM-PrescriptionEndorsement"
	extType         = sd + "Extension-DM-PrescriptionType"
	extPrescription = sd + "Extension-DM-PrescriptionId"
	extNotDispensed = sd + "Extension-DM-PrescriptionNonDispensingReason"
	extDispensing   = sd + "Extension-EPS-DispensingInformation"
	extODS          = sd + "Extension-ODS-OrganisationRelationships"
)

// Our own code systems and extensions.
const (
	base = "https://pestle-fhir.github.io/"

	csCategory = base + "CodeSystem/reimbursement-category" // of figures and totals
	csRule     = base + "CodeSystem/reimbursement-rule"     // what made a figure, or why there is none
	csGroup    = base + "CodeSystem/discount-group"         // in which the month's deduction is made
	csMonth    = base + "CodeSystem/reimbursement-month"    // meta.tag of what belongs to a month: 2026-11, 2026-11.FA565
	csExport   = base + "CodeSystem/month-export"           // meta.tag of the record of an export
	csResidue  = base + "CodeSystem/broken-bulk-residue"    // meta.tag of who may have packs left: FA565.VMPP

	csRun = base + "Id/month-export" // identifier of a run of an export

	extEdition   = base + "StructureDefinition/tariff-edition"        // on a figure: the data that made it
	extDay       = base + "StructureDefinition/dispensing-day"        // on a ClaimResponse: the day it is priced by
	extPin       = base + "StructureDefinition/export-sequence"       // on an export's record: the sequence it reads at
	extExemption = base + "StructureDefinition/charge-exemption"      // on a Task: what was said at supply of the charge
	extEndorsed  = base + "StructureDefinition/dispenser-endorsement" // on a Task: an endorsement of an item, given at supply
	extLate      = base + "StructureDefinition/late-claim"            // on the entry of an export: the dispensing month of a claim that came too late for it
	extAmended   = base + "StructureDefinition/amended-claim"         // on the entry of an export: the answer to the claim as it was submitted before
	extLeftover  = base + "StructureDefinition/broken-bulk-residue"   // on a ClaimResponse line: what is left of packs paid whole
)

// prescriptionConcept is SNOMED CT "Prescription", what EPS claims an item of.
const prescriptionConcept = "16076005"

// displays are the names of the codes that Claims are built with, as the NHS
// prints them in its examples.
var displays = map[string]map[string]string{
	csBusinessStatus: {"0006": "Dispensed", "0007": "Not Dispensed"},
	csLineStatus: {"0001": "Item fully dispensed", "0002": "Item not dispensed", "0003": "Item dispensed - partial",
		"0004": "Item not dispensed owing", "0005": "Item cancelled", "0006": "Expired", "0007": "Item to be dispensed", "0008": "Item with dispenser"},
	csCharge:      {"paid-once": "Paid Once", "paid-twice": "Paid Twice", "not-paid": "Not Paid"},
	csEndorsement: {"NDEC": "No Dispenser Endorsement Code"},
	csEvidence:    {"evidence-seen": "Evidence Seen", "no-evidence-seen": "No Evidence Seen"},
}

func coding(system, code string) fhir.Value {
	return fhir.Obj("system", system, "code", code, "display", displays[system][code])
}

func concept(system, code string) fhir.Value {
	return fhir.Obj("coding", fhir.List(coding(system, code)))
}

func identifierValue(system, value string) fhir.Value {
	if value == "" {
		return fhir.Value{}
	}
	return fhir.Obj("system", system, "value", value)
}

// extension is the extension of an element with that url, absent when it has none.
func extension(n fhir.Node, url string) fhir.Node {
	for e := range n.Get("extension").Items() {
		if e.Get("url").Text() == url {
			return e
		}
	}
	return fhir.Node{}
}

// identifier is the value of the first identifier of a system.
func identifier(resource fhir.Node, system string) string {
	for id := range resource.Get("identifier").Items() {
		if id.Get("system").Text() == system {
			return id.Get("value").Text()
		}
	}
	return ""
}

// codings are the codings of a system in a CodeableConcept or a list of them.
func codings(concepts fhir.Node, system string) []fhir.Node {
	var found []fhir.Node
	for c := range concepts.Items() {
		for coding := range c.Get("coding").Items() {
			if coding.Get("system").Text() == system {
				found = append(found, coding)
			}
		}
	}
	return found
}

// code is the first code of a system in a CodeableConcept or a list of them.
func code(concepts fhir.Node, system string) string {
	if found := codings(concepts, system); len(found) > 0 {
		return found[0].Get("code").Text()
	}
	return ""
}

// contained follows a "#id" reference within a resource.
func contained(r *fhir.Resource, reference fhir.Node) fhir.Node {
	id, ok := strings.CutPrefix(reference.Get("reference").Text(), "#")
	if !ok || id == "" {
		return fhir.Node{}
	}
	return r.Root().Contained(id)
}

// query writes a search for a token: an identifier or a tag.
func query(parameter, system, value string) string {
	escape := strings.NewReplacer(`\`, `\\`, `|`, `\|`, `,`, `\,`, `$`, `\$`)
	return url.QueryEscape(parameter) + "=" + url.QueryEscape(escape.Replace(system)+"|"+escape.Replace(value))
}
