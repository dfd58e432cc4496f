Profile: NHSDigitalPractitionerRole
Id: NHSDigital-PractitionerRole
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-PractitionerRole
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole"
* ^version = "1.0.1"
* ^status = #draft
* . obeys role-spurious
* . obeys role-sds-role-profile
* extension 0..
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-NHSDigital-Account-code named costCentre 0..1 MS
* identifier ^slicing.discriminator[0].type = #value
* identifier ^slicing.discriminator[0].path = "system"
* identifier ^slicing.rules = #open
* identifier MS
* identifier contains sdsRoleProfileID ..1 MS
* identifier[sdsRoleProfileID].system = "https://fhir.nhs.uk/Id/sds-role-profile-id" (exactly)
* identifier contains nhsbsaSpuriousCode ..1 MS
* identifier[nhsbsaSpuriousCode].system = "https://fhir.hl7.org.uk/Id/nhsbsa-spurious-code" (exactly)
* practitioner MS
* practitioner only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Practitioner)
* practitioner obeys nhsd-2
* practitioner obeys role-nmc
* practitioner obeys role-gmp
* practitioner obeys role-gmc
* practitioner obeys role-gphc
* practitioner obeys role-hcpc
* practitioner obeys role-din
* practitioner obeys role-sds-user-numeric
* practitioner obeys role-gmcreferencenumber
* practitioner obeys nacs-code-retired
* organization MS
* organization only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Organization)
* organization obeys nhsd-1
* organization.identifier.system 1..
* organization.identifier.value 1..
* code MS
* code.coding ^slicing.discriminator[0].type = #value
* code.coding ^slicing.discriminator[0].path = "system"
* code.coding ^slicing.rules = #open
* code.coding 1..
* code.coding.system 1..
* code.coding.code 1..
* code.coding contains sdsJobRoleCode ..1 MS
* code.coding[sdsJobRoleCode].system = "https://fhir.nhs.uk/CodeSystem/NHSDigital-SDS-JobRoleCode" (exactly)
* code.coding contains SDSJobRoleName ..
* code.coding[SDSJobRoleName].system = "https://fhir.hl7.org.uk/CodeSystem/UKCore-SDSJobRoleName" (exactly)
* code.coding contains ukCoreSNOMEDCT ..
* code.coding[ukCoreSNOMEDCT] from https://fhir.hl7.org.uk/ValueSet/UKCore-PractitionerRoleCode (preferred)
* code.coding[ukCoreSNOMEDCT].system = "http://snomed.info/sct" (exactly)
* specialty MS
* specialty.coding ^slicing.discriminator[0].type = #value
* specialty.coding ^slicing.discriminator[0].path = "system"
* specialty.coding ^slicing.rules = #open
* specialty.coding 1..
* specialty.coding.system 1..
* specialty.coding.code 1..
* specialty.coding.display 1..
* specialty.coding contains SNOMEDSpecialty .. MS
* specialty.coding[SNOMEDSpecialty] from http://hl7.org/fhir/ValueSet/c80-practice-codes (preferred)
* specialty.coding[SNOMEDSpecialty].system = "http://snomed.info/sct" (exactly)
* location only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Location)
* location ^mustSupport = false
* location obeys nhsd-3
* location.identifier.system 1..
* location.identifier.value 1..
* healthcareService ..1 MS
* healthcareService only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-HealthcareService)
* healthcareService obeys nhsd-4
* healthcareService.identifier.system 1..
* healthcareService.identifier.value 1..
* telecom MS
* telecom.value 1..
* telecom.use 1..

Profile: NHSDigitalPractitionerRoleEPSLegal
Id: NHSDigital-PractitionerRole-EPSLegal
Parent: https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole-EPSLegal"
* ^status = #draft
* identifier 1..
* identifier[sdsRoleProfileID] 1..
* practitioner 1..
* practitioner obeys nhsd-practitioner-references
* organization 1..
* organization obeys nhsd-organization-references
* code 1..
* location only Reference
* location ^type[0].aggregation[0] = #bundled
* telecom 1..

Profile: NHSDigitalPractitionerRoleMinimal
Id: NHSDigital-PractitionerRole-Minimal
Parent: https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole-Minimal"
* ^status = #draft
* practitioner 1..
* practitioner.identifier.system 1..
* practitioner.identifier.value 1..
* organization 1..
* organization.identifier.system = "https://fhir.nhs.uk/Id/ods-organization-code" (exactly)

Profile: NHSDigitalPractitionerRoleSDS
Id: NHSDigital-PractitionerRole-SDS
Parent: https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole-SDS"
* ^status = #draft
* identifier 1..
* identifier[sdsRoleProfileID] 1..
* practitioner 1..
* practitioner.identifier 1..
* practitioner.identifier.system 1..
* practitioner.identifier.system = "https://fhir.nhs.uk/Id/sds-user-id" (exactly)
* practitioner.identifier.value 1..
* practitioner.display 1..
* organization 1..
* organization only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Organization-SDS)
* organization.reference 1..
* organization.identifier.system = "https://fhir.nhs.uk/Id/ods-organization-code" (exactly)
* code 1..
* code.coding[sdsJobRoleCode] 1..
* telecom 1..
