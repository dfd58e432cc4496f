Profile: UKCoreAllergyIntolerance
Id: UKCore-AllergyIntolerance
Parent: AllergyIntolerance
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-AllergyIntolerance"
* ^version = "2.5.0"
* ^status = #active
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-Evidence named evidence ..
* clinicalStatus MS
* clinicalStatus.extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-AllergyIntoleranceEnd named allergyIntoleranceEnd ..
* verificationStatus MS
* code 1.. MS
* code from https://fhir.hl7.org.uk/ValueSet/UKCore-AllergyCode (preferred)
* patient MS
* reaction MS
* reaction.substance from https://fhir.hl7.org.uk/ValueSet/UKCore-AllergySubstance (preferred)
* reaction.manifestation from https://fhir.hl7.org.uk/ValueSet/UKCore-AllergyManifestation (preferred)
* reaction.severity MS
* reaction.exposureRoute from https://fhir.hl7.org.uk/ValueSet/UKCore-SubstanceOrProductAdministrationRoute (preferred)
