Profile: UKCoreRelatedPerson
Id: UKCore-RelatedPerson
Parent: RelatedPerson
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-RelatedPerson"
* ^version = "2.5.0"
* ^status = #active
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-ContactPreference named contactPreference ..
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-CopyCorrespondenceIndicator named copyCorrespondenceIndicator ..
* active MS
* patient MS
* relationship MS
* relationship from https://fhir.hl7.org.uk/ValueSet/UKCore-PersonRelationshipType (extensible)
* name MS
* telecom MS
* telecom.system.extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-OtherContactSystem named otherContactSystem ..
* address MS
* communication.language from http://hl7.org/fhir/ValueSet/all-languages (required)
