Profile: NHSDigitalTask
Id: NHSDigital-Task
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Task
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-Task"
* ^version = "1.0.1"
* ^status = #draft
* extension 0..
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-Provenance-agent named agent 0..1 MS
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-EPS-Prescription named prescription 0..1 MS
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-EPS-RepeatInformation named repeatInformation 0..1 MS
* identifier MS
* groupIdentifier MS
* status MS
* intent MS
* code 1.. MS
* code.coding ^slicing.discriminator[0].type = #value
* code.coding ^slicing.discriminator[0].path = "system"
* code.coding ^slicing.rules = #open
* code.coding.system 1..
* code.coding.code 1..
* code.coding contains SNOMED ..
* code.coding[SNOMED] from https://fhir.nhs.uk/ValueSet/NHSDigital-action-code (extensible)
* code.coding[SNOMED].system = "http://snomed.info/sct" (exactly)
* code.coding contains Fulfilment ..
* code.coding[Fulfilment] from https://fhir.nhs.uk/ValueSet/NHSDigital-task-code (extensible)
* code.coding[Fulfilment].system = "http://hl7.org/fhir/CodeSystem/task-code" (exactly)
* code.coding contains Worflow ..
* code.coding[Worflow] from https://fhir.nhs.uk/ValueSet/NHSDigital-workflow-code (extensible)
* code.coding[Worflow].system = "https://fhir.nhs.uk/CodeSystem/Workflow-Code" (exactly)
* focus MS
* focus only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Appointment or https://fhir.nhs.uk/StructureDefinition/NHSDigital-ServiceRequest or https://fhir.nhs.uk/StructureDefinition/NHSDigital-Bundle-FHIRMessage or https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationRequest or https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient or https://fhir.nhs.uk/StructureDefinition/NHSDigital-Questionnaire)
* focus obeys nhsd-taskfocus
* for 1.. MS
* for obeys patient-reference
* for obeys patient-nhs
* for.identifier 1..
* for.identifier.system 1..
* for.identifier.system = "https://fhir.nhs.uk/Id/nhs-number" (exactly)
* for.identifier.value 1..
* authoredOn MS
* requester MS
* requester only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole)
* requester ^type[0].aggregation[0] = #contained
* requester.identifier.system 1..
* requester.identifier.value 1..
* owner MS
* owner only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole or https://fhir.nhs.uk/StructureDefinition/NHSDigital-Organization)
* owner.identifier.system 1..
* owner.identifier.value 1..
* reasonCode MS
* reasonCode.coding ^slicing.discriminator[0].type = #value
* reasonCode.coding ^slicing.discriminator[0].path = "system"
* reasonCode.coding ^slicing.rules = #open
* reasonCode.coding.system 1..
* reasonCode.coding.code 1..
* reasonCode.coding.display 1..
* reasonCode.coding contains SNOMED ..
* reasonCode.coding[SNOMED].system = "http://snomed.info/sct" (exactly)
* note MS
* restriction MS
* restriction.period.end MS
* input MS

Profile: NHSDigitalTaskEPS
Id: NHSDigital-Task-EPS
Parent: https://fhir.nhs.uk/StructureDefinition/NHSDigital-Task
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-Task-EPS"
* ^status = #draft
* identifier 1..
* identifier.system 1..
* identifier.value 1..
* groupIdentifier.system 1..
* groupIdentifier.value 1..
* statusReason MS
* statusReason.coding ^slicing.discriminator[0].type = #value
* statusReason.coding ^slicing.discriminator[0].path = "system"
* statusReason.coding ^slicing.rules = #open
* statusReason.coding 1..
* statusReason.coding contains withdrawReason ..1
* statusReason.coding[withdrawReason].system = "https://fhir.nhs.uk/CodeSystem/EPS-task-dispense-withdraw-reason" (exactly)
* statusReason.coding contains dispenseReturn ..1
* statusReason.coding[dispenseReturn].system = "https://fhir.nhs.uk/CodeSystem/EPS-task-dispense-return-status-reason" (exactly)
* statusReason.coding contains medicationRequestStatusReason ..1
* statusReason.coding[medicationRequestStatusReason].system = "https://fhir.nhs.uk/CodeSystem/medicationrequest-status-reason" (exactly)
* businessStatus from https://fhir.nhs.uk/ValueSet/DM-task-business-status (required)
* businessStatus.coding 1..
* businessStatus.coding.system 1..
* businessStatus.coding.code 1..
* businessStatus.coding.display 1..
* code.coding 1..
* code.coding.system 1..
* code.coding.code 1..
* code.coding.display 1..
* focus 1..
* focus only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Bundle-FHIRMessage)
* focus.identifier.system 1..
* focus.identifier.value 1..
* authoredOn 1..
* requester 1..
* requester only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole-SDS)
* requester.reference 1..
* owner only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Organization)
* owner.identifier 1..
* input.extension 0..
* input.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-EPS-DispensingInformation named dispensingInformation 0..1
* output MS
* output.extension 0..
* output.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-EPS-DispensingReleaseInformation named dispensingReleaseInformation 0..1

Profile: NHSDigitalTaskPatientCare
Id: NHSDigital-Task-PatientCare
Parent: https://fhir.nhs.uk/StructureDefinition/NHSDigital-Task
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-Task-PatientCare"
* ^status = #draft
* code 1..
* focus 1..
* owner 1..
* owner.identifier 1..
* owner.identifier.system = "https://fhir.nhs.uk/Id/ers-service" (exactly)
* restriction.period 1..
* restriction.period.end 1..
