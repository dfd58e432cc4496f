Profile: NHSDigitalPatient
Id: NHSDigital-Patient
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-Patient"
* ^status = #draft
* . obeys patient-nhs
* extension[deathNotificationStatus].extension 1..
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MedicalApplianceSupplier named medicalApplianceSupplier ..1 MS
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NominatedPharmacy named nominatedPharmacy .. MS
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-PreferredDispenserOrganization named preferredDispenserOrganization ..1 MS
* identifier MS
* identifier[nhsNumber] MS
* identifier[nhsNumber].system MS
* name MS
* name.family MS
* name.given ..5 MS
* telecom MS
* gender MS
* birthDate MS
* deceased[x] MS
* address MS
* address.extension[addressKey] MS
* address.extension[addressKey].extension 2..
* contact MS
* communication MS
* generalPractitioner ^slicing.discriminator[0].type = #value
* generalPractitioner ^slicing.discriminator[0].path = "identifier.system"
* generalPractitioner ^slicing.rules = #openAtEnd
* generalPractitioner MS
* generalPractitioner only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Practitioner or https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole or https://fhir.nhs.uk/StructureDefinition/NHSDigital-Organization)
* generalPractitioner.identifier.system 1..
* generalPractitioner.identifier.value 1..
* generalPractitioner contains registeredGPPractice ..
* generalPractitioner[registeredGPPractice].identifier.system = "https://fhir.nhs.uk/Id/ods-organization-code" (exactly)
* generalPractitioner contains registeredGeneralMedicalPractitioner ..
* generalPractitioner[registeredGeneralMedicalPractitioner].identifier.system = "https://fhir.nhs.uk/Id/gmp-number" (exactly)
* managingOrganization.identifier 1..
* managingOrganization.identifier.system = "https://fhir.nhs.uk/Id/ods-organization-code" (exactly)

Profile: NHSDigitalPatientMinimal
Id: NHSDigital-Patient-Minimal
Parent: https://fhir.nhs.uk/StructureDefinition/NHSDigital-Patient
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-Patient-Minimal"
* ^status = #draft
* birthDate 1..

Profile: NHSDigitalPatientPDS
Id: NHSDigital-Patient-PDS
Parent: https://fhir.nhs.uk/StructureDefinition/NHSDigital-Patient
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-Patient-PDS"
* ^status = #draft
* identifier 1..
* identifier[nhsNumber] 1..
* name 1..
* gender 1..
* birthDate 1..
* address 1..
