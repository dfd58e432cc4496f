Profile: UKCoreMedication
Id: UKCore-Medication
Parent: Medication
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Medication"
* ^version = "2.3.0"
* ^status = #active
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MedicationTradeFamily named MedicationTradeFamily ..
* code 1.. MS
* code from https://fhir.hl7.org.uk/ValueSet/UKCore-MedicationCode (preferred)
* form from https://fhir.hl7.org.uk/ValueSet/UKCore-MedicationForm (preferred)
