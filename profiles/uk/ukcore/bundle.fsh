Profile: UKCoreBundle
Id: UKCore-Bundle
Parent: Bundle
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Bundle"
* ^version = "2.2.0"
* ^status = #draft
* type MS
* entry MS
