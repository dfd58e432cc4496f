Profile: UKCorePractitionerRole
Id: UKCore-PractitionerRole
Parent: PractitionerRole
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-PractitionerRole"
* ^version = "2.4.0"
* ^status = #active
* active MS
* period MS
* practitioner MS
* organization MS
* specialty MS
* specialty from https://fhir.hl7.org.uk/ValueSet/UKCore-PracticeSettingCode (extensible)
* location MS
* telecom MS
