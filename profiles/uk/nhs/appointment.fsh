Profile: NHSDigitalAppointment
Id: NHSDigital-Appointment
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Appointment
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-Appointment"
* ^status = #draft
* extension 0..
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-Provenance-agent named requester 0..1
* identifier MS
* identifier.system 1..
* identifier.value 1..
* status MS
* serviceCategory ^slicing.discriminator[0].type = #value
* serviceCategory ^slicing.discriminator[0].path = "coding.system"
* serviceCategory ^slicing.rules = #open
* serviceCategory.coding.system 1..
* serviceCategory.coding.code 1..
* serviceCategory contains NHSDataDictionaryTreatmentFunction ..
* serviceCategory[NHSDataDictionaryTreatmentFunction].coding from https://fhir.nhs.uk/ValueSet/NHSDigital-CareSettingType (required)
* serviceCategory[NHSDataDictionaryTreatmentFunction].coding.system = "https://fhir.nhs.uk/CodeSystem/NHSDataModelAndDictionary-treatment-function" (exactly)
* serviceCategory contains eRSClinicType ..1
* serviceCategory[eRSClinicType].coding from https://fhir.nhs.uk/ValueSet/NHSDigital-eRS-ClinicType (required)
* serviceCategory[eRSClinicType].coding.system = "https://fhir.nhs.uk/CodeSystem/NHSDigital-ClinicType" (exactly)
* serviceType from https://fhir.nhs.uk/ValueSet/NHSDigital-CareSettingType (required)
* specialty from https://fhir.nhs.uk/ValueSet/NHSDataModelAndDictionary-clinical-specialty (required)
* reasonCode MS
* start 1.. MS
* end 1.. MS
* slot ^slicing.discriminator[0].type = #value
* slot ^slicing.discriminator[0].path = "identifier.system"
* slot ^slicing.rules = #open
* slot MS
* slot contains alternativeSlot ..1
* slot[alternativeSlot].identifier.system = "https://fhir.nhs.uk/CodeSystem/unique-slot-reference-number" (exactly)
* basedOn MS
* basedOn only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-ServiceRequest)
* basedOn.identifier MS
* basedOn.identifier.system 1..
* basedOn.identifier.value 1..
* participant MS
* participant.actor 1.. MS
* participant.actor only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-HealthcareService or https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole-Minimal or https://fhir.nhs.uk/StructureDefinition/NHSDigital-Patient or https://fhir.nhs.uk/StructureDefinition/NHSDigital-Location or https://fhir.nhs.uk/StructureDefinition/NHSDigital-Practitioner)
* participant.actor obeys participant
* participant.actor.identifier.system 1..
* participant.actor.identifier.value 1..
