Profile: NHSDigitalLocation
Id: NHSDigital-Location
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Location
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-Location"
* ^status = #draft
* identifier contains odsCode ..
* identifier[odsCode].system 1..
* identifier[odsCode].system = "https://fhir.nhs.uk/Id/ods-organization-code" (exactly)
* identifier[odsCode].value 1..
* type from https://fhir.nhs.uk/ValueSet/location-type (extensible)
* type.extension 0..
* type.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-ODS-Organization-Role named locationRole 0..1
* type.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-ODS-Organization-Role-ActivePeriod named activePeriod 0..1
* address 1.. MS
* managingOrganization only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Organization)
* managingOrganization obeys nhds-10
* managingOrganization.identifier 1..
* managingOrganization.identifier.system 1..
* managingOrganization.identifier.value 1..
* partOf obeys nhsd-9
* partOf.identifier 1..
* partOf.identifier.system 1..
* partOf.identifier.value 1..
