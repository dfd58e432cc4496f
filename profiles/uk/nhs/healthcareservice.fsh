Profile: NHSDigitalHealthcareService
Id: NHSDigital-HealthcareService
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-HealthcareService
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-HealthcareService"
* ^status = #draft
* identifier ^slicing.discriminator[0].type = #value
* identifier ^slicing.discriminator[0].path = "system"
* identifier ^slicing.rules = #open
* identifier MS
* identifier contains ersServiceId ..1 MS
* identifier[ersServiceId].system 1..
* identifier[ersServiceId].system = "https://fhir.nhs.uk/Id/ers-service" (exactly)
* identifier[ersServiceId].value 1..
* identifier contains dosServiceId ..1 MS
* identifier[dosServiceId].system 1..
* identifier[dosServiceId].system = "http://fhir.nhs.uk/Id/dos-service-id" (exactly)
* identifier[dosServiceId].value 1..
* providedBy MS
* providedBy only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Organization)
* providedBy.identifier 1..
* providedBy.identifier.system 1..
* providedBy.identifier.system = "https://fhir.nhs.uk/Id/ods-organization-code" (exactly)
* providedBy.identifier.value 1..
* type MS
* type ^binding.strength = #preferred
* type.coding ^slicing.discriminator[0].type = #value
* type.coding ^slicing.discriminator[0].path = "system"
* type.coding ^slicing.rules = #open
* type.coding contains UKCoreCareSettingType .. MS
* type.coding[UKCoreCareSettingType] from https://fhir.hl7.org.uk/ValueSet/UKCore-CareSettingType (preferred)
* type.coding[UKCoreCareSettingType].system = "http://snomed.info/sct" (exactly)
* type.coding contains eRSAppointmentType .. MS
* type.coding[eRSAppointmentType].system = "https://fhir.nhs.uk/CodeSystem/eRS-AppointmentType" (exactly)
* specialty MS
* specialty.coding ^slicing.discriminator[0].type = #value
* specialty.coding ^slicing.discriminator[0].path = "system"
* specialty.coding ^slicing.rules = #open
* specialty.coding.system 1..
* specialty.coding.code 1..
* specialty.coding contains NHSDataDictionarySpecialty .. MS
* specialty.coding[NHSDataDictionarySpecialty] from https://fhir.nhs.uk/ValueSet/NHSDataModelAndDictionary-clinical-specialty (required)
* specialty.coding[NHSDataDictionarySpecialty].system = "https://fhir.nhs.uk/CodeSystem/NHSDataModelAndDictionary-clinical-specialty" (exactly)
* specialty.coding contains SNOMEDPracticeCode .. MS
* specialty.coding[SNOMEDPracticeCode] from http://hl7.org/fhir/ValueSet/c80-practice-codes (preferred)
* specialty.coding[SNOMEDPracticeCode].system = "http://snomed.info/sct" (exactly)
* specialty.coding contains eRSSpecialty .. MS
* specialty.coding[eRSSpecialty] from https://fhir.nhs.uk/ValueSet/NHSDigital-eRS-Specialty (preferred)
* specialty.coding[eRSSpecialty].system = "https://fhir.nhs.uk/CodeSystem/eRS-Specialty" (exactly)
* location ..1 MS
* location only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Location)
* location obeys nhsd-8
* location.identifier.system 1..
* location.identifier.system = "https://fhir.nhs.uk/Id/ods-site-code" (exactly)
* location.identifier.value 1..
* name 1.. MS
* telecom MS
* telecom.value 1..
* telecom.use 1..
* serviceProvisionCode MS
* serviceProvisionCode.coding ^slicing.discriminator[0].type = #value
* serviceProvisionCode.coding ^slicing.discriminator[0].path = "system"
* serviceProvisionCode.coding ^slicing.rules = #open
* serviceProvisionCode.coding contains eRSClinicType .. MS
* serviceProvisionCode.coding[eRSClinicType] from https://fhir.nhs.uk/ValueSet/NHSDigital-eRS-ClinicType (required)
* serviceProvisionCode.coding[eRSClinicType].system = "https://fhir.nhs.uk/CodeSystem/NHSDigital-ClinicType" (exactly)
* characteristic ^slicing.discriminator[0].type = #value
* characteristic ^slicing.discriminator[0].path = "coding.system"
* characteristic ^slicing.rules = #open
* characteristic contains eRS-BookableType ..
* characteristic[eRS-BookableType] from https://fhir.nhs.uk/ValueSet/eRS-BookableType (required)
* characteristic[eRS-BookableType].coding.system = "https://fhir.nhs.uk/CodeSystem/eRS-BookableType" (exactly)
* characteristic contains eRS-RequestFlowType ..
* characteristic[eRS-RequestFlowType] from https://fhir.nhs.uk/ValueSet/eRS-RequestFlowType (required)
* characteristic[eRS-RequestFlowType].coding.system = "https://fhir.nhs.uk/CodeSystem/eRS-RequestFlowType" (exactly)
* availableTime MS
* endpoint ^slicing.discriminator[0].type = #value
* endpoint ^slicing.discriminator[0].path = "identifier.system"
* endpoint ^slicing.rules = #open
* endpoint MS
* endpoint.identifier 1..
* endpoint.identifier.system 1..
* endpoint.identifier.value 1..
* endpoint contains nhsMhsPartyKey ..1
* endpoint[nhsMhsPartyKey].identifier.system = "https://fhir.nhs.uk/Id/nhsMhsPartyKey" (exactly)
* endpoint contains nhsSpineASID ..1
* endpoint[nhsSpineASID].identifier.system = "https://fhir.nhs.uk/Id/nhsSpineASID" (exactly)

Profile: NHSDigitalHealthcareServicePatientCare
Id: NHSDigital-HealthcareService-PatientCare
Parent: https://fhir.nhs.uk/StructureDefinition/NHSDigital-HealthcareService
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-HealthcareService-PatientCare"
* ^status = #draft
* identifier 1..
* identifier[ersServiceId] 1..
* providedBy 1..
* specialty 1..
* specialty.coding[eRSSpecialty] 1..
* specialty.coding[eRSSpecialty].display 1..
* location 1..
* location.identifier 1..
