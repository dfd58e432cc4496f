package dispensing

// Identifier systems of the NHS.
const (
	idOrder       = "https://fhir.nhs.uk/Id/prescription-order-number" // the short form, XXXXXX-ODSODS-XXXXXC
	idOrderUUID   = "https://fhir.nhs.uk/Id/prescription"
	idItem        = "https://fhir.nhs.uk/Id/prescription-order-item-number"
	idDispense    = "https://fhir.nhs.uk/Id/prescription-dispense-item-number"
	idNHS         = "https://fhir.nhs.uk/Id/nhs-number"
	idODS         = "https://fhir.nhs.uk/Id/ods-organization-code"
	idUser        = "https://fhir.nhs.uk/Id/sds-user-id"
	idRoleProfile = "https://fhir.nhs.uk/Id/sds-role-profile-id"
	idGMP         = "https://fhir.hl7.org.uk/Id/gmp-number"
	idUUID        = "https://tools.ietf.org/html/rfc4122"
)

// Code systems.
const (
	csEvent          = "https://fhir.nhs.uk/CodeSystem/message-event"
	csMessageReason  = "https://fhir.nhs.uk/CodeSystem/message-reason-prescription"
	csBusinessStatus = "https://fhir.nhs.uk/CodeSystem/EPS-task-business-status"
	csLineStatus     = "https://fhir.nhs.uk/CodeSystem/medicationdispense-type"
	csExemption      = "https://fhir.nhs.uk/CodeSystem/prescription-charge-exemption"
	csEvidence       = "https://fhir.nhs.uk/CodeSystem/DM-exemption-evidence"
	csEndorsement    = "https://fhir.nhs.uk/CodeSystem/medicationdispense-endorsement"
	csNotDispensed   = "https://fhir.nhs.uk/CodeSystem/medicationdispense-status-reason"
	csReturn         = "https://fhir.nhs.uk/CodeSystem/EPS-task-dispense-return-status-reason"
	csWithdraw       = "https://fhir.nhs.uk/CodeSystem/EPS-task-dispense-withdraw-reason"
	csCancel         = "https://fhir.nhs.uk/CodeSystem/medicationrequest-status-reason"
	csHistory        = "https://fhir.nhs.uk/CodeSystem/medicationrequest-status-history"
	csControlled     = "https://fhir.nhs.uk/CodeSystem/medicationrequest-controlled-drug"
	csPrescription   = "https://fhir.nhs.uk/CodeSystem/prescription-type"
	csTaskCode       = "http://hl7.org/fhir/CodeSystem/task-code"
	csSNOMED         = "http://snomed.info/sct"
	csDMD            = "https://dmd.nhs.uk"
	csHold           = "https://pestle-fhir.github.io/CodeSystem/hold"
	csDifference     = "https://pestle-fhir.github.io/CodeSystem/supply-difference"

	csEPSIssue = "https://fhir.nhs.uk/CodeSystem/EPS-IssueCode"
	csSpine    = "https://fhir.nhs.uk/CodeSystem/Spine-ErrorOrWarningCode"
	csFacade   = "https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode" // what the API in front of Spine says itself
)

// Extensions.
const (
	sd = "https://fhir.nhs.uk/StructureDefinition/"

	extPrescriptionType = sd + "Extension-DM-PrescriptionType"
	extPrescriptionID   = sd + "Extension-DM-PrescriptionId"
	extResponsible      = sd + "Extension-DM-ResponsiblePractitioner"
	extControlled       = sd + "Extension-DM-ControlledDrug"
	extSiteType         = sd + "Extension-DM-PerformerSiteType"
	extHistory          = sd + "Extension-DM-PrescriptionStatusHistory"
	extPerformer        = sd + "Extension-DM-DispensingPerformer"
	extNonDispensing    = sd + "Extension-DM-PrescriptionNonDispensingReason"
	extRunningTotal     = sd + "Extension-DM-RunningTotal"
	extDispensing       = sd + "Extension-EPS-DispensingInformation"
	extRelease          = sd + "Extension-EPS-DispensingReleaseInformation"
	extPrescription     = sd + "Extension-EPS-Prescription"
	extRepeat           = sd + "Extension-EPS-RepeatInformation"
	extBusinessStatus   = sd + "Extension-EPS-TaskBusinessStatus"
	extReplacement      = sd + "Extension-replacementOf"
	extMessageID        = sd + "Extension-MessageHeader-messageId"
	extAgent            = sd + "Extension-Provenance-agent"
	extODS              = sd + "Extension-ODS-OrganisationRelationships"
	extSupporting       = sd + "Extension-Spine-supportingInfo"
	extSupportingOrder  = sd + "Extension-Spine-supportingInfo-prescription"
	extHold             = "https://pestle-fhir.github.io/StructureDefinition/hold"
	extUKRepeat         = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MedicationRepeatInformation"
)

// extension is the extension of an element with that url, absent when it has none.
func extension(n node, url string) node {
	for e := range n.Get("extension").Items() {
		if e.Get("url").Text() == url {
			return e
		}
	}
	return node{}
}

// identifier is the value of the first identifier of a system.
func identifier(resource node, system string) node {
	for id := range resource.Get("identifier").Items() {
		if id.Get("system").Text() == system {
			return id.Get("value")
		}
	}
	return node{}
}

// coded is the code of the first coding of a system in a CodeableConcept.
func coded(concept node, system string) string { return codingOf(concept, system).Get("code").Text() }

func codingOf(concept node, system string) node {
	for c := range concept.Get("coding").Items() {
		if c.Get("system").Text() == system {
			return c
		}
	}
	return node{}
}
