Profile: NHSDigitalOperationOutcome
Id: NHSDigital-OperationOutcome
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-OperationOutcome
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-OperationOutcome"
* ^version = "1.1.1"
* ^status = #draft
* meta 1.. MS
* meta.lastUpdated 1..
* extension 0..
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-Spine-supportingInfo named supportingInfo 0..
* issue MS
* issue obeys nhsd-errrorcode
* issue.severity MS
* issue.code MS
* issue.details MS
* issue.details from https://fhir.nhs.uk/ValueSet/NHSDigital-OperationOutcome-Codes (preferred)
* issue.details.coding 1..1 MS
* issue.details.coding from https://fhir.nhs.uk/ValueSet/NHSDigital-OperationOutcome-Codes (extensible)
* issue.details.coding.system 1..
* issue.details.coding.code 1..
* issue.diagnostics MS
* issue.location MS
* issue.expression MS

Profile: NHSDigitalOperationOutcomeReleaseResponse
Id: NHSDigital-OperationOutcome-ReleaseResponse
Parent: https://fhir.nhs.uk/StructureDefinition/NHSDigital-OperationOutcome
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-OperationOutcome-ReleaseResponse"
* ^version = "1.1.1"
* ^status = #draft
* extension 0..
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-Spine-supportingInfo-prescription named supportingInfoPrescription ..1
