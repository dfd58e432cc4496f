Profile: NHSDigitalEncounter
Id: NHSDigital-Encounter
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Encounter
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-Encounter"
* ^status = #draft
* identifier 1.. MS
* identifier.system 1..
* identifier.value 1..
* serviceType from https://fhir.nhs.uk/ValueSet/NHSDigital-CareSettingType (extensible)
* subject MS
* subject obeys patient-reference-warning
* subject obeys patient-nhs
* subject.identifier.system 1..
* subject.identifier.value 1..
* episodeOfCare.identifier.system 1..
* episodeOfCare.identifier.value 1..
* basedOn only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-ServiceRequest)
* basedOn.identifier.system 1..
* basedOn.identifier.value 1..
* participant MS
* participant.individual MS
* participant.individual.identifier.system 1..
* participant.individual.identifier.value 1..
* appointment only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Appointment)
* reasonCode MS
