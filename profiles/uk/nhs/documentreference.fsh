Profile: NHSDigitalDocumentReference
Id: NHSDigital-DocumentReference
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-DocumentReference
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-DocumentReference"
* ^status = #draft
* identifier MS
* status MS
* type MS
* type.coding 1..
* type.coding.system 1..
* type.coding.code 1..
* type.coding.display 1..
* category 1.. MS
* category from https://fhir.nhs.uk/ValueSet/DocumentCategory (required)
* subject 1.. MS
* subject only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Patient)
* subject ^type[0].aggregation[0] = #referenced
* subject obeys patient-reference-warning
* subject obeys patient-nhs
* subject.identifier.system 1..
* subject.identifier.value 1..
* date MS
* author MS
* author only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Organization or Device or https://fhir.nhs.uk/StructureDefinition/NHSDigital-Patient or https://fhir.hl7.org.uk/StructureDefinition/UKCore-RelatedPerson or https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole)
* custodian MS
* custodian only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Organization)
* content MS
* content.attachment MS
* content.attachment.data MS
* content.attachment.url MS
* context MS
* context.practiceSetting MS
* context.practiceSetting from https://fhir.nhs.uk/ValueSet/NHSDigital-CareSettingType (extensible)
* context.related MS
* context.related only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-ServiceRequest or https://fhir.nhs.uk/StructureDefinition/NHSDigital-Task)
