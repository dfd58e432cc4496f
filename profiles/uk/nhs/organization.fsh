Profile: NHSDigitalOrganization
Id: NHSDigital-Organization
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Organization
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-Organization"
* ^status = #draft
* extension 0..
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-ODS-OrganisationRelationships named relationships 0..1
* identifier 1.. MS
* identifier[odsSiteCode] ..0
* type from https://fhir.nhs.uk/ValueSet/organisation-role (preferred)
* type.extension 0..
* type.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-ODS-Organization-Role-ActivePeriod named activePeriod 0..
* type.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-ODS-Organization-Role named organisationRole 0..
* type.coding.system 1..
* type.coding.system = "https://fhir.nhs.uk/CodeSystem/organisation-role" (exactly)
* name MS
* telecom MS
* telecom.value 1..
* address MS
* partOf MS
* partOf obeys nhsd-6
* partOf.identifier 1..
* partOf.identifier.system 1..
* partOf.identifier.value 1..

Profile: NHSDigitalOrganizationODS
Id: NHSDigital-Organization-ODS
Parent: https://fhir.nhs.uk/StructureDefinition/NHSDigital-Organization
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-Organization-ODS"
* ^status = #draft
* identifier 1..
* identifier[odsOrganisationCode] 1..
* type 1..
* type.extension[organisationRole] 0..
* type.extension[organisationRole] only https://fhir.nhs.uk/StructureDefinition/Extension-ODS-Organization-Role
* type.coding.system 1..
* type.coding.system = "https://fhir.nhs.uk/CodeSystem/organisation-role" (exactly)
* name 1..

Profile: NHSDigitalOrganizationSDS
Id: NHSDigital-Organization-SDS
Parent: https://fhir.nhs.uk/StructureDefinition/NHSDigital-Organization
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-Organization-SDS"
* ^status = #draft
* type 1..
* name 1..
* telecom 1..
* address 1..
