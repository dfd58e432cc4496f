Profile: UKCoreOperationOutcome
Id: UKCore-OperationOutcome
Parent: OperationOutcome
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-OperationOutcome"
* ^version = "1.3.0"
* ^status = #draft
* issue MS
* issue.severity MS
* issue.code MS
* issue.expression MS
