Profile: UKCoreDocumentReference
Id: UKCore-DocumentReference
Parent: DocumentReference
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-DocumentReference"
* ^version = "2.2.0"
* ^status = #draft
* identifier MS
* status MS
* type MS
* type from https://fhir.hl7.org.uk/ValueSet/UKCore-DocumentType (extensible)
* category MS
* subject MS
* date MS
* author MS
* description MS
* content MS
* context.practiceSetting from https://fhir.hl7.org.uk/ValueSet/UKCore-CareSettingType (preferred)
