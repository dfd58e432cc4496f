Profile: UKCorePractitioner
Id: UKCore-Practitioner
Parent: Practitioner
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Practitioner"
* ^version = "2.4.0"
* ^status = #active
* identifier MS
* name MS
* telecom MS
* communication from http://hl7.org/fhir/ValueSet/all-languages (required)
