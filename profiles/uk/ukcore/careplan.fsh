Profile: UKCoreCarePlan
Id: UKCore-CarePlan
Parent: CarePlan
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-CarePlan"
* ^version = "2.2.0"
* ^status = #draft
* status MS
* intent MS
* category MS
* subject MS
