Profile: NHSDigitalIdentifier
Id: NHSDigital-Identifier
Parent: Identifier
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-Identifier"
* ^status = #draft
* type from https://fhir.nhs.uk/ValueSet/NHSDigital-IdentifierType (required)
