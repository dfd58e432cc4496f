Profile: UKCoreTask
Id: UKCore-Task
Parent: Task
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Task"
* ^version = "1.2.0"
* ^status = #draft
* status MS
* intent MS
* code MS
* focus MS
* for MS
* authoredOn MS
* requester MS
* owner MS
* reasonCode MS
* reasonReference MS
* restriction MS
* restriction.period MS
* input MS
