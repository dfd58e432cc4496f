Profile: UKCoreLocation
Id: UKCore-Location
Parent: Location
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Location"
* ^version = "2.3.0"
* ^status = #active
* identifier ^slicing.discriminator[0].type = #value
* identifier ^slicing.discriminator[0].path = "system"
* identifier ^slicing.rules = #open
* identifier contains odsSiteCode ..1 MS
* identifier[odsSiteCode].system 1..
* identifier[odsSiteCode].system = "https://fhir.nhs.uk/Id/ods-site-code" (exactly)
* identifier[odsSiteCode].value 1..
* status MS
* name MS
* address MS
