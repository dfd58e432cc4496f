Profile: UKCoreProvenance
Id: UKCore-Provenance
Parent: Provenance
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Provenance"
* ^version = "1.2.0"
* ^status = #draft
* target MS
* recorded MS
* agent MS
* signature MS
