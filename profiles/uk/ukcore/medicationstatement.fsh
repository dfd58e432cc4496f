Profile: UKCoreMedicationStatement
Id: UKCore-MedicationStatement
Parent: MedicationStatement
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-MedicationStatement"
* ^version = "2.5.0"
* ^status = #active
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-PharmacistVerifiedIndicator named pharmacistVerifiedIndicator ..
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MedicationPrescribingOrganizationType named medicationPrescribingOrganizationType ..
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MedicationStatementLastIssueDate named medicationStatementLastIssueDate ..
* identifier MS
* identifier.system 1..
* identifier.value 1..
* basedOn MS
* status MS
* category MS
* category from https://fhir.hl7.org.uk/ValueSet/UKCore-MedicationStatementCategory (extensible)
* medication[x] MS
* medication[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-MedicationCode (preferred)
* subject MS
* effective[x] MS
* dateAsserted MS
* informationSource MS
* derivedFrom MS
* dosage MS
* dosage.asNeeded[x] ^binding.strength = #preferred
* dosage.site from https://fhir.hl7.org.uk/ValueSet/UKCore-BodySite (preferred)
* dosage.route from https://fhir.hl7.org.uk/ValueSet/UKCore-SubstanceOrProductAdministrationRoute (preferred)
* dosage.method from https://fhir.hl7.org.uk/ValueSet/UKCore-MedicationDosageMethod (preferred)
