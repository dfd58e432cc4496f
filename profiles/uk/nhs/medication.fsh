Profile: NHSDigitalMedication
Id: NHSDigital-Medication
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Medication
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-Medication"
* ^version = "2.1.0"
* ^status = #active
* code 1..
* code from https://fhir.nhs.uk/ValueSet/NHSDigital-MedicationCode (extensible)
