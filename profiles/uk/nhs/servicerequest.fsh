Profile: NHSDigitalServiceRequest
Id: NHSDigital-ServiceRequest
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-ServiceRequest
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-ServiceRequest"
* ^status = #draft
* extension 0..
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-ERS-Referral named ERSAdviceAndGuidance 0.. MS
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-eRS-ServiceRequest-State named ERSServiceRequestState 0.. MS
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-Portal-Link named portalLink 0..1 MS
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-ServiceRequest-Priority named serviceRequestPriority 0..1 MS
* identifier ^slicing.discriminator[0].type = #value
* identifier ^slicing.discriminator[0].path = "system"
* identifier ^slicing.rules = #open
* identifier 1.. MS
* identifier.value 1..
* identifier contains UBRN ..1 MS
* identifier[UBRN].system 1..
* identifier[UBRN].system = "https://fhir.nhs.uk/Id/UBRN" (exactly)
* identifier[UBRN].value 1..
* basedOn MS
* basedOn only Reference(https://fhir.hl7.org.uk/StructureDefinition/UKCore-CarePlan or https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationRequest or https://fhir.nhs.uk/StructureDefinition/NHSDigital-ServiceRequest)
* basedOn.identifier MS
* basedOn.identifier.system 1..
* basedOn.identifier.value 1..
* category 1..1 MS
* category.coding ^slicing.discriminator[0].type = #value
* category.coding ^slicing.discriminator[0].path = "system"
* category.coding ^slicing.rules = #open
* category.coding 1..
* category.coding.system 1..
* category.coding.code 1..
* category.coding contains BARSCategory ..
* category.coding[BARSCategory] from https://fhir.nhs.uk/ValueSet/NHSDigital-BARS-message-category (preferred)
* category.coding[BARSCategory].system = "https://fhir.nhs.uk/CodeSystem/message-category-servicerequest" (exactly)
* category.coding contains NHSDigitalServiceRequestCategory ..
* category.coding[NHSDigitalServiceRequestCategory] from https://fhir.nhs.uk/ValueSet/NHSDigital-ServiceRequest-category (preferred)
* category.coding[NHSDigitalServiceRequestCategory].system = "http://snomed.info/sct" (exactly)
* priority MS
* code MS
* code.coding ^slicing.discriminator[0].type = #value
* code.coding ^slicing.discriminator[0].path = "system"
* code.coding ^slicing.rules = #open
* code.coding contains SNOMEDProcedureCode ..
* code.coding[SNOMEDProcedureCode].system 1..
* code.coding[SNOMEDProcedureCode].system = "http://snomed.info/sct" (exactly)
* code.coding[SNOMEDProcedureCode].code 1..
* code.coding contains ServiceRequestCode ..
* code.coding[ServiceRequestCode].system 1..
* code.coding[ServiceRequestCode].system = "https://fhir.nhs.uk/CodeSystem/ServiceRequest-Code" (exactly)
* code.coding[ServiceRequestCode].code 1..
* subject MS
* subject only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Patient)
* subject ^type[0].aggregation[0] = #referenced
* subject obeys patient-reference
* subject obeys patient-nhs
* subject.identifier.system 1..
* subject.identifier.system = "https://fhir.nhs.uk/Id/nhs-number" (exactly)
* subject.identifier.value 1..
* encounter only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Encounter)
* encounter ^type[0].aggregation[0] = #referenced
* authoredOn MS
* requester MS
* requester only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole-Minimal)
* requester ^type[0].aggregation[0] = #contained
* requester ^type[0].aggregation[1] = #referenced
* performerType MS
* performerType.coding ^slicing.discriminator[0].type = #value
* performerType.coding ^slicing.discriminator[0].path = "system"
* performerType.coding ^slicing.rules = #open
* performerType.coding from https://fhir.nhs.uk/ValueSet/NHSDigital-CareSettingType (example)
* performerType.coding contains treatmentFunctionCodes .. MS
* performerType.coding[treatmentFunctionCodes] from https://fhir.nhs.uk/ValueSet/NHSDataModelAndDictionary-treatment-function (required)
* performerType.coding[treatmentFunctionCodes].system = "https://fhir.nhs.uk/CodeSystem/NHSDataModelAndDictionary-treatment-function" (exactly)
* performerType.coding contains eRSSpecialty ..
* performerType.coding[eRSSpecialty] from https://fhir.nhs.uk/ValueSet/NHSDigital-eRS-Specialty (required)
* performerType.coding[eRSSpecialty].system = "https://fhir.nhs.uk/CodeSystem/eRS-Specialty" (exactly)
* performer MS
* performer.identifier MS
* performer.identifier.system 1..
* performer.identifier.value 1..
* reasonCode MS
* supportingInfo MS
* supportingInfo only Reference(Resource or https://fhir.nhs.uk/StructureDefinition/NHSDigital-DocumentReference)
* supportingInfo ^type[0].aggregation[0] = #referenced
* note MS
