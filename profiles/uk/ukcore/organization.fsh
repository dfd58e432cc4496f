Profile: UKCoreOrganization
Id: UKCore-Organization
Parent: Organization
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Organization"
* ^version = "2.5.1"
* ^status = #active
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MainLocation named mainLocation ..
* extension contains http://hl7.org/fhir/StructureDefinition/organization-period named organizationPeriod ..
* identifier ^slicing.discriminator[0].type = #value
* identifier ^slicing.discriminator[0].path = "system"
* identifier ^slicing.rules = #open
* identifier MS
* identifier contains odsOrganisationCode ..1
* identifier[odsOrganisationCode].system 1..
* identifier[odsOrganisationCode].system = "https://fhir.nhs.uk/Id/ods-organization-code" (exactly)
* identifier[odsOrganisationCode].value 1..
* identifier contains odsSiteCode ..1
* identifier[odsSiteCode].system 1..
* identifier[odsSiteCode].system = "https://fhir.nhs.uk/Id/ods-site-code" (exactly)
* identifier[odsSiteCode].value 1..
* active MS
* type from https://fhir.hl7.org.uk/ValueSet/UKCore-OrganizationType (extensible)
* name MS
* telecom MS
* address MS
