Profile: UKCoreMedicationDispense
Id: UKCore-MedicationDispense
Parent: MedicationDispense
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-MedicationDispense"
* ^version = "2.4.0"
* ^status = #active
* identifier MS
* status MS
* medication[x] MS
* medication[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-MedicationCode (preferred)
* subject MS
* performer MS
* type from https://fhir.hl7.org.uk/ValueSet/UKCore-MedicationSupplyType (extensible)
* quantity MS
* whenPrepared MS
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
