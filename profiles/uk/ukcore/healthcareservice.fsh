Profile: UKCoreHealthcareService
Id: UKCore-HealthcareService
Parent: HealthcareService
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-HealthcareService"
* ^version = "1.3.0"
* ^status = #active
* providedBy MS
* type MS
* specialty from https://fhir.hl7.org.uk/ValueSet/UKCore-PracticeSettingCode (extensible)
* communication from http://hl7.org/fhir/ValueSet/all-languages (required)
