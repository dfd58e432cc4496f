package nhs

import "github.com/pestle-fhir/pestle/fhir"

// Identifier systems.
const (
	IDOrder       = "https://fhir.nhs.uk/Id/prescription-order-number" // the short form, XXXXXX-ODSODS-XXXXXC
	IDOrderUUID   = "https://fhir.nhs.uk/Id/prescription"              // the long form, a UUID
	IDItem        = "https://fhir.nhs.uk/Id/prescription-order-item-number"
	IDDispense    = "https://fhir.nhs.uk/Id/prescription-dispense-item-number"
	IDSequence    = "https://fhir.nhs.uk/Id/claim-sequence-identifier"
	IDNHS         = "https://fhir.nhs.uk/Id/nhs-number"
	IDODS         = "https://fhir.nhs.uk/Id/ods-organization-code"
	IDUser        = "https://fhir.nhs.uk/Id/sds-user-id"
	IDRoleProfile = "https://fhir.nhs.uk/Id/sds-role-profile-id"
	IDPharmacist  = "https://fhir.hl7.org.uk/Id/gphc-number" // of the General Pharmaceutical Council
	IDGMP         = "https://fhir.hl7.org.uk/Id/gmp-number"
	IDUUID        = "https://tools.ietf.org/html/rfc4122"
)

// Professionals are the identifier systems of the registers of health
// professionals: GMC, NMC, GPhC, HCPC, DIN and the NHS's own.
var Professionals = []string{"https://fhir.hl7.org.uk/Id/gmc-number", "https://fhir.hl7.org.uk/Id/nmc-number", IDPharmacist,
	"https://fhir.hl7.org.uk/Id/hcpc-number", "https://fhir.hl7.org.uk/Id/din-number", "https://fhir.hl7.org.uk/Id/professional-code"}

// Code systems of the NHS.
const (
	CSEvent                 = "https://fhir.nhs.uk/CodeSystem/message-event"
	CSMessageReason         = "https://fhir.nhs.uk/CodeSystem/message-reason-prescription"
	CSBusinessStatus        = "https://fhir.nhs.uk/CodeSystem/EPS-task-business-status"
	CSLineStatus            = "https://fhir.nhs.uk/CodeSystem/medicationdispense-type"
	CSExemption             = "https://fhir.nhs.uk/CodeSystem/prescription-charge-exemption"
	CSEvidence              = "https://fhir.nhs.uk/CodeSystem/DM-exemption-evidence"
	CSCharge                = "https://fhir.nhs.uk/CodeSystem/DM-prescription-charge"
	CSEndorsement           = "https://fhir.nhs.uk/CodeSystem/medicationdispense-endorsement" // the dispenser's
	CSPrescriberEndorsement = "https://fhir.nhs.uk/CodeSystem/medicationrequest-endorsement"
	CSNotDispensed          = "https://fhir.nhs.uk/CodeSystem/medicationdispense-status-reason"
	CSReturn                = "https://fhir.nhs.uk/CodeSystem/EPS-task-dispense-return-status-reason"
	CSWithdraw              = "https://fhir.nhs.uk/CodeSystem/EPS-task-dispense-withdraw-reason"
	CSCancel                = "https://fhir.nhs.uk/CodeSystem/medicationrequest-status-reason"
	CSHistory               = "https://fhir.nhs.uk/CodeSystem/medicationrequest-status-history"
	CSControlled            = "https://fhir.nhs.uk/CodeSystem/medicationrequest-controlled-drug"
	CSPrescriptionType      = "https://fhir.nhs.uk/CodeSystem/prescription-type"
	CSJobRole               = "https://fhir.nhs.uk/CodeSystem/NHSDigital-SDS-JobRoleCode"

	CSEPSIssue = "https://fhir.nhs.uk/CodeSystem/EPS-IssueCode"
	CSSpine    = "https://fhir.nhs.uk/CodeSystem/Spine-ErrorOrWarningCode"
	CSFacade   = "https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode" // what the API in front of Spine says itself
)

// Code systems of others.
const (
	CSSNOMED    = "http://snomed.info/sct"
	CSDMD       = "https://dmd.nhs.uk"
	CSTaskCode  = "http://hl7.org/fhir/CodeSystem/task-code"
	CSClaimType = "http://terminology.hl7.org/CodeSystem/claim-type"
	CSPriority  = "http://terminology.hl7.org/CodeSystem/processpriority"
	CSPayee     = "http://terminology.hl7.org/CodeSystem/payeetype"
	CSActCode   = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
)

// VSMitigation is what may be done about a clinical issue: codes of [CSActCode].
const VSMitigation = "http://hl7.org/fhir/ValueSet/detectedissue-mitigation-action"

// Extensions of the NHS.
const (
	definition = "https://fhir.nhs.uk/StructureDefinition/"

	ExtPrescriptionType     = definition + "Extension-DM-PrescriptionType"
	ExtPrescriptionID       = definition + "Extension-DM-PrescriptionId" // the long form of the prescription's id
	ExtGroup                = definition + "Extension-DM-GroupIdentifier"
	ExtResponsible          = definition + "Extension-DM-ResponsiblePractitioner"
	ExtControlled           = definition + "Extension-DM-ControlledDrug"
	ExtSiteType             = definition + "Extension-DM-PerformerSiteType"
	ExtHistory              = definition + "Extension-DM-PrescriptionStatusHistory"
	ExtPerformer            = definition + "Extension-DM-DispensingPerformer"
	ExtNonDispensing        = definition + "Extension-DM-PrescriptionNonDispensingReason"
	ExtPrescriberEndorsed   = definition + "Extension-DM-PrescriptionEndorsement"
	ExtRunningTotal         = definition + "Extension-DM-RunningTotal"
	ExtDispensing           = definition + "Extension-EPS-DispensingInformation"
	ExtRelease              = definition + "Extension-EPS-DispensingReleaseInformation"
	ExtEPSPrescription      = definition + "Extension-EPS-Prescription" // the course of therapy, on a Task
	ExtRepeat               = definition + "Extension-EPS-RepeatInformation"
	ExtBusinessStatus       = definition + "Extension-EPS-TaskBusinessStatus"
	ExtBusinessStatusReason = definition + "Extension-EPS-TaskBusinessStatusReason"
	ExtReplacement          = definition + "Extension-replacementOf"
	ExtMessageID            = definition + "Extension-MessageHeader-messageId"
	ExtAgent                = definition + "Extension-Provenance-agent"
	ExtODS                  = definition + "Extension-ODS-OrganisationRelationships"
	ExtSupporting           = definition + "Extension-Spine-supportingInfo"
	ExtSequence             = definition + "Extension-ClaimSequenceIdentifier"
	ExtClaimOrder           = definition + "Extension-ClaimMedicationRequestReference"
	ExtClaimSupply          = definition + "Extension-ClaimMedicationDispenseReference"

	CSUKSupply  = "https://fhir.hl7.org.uk/CodeSystem/UKCore-MedicationSupplyType"
	ExtUKRepeat = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MedicationRepeatInformation"
)

// Own is the base of the code systems and extensions that this server defines.
const Own = "https://pestle-fhir.github.io/"

// Extensions of the server's own on the Task of a prescription, by which what
// was said at supply reaches the claim.
const (
	ExtOwnExemption   = Own + "StructureDefinition/charge-exemption"
	ExtOwnEndorsement = Own + "StructureDefinition/dispenser-endorsement" // of one item
)

// CSTracking is the code system of what the NHS App shows of an item: Prescription
// Status Update API.
const CSTracking = "https://fhir.nhs.uk/CodeSystem/task-businessStatus-nppt"

// ExtOwnCollection is the extension of a MedicationDispense that tells who collected
// it, written where the handing over is recorded: collector (patient, representative or
// healthcare-professional), name, address, identityRequested and identityProvided, which
// MDR 2001 reg. 19 asks for of Schedule 2; method (collected or delivered), courier,
// signature and note.
const ExtOwnCollection = Own + "StructureDefinition/collection"

// CSOwnClinicalRule is the server's own code system of its clinical rules: a
// DetectedIssue with a code of it was found by the server. IDOwnChecked is the
// system of its identifier, which is the id of the MedicationRequest that was
// checked; ExtOwnStops says that this is held until a mitigation is recorded.
const (
	CSOwnClinicalRule = Own + "CodeSystem/clinical-rule"
	IDOwnChecked      = Own + "Id/checked-order"
	ExtOwnStops       = Own + "StructureDefinition/stops-supply"
)

// CSOwnOrigin is the server's own code system of where a record comes from. A
// MedicationDispense with its code SuppliedElsewhere as a tag tells what another pharmacy
// supplied, or owes: it is taken on from there, counts in clinical checks, and is no supply
// of this pharmacy.
const (
	CSOwnOrigin    = Own + "CodeSystem/record-origin"
	FromElsewhere  = "supplied-elsewhere"
	IDOwnElsewhere = Own + "Id/elsewhere" // ODS code of the other pharmacy, and what it calls the patient or the supply
)

// SuppliedElsewhere reports whether a MedicationDispense is taken on from another
// pharmacy.
func SuppliedElsewhere(d fhir.Node) bool {
	for tag := range d.Path("meta", "tag").Items() {
		if tag.Get("system").Text() == CSOwnOrigin && tag.Get("code").Text() == FromElsewhere {
			return true
		}
	}
	return false
}

// ExtOwnOriginal is the extension of the Task of a private prescription for controlled
// drugs that has the days on which it was supplied: its paper original is sent to the
// NHSBSA after the month. The search parameter original-supplied finds it.
const ExtOwnOriginal = Own + "StructureDefinition/original-supplied"

// ExtOwnSignature is the extension of the Task of a prescription that tells by what it is
// signed (source: eps, jws or paper), and what came of verifying that (result: verified,
// not-verifiable or failed) with the reason.
const ExtOwnSignature = Own + "StructureDefinition/signature"

// RuleClinicalHold is the rule by which the supply of an item is refused that is
// held for a clinical issue.
const RuleClinicalHold = "HOLD-CLINICAL"

// RulePaidFirst is the rule by which the supply of a private prescription is refused
// that is to be paid first, by the terms of the clinic.
const RulePaidFirst = "PAY-1"

// Prescription is the SNOMED CT concept of a prescription: what an EPS claim has
// as its item.
const Prescription = "16076005"
