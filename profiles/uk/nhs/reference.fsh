Profile: NHSDigitalReference
Id: NHSDigital-Reference
Parent: Reference
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-Reference"
* ^status = #draft
* identifier only https://fhir.nhs.uk/StructureDefinition/NHSDigital-Identifier
