Profile: UKCoreCondition
Id: UKCore-Condition
Parent: Condition
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Condition"
* ^version = "2.6.0"
* ^status = #active
* extension contains http://hl7.org/fhir/6.0/StructureDefinition/extension-Condition.bodyStructure named bodyStructureR6 ..
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-ConditionEpisode named conditionEpisode ..
* clinicalStatus MS
* verificationStatus MS
* category from https://fhir.hl7.org.uk/ValueSet/UKCore-ConditionCategory (extensible)
* severity MS
* code MS
* code from https://fhir.hl7.org.uk/ValueSet/UKCore-ConditionCode (preferred)
* bodySite ^binding.strength = #preferred
* subject MS
* recorder MS
