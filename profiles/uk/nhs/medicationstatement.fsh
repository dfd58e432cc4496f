Profile: NHSDigitalMedicationStatement
Id: NHSDigital-MedicationStatement
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-MedicationStatement
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationStatement"
* ^status = #draft
* basedOn only Reference(https://fhir.hl7.org.uk/StructureDefinition/UKCore-CarePlan or https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationRequest or https://fhir.nhs.uk/StructureDefinition/NHSDigital-ServiceRequest)
* basedOn ^type[0].aggregation[0] = #referenced
* medication[x] only https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationRequest-CodeableConcept or Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationRequest-Medication)
* medication[x] ^type[1].aggregation[0] = #referenced
* subject only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Patient)
* subject ^type[0].aggregation[0] = #referenced
* subject obeys nhsd-subject
* subject.identifier 1..
* subject.identifier.system 1..
* subject.identifier.system = "https://fhir.nhs.uk/Id/nhs-number" (exactly)
* subject.identifier.value 1..
* informationSource only Reference
* informationSource ^type[0].aggregation[0] = #referenced
