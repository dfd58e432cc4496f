Profile: UKCoreMedicationRequest
Id: UKCore-MedicationRequest
Parent: MedicationRequest
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-MedicationRequest"
* ^version = "2.5.0"
* ^status = #active
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MedicationRepeatInformation named medicationRepeatInformation ..
* identifier MS
* status MS
* intent MS
* category MS
* category from https://fhir.hl7.org.uk/ValueSet/UKCore-MedicationRequestCategory (extensible)
* medication[x] MS
* medication[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-MedicationCode (preferred)
* subject MS
* authoredOn MS
* requester MS
* courseOfTherapyType from https://fhir.hl7.org.uk/ValueSet/UKCore-MedicationRequestCourseOfTherapy (extensible)
* dosageInstruction MS
* dosageInstruction.text MS
* dosageInstruction.timing MS
* dosageInstruction.asNeeded[x] ^binding.strength = #preferred
* dosageInstruction.site from https://fhir.hl7.org.uk/ValueSet/UKCore-BodySite (preferred)
* dosageInstruction.route from https://fhir.hl7.org.uk/ValueSet/UKCore-SubstanceOrProductAdministrationRoute (preferred)
* dosageInstruction.method from https://fhir.hl7.org.uk/ValueSet/UKCore-MedicationDosageMethod (preferred)
* dosageInstruction.doseAndRate MS
* dosageInstruction.doseAndRate.dose[x] MS
* dosageInstruction.doseAndRate.rate[x] MS
* dispenseRequest MS
* dispenseRequest.quantity MS
* substitution 1.. MS
