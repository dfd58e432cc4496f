Profile: UKCorePatient
Id: UKCore-Patient
Parent: Patient
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient"
* ^version = "2.6.1"
* ^status = #active
* extension contains http://hl7.org/fhir/StructureDefinition/patient-birthPlace named birthPlace ..
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-BirthSex named birthSex ..
* extension contains http://hl7.org/fhir/StructureDefinition/patient-cadavericDonor named cadavericDonor ..
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-ContactPreference named contactPreference ..
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeathNotificationStatus named deathNotificationStatus ..
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-EthnicCategory named ethnicCategory ..1
* extension contains http://hl7.org/fhir/6.0/StructureDefinition/extension-Patient.fetalStatus named fetalStatus ..
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-ResidentialStatus named residentialStatus ..
* extension contains http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired named patientInterpreterRequired ..
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberUnavailableReason named nhsNumberUnavailableReason ..
* identifier ^slicing.discriminator[0].type = #value
* identifier ^slicing.discriminator[0].path = "system"
* identifier ^slicing.rules = #open
* identifier MS
* identifier contains nhsNumber ..1
* identifier[nhsNumber] ^mustSupport = false
* identifier[nhsNumber].extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus named nhsNumberVerificationStatus ..1
* identifier[nhsNumber].extension[nhsNumberVerificationStatus] ^mustSupport = false
* identifier[nhsNumber].system 1..
* identifier[nhsNumber].system = "https://fhir.nhs.uk/Id/nhs-number" (exactly)
* identifier[nhsNumber].value 1..
* active MS
* name MS
* telecom MS
* telecom.system.extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-OtherContactSystem named otherContactSystem ..
* gender MS
* birthDate MS
* birthDate.extension contains http://hl7.org/fhir/StructureDefinition/patient-birthTime named birthTime ..
* address MS
* address.extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-AddressKey named addressKey ..
* address.extension[addressKey] ^mustSupport = false
* maritalStatus from https://fhir.hl7.org.uk/ValueSet/UKCore-PersonMaritalStatusCode (extensible)
* contact.extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-ContactRank named contactRank ..
* contact.extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-CopyCorrespondenceIndicator named copyCorrespondenceIndicator ..
* contact.relationship from https://fhir.hl7.org.uk/ValueSet/UKCore-PersonRelationshipType (extensible)
* contact.telecom.system.extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-OtherContactSystem named otherContactSystem ..
* communication.extension contains http://hl7.org/fhir/StructureDefinition/patient-proficiency named proficiency ..1
* communication.extension[proficiency].extension contains level ..
* communication.extension[proficiency].extension contains type ..
* communication.language from http://hl7.org/fhir/ValueSet/all-languages (required)
* managingOrganization MS
