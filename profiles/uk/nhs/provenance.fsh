Profile: NHSDigitalProvenance
Id: NHSDigital-Provenance
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Provenance
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-Provenance"
* ^status = #draft
* target only Reference
* target ^type[0].aggregation[0] = #bundled
* target.identifier 1..
* target.identifier.system 1..
* target.identifier.value 1..
* agent MS
* agent.who MS
* agent.who only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole)
* agent.who obeys who-reference
* agent.who.identifier.system 1..
* agent.who.identifier.value 1..
* signature 1.. MS
* signature.when MS
* signature.who MS
* signature.who only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Practitioner or https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole)
* signature.who.reference 1..
