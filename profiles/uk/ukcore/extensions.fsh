Extension: extensionObservationbodyStructure
Id: extension-Observation.bodyStructure
* ^url = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Observation.bodyStructure"
* ^version = "1.0.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "Observation"
* . ..1
* value[x] 1..
* value[x] only Reference(BodyStructure)

Extension: extensionObservationtriggeredBy
Id: extension-Observation.triggeredBy
* ^url = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Observation.triggeredBy"
* ^version = "1.1.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "Observation"
* extension 2..
* extension contains observation 1..1
* extension[observation].extension ..0
* extension[observation].value[x] 1..
* extension[observation].value[x] only Reference(Observation)
* extension contains type 1..1
* extension[type] from http://hl7.org/fhir/ValueSet/observation-triggeredbytype (required)
* extension[type].extension ..0
* extension[type].value[x] 1..
* extension[type].value[x] only code
* extension contains reason ..1
* extension[reason].extension ..0
* extension[reason].value[x] 1..
* extension[reason].value[x] only string
* value[x] ..0

Extension: extensionConditionbodyStructure
Id: extension-Condition.bodyStructure
* ^url = "http://hl7.org/fhir/6.0/StructureDefinition/extension-Condition.bodyStructure"
* ^version = "0.0.1"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "Condition"
* . ..1
* value[x] 1..
* value[x] only Reference(BodyStructure)

Extension: extensionPatientfetalStatus
Id: extension-Patient.fetalStatus
* ^url = "http://hl7.org/fhir/6.0/StructureDefinition/extension-Patient.fetalStatus"
* ^version = "0.0.1"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "Patient"
* . ..1
* value[x] 1..
* value[x] only code
* value[x] from http://hl7.org/fhir/ValueSet/patient-fetalstatus (required)

Extension: ExtensionUKCoreAdditionalContact
Id: Extension-UKCore-AdditionalContact
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-AdditionalContact"
* ^version = "1.1.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "ServiceRequest"
* value[x] 1..
* value[x] only Reference(Organization or Practitioner or PractitionerRole)

Extension: ExtensionUKCoreAddressKey
Id: Extension-UKCore-AddressKey
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-AddressKey"
* ^version = "3.0.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "Address"
* extension 2..
* extension contains type 1..1
* extension[type].value[x] 1..
* extension[type].value[x] only CodeableConcept
* extension[type].value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-AddressKeyType (extensible)
* extension contains value 1..1
* extension[value].value[x] 1..
* extension[value].value[x] only string
* value[x] ..0

Extension: ExtensionUKCoreAdmissionMethod
Id: Extension-UKCore-AdmissionMethod
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-AdmissionMethod"
* ^version = "2.3.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "Encounter.hospitalization"
* . ..1
* value[x] 1..
* value[x] only CodeableConcept
* value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-AdmissionMethod (extensible)

Extension: ExtensionUKCoreAllergyIntoleranceEnd
Id: Extension-UKCore-AllergyIntoleranceEnd
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-AllergyIntoleranceEnd"
* ^version = "2.3.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "AllergyIntolerance.clinicalStatus"
* . ..1
* extension contains endDate ..1
* extension[endDate].value[x] 1..
* extension[endDate].value[x] only dateTime
* extension contains reasonEnded ..1
* extension[reasonEnded].value[x] 1..
* extension[reasonEnded].value[x] only string
* value[x] ..0

Extension: ExtensionUKCoreBirthSex
Id: Extension-UKCore-BirthSex
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-BirthSex"
* ^version = "2.1.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "Patient"
* . ..1
* value[x] 1..
* value[x] only CodeableConcept
* value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-BirthSex (required)

Extension: ExtensionUKCoreBookingOrganization
Id: Extension-UKCore-BookingOrganization
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-BookingOrganization"
* ^version = "1.3.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "Appointment"
* . ..1
* value[x] 1..
* value[x] only Reference(Organization)

Extension: ExtensionUKCoreConditionEpisode
Id: Extension-UKCore-ConditionEpisode
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-ConditionEpisode"
* ^version = "3.1.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "Condition"
* value[x] 1..
* value[x] only CodeableConcept
* value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-ConditionEpisodicity (extensible)

Extension: ExtensionUKCoreContactPreference
Id: Extension-UKCore-ContactPreference
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-ContactPreference"
* ^version = "2.3.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "Patient"
* ^context[1].type = #element
* ^context[1].expression = "RelatedPerson"
* . ..1
* extension contains PreferredContactMethod ..1
* extension[PreferredContactMethod].value[x] 1..
* extension[PreferredContactMethod].value[x] only CodeableConcept
* extension[PreferredContactMethod].value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-PreferredContactMethod (extensible)
* extension contains PreferredContactTimes ..1
* extension[PreferredContactTimes].value[x] 1..
* extension[PreferredContactTimes].value[x] only string or Timing
* extension contains PreferredWrittenCommunicationFormat ..1
* extension[PreferredWrittenCommunicationFormat].value[x] 1..
* extension[PreferredWrittenCommunicationFormat].value[x] only CodeableConcept
* extension[PreferredWrittenCommunicationFormat].value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-PreferredWrittenCommunicationFormat (extensible)
* value[x] ..0

Extension: ExtensionUKCoreContactRank
Id: Extension-UKCore-ContactRank
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-ContactRank"
* ^version = "2.2.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "Patient.contact"
* . ..1
* value[x] 1..
* value[x] only positiveInt

Extension: ExtensionUKCoreCopyCorrespondenceIndicator
Id: Extension-UKCore-CopyCorrespondenceIndicator
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-CopyCorrespondenceIndicator"
* ^version = "2.2.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "Patient.contact"
* ^context[1].type = #element
* ^context[1].expression = "RelatedPerson"
* . ..1
* value[x] 1..
* value[x] only boolean

Extension: ExtensionUKCoreCoverage
Id: Extension-UKCore-Coverage
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-Coverage"
* ^version = "1.0.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "ServiceRequest"
* value[x] 1..
* value[x] only CodeableConcept
* value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-FundingCategory (extensible)

Extension: ExtensionUKCoreCuffSize
Id: Extension-UKCore-CuffSize
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-CuffSize"
* ^version = "1.0.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "Device"
* value[x] 1..
* value[x] only CodeableConcept
* value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-BloodPressure-CuffSize (preferred)

Extension: ExtensionUKCoreDeathNotificationStatus
Id: Extension-UKCore-DeathNotificationStatus
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeathNotificationStatus"
* ^version = "2.2.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "Patient"
* . ..1
* extension 1..
* extension contains deathNotificationStatus 1..1
* extension[deathNotificationStatus].value[x] 1..
* extension[deathNotificationStatus].value[x] only CodeableConcept
* extension[deathNotificationStatus].value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-DeathNotificationStatus (extensible)
* extension contains systemEffectiveDate ..1
* extension[systemEffectiveDate].value[x] 1..
* extension[systemEffectiveDate].value[x] only dateTime
* value[x] ..0

Extension: ExtensionUKCoreDeliveryChannel
Id: Extension-UKCore-DeliveryChannel
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeliveryChannel"
* ^version = "2.1.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "Appointment"
* ^context[1].type = #element
* ^context[1].expression = "Slot"
* value[x] 1..
* value[x] only CodeableConcept
* value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-DeliveryChannel (extensible)

Extension: ExtensionUKCoreDischargeMethod
Id: Extension-UKCore-DischargeMethod
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DischargeMethod"
* ^version = "2.2.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "Encounter"
* . ..1
* value[x] 1..
* value[x] only CodeableConcept
* value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-DischargeMethod (extensible)

Extension: ExtensionUKCoreEmergencyCareDischargeStatus
Id: Extension-UKCore-EmergencyCareDischargeStatus
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-EmergencyCareDischargeStatus"
* ^version = "2.1.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "Encounter"
* . ..1
* value[x] 1..
* value[x] only CodeableConcept
* value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-EmergencyCareDischargeStatus (preferred)

Extension: ExtensionUKCoreEthnicCategory
Id: Extension-UKCore-EthnicCategory
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-EthnicCategory"
* ^version = "2.3.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "Patient"
* value[x] 1..
* value[x] only CodeableConcept
* value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-EthnicCategory (extensible)

Extension: ExtensionUKCoreEvidence
Id: Extension-UKCore-Evidence
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-Evidence"
* ^version = "2.2.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "AllergyIntolerance"
* value[x] 1..
* value[x] only Reference(DiagnosticReport)

Extension: ExtensionUKCoreLegalStatus
Id: Extension-UKCore-LegalStatus
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-LegalStatus"
* ^version = "1.2.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "Encounter"
* extension 2..
* extension contains legalStatusContext 1..1
* extension[legalStatusContext].value[x] 1..
* extension[legalStatusContext].value[x] only CodeableConcept
* extension[legalStatusContext].value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-LegalStatusContext (extensible)
* extension contains legalStatusClassification 1..1
* extension[legalStatusClassification].value[x] 1..
* extension[legalStatusClassification].value[x] only CodeableConcept
* extension[legalStatusClassification].value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-LegalStatusClassification (extensible)
* value[x] ..0

Extension: ExtensionUKCoreMainLocation
Id: Extension-UKCore-MainLocation
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MainLocation"
* ^version = "2.1.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "Organization"
* . ..1
* value[x] 1..
* value[x] only Reference(Location)

Extension: ExtensionUKCoreMedicalApplianceSupplier
Id: Extension-UKCore-MedicalApplianceSupplier
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MedicalApplianceSupplier"
* ^version = "2.1.0"
* ^status = #retired
* ^context[0].type = #element
* ^context[0].expression = "Patient"
* value[x] 1..
* value[x] only Reference(Organization)

Extension: ExtensionUKCoreMedicationPrescribingOrganizationType
Id: Extension-UKCore-MedicationPrescribingOrganizationType
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MedicationPrescribingOrganizationType"
* ^version = "1.1.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "MedicationStatement"
* . ..1
* value[x] 1..
* value[x] only CodeableConcept
* value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-MedicationPrescribingOrganizationType (extensible)

Extension: ExtensionUKCoreMedicationRepeatInformation
Id: Extension-UKCore-MedicationRepeatInformation
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MedicationRepeatInformation"
* ^version = "2.3.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "MedicationRequest"
* . ..1
* extension contains numberOfPrescriptionsIssued ..1
* extension[numberOfPrescriptionsIssued].value[x] 1..
* extension[numberOfPrescriptionsIssued].value[x] only unsignedInt
* extension contains authorisationExpiryDate ..1
* extension[authorisationExpiryDate].value[x] 1..
* extension[authorisationExpiryDate].value[x] only dateTime
* value[x] ..0

Extension: ExtensionUKCoreMedicationStatementLastIssueDate
Id: Extension-UKCore-MedicationStatementLastIssueDate
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MedicationStatementLastIssueDate"
* ^version = "2.1.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "MedicationStatement"
* . ..1
* value[x] 1..
* value[x] only dateTime

Extension: ExtensionUKCoreMedicationTradeFamily
Id: Extension-UKCore-MedicationTradeFamily
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MedicationTradeFamily"
* ^version = "1.1.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "Medication"
* . ..1
* value[x] 1..
* value[x] only CodeableConcept
* value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-MedicationTradeFamily (preferred)

Extension: ExtensionUKCoreNHSNumberUnavailableReason
Id: Extension-UKCore-NHSNumberUnavailableReason
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberUnavailableReason"
* ^version = "1.0.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "Patient"
* . ..1
* value[x] 1..
* value[x] only CodeableConcept
* value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-NHSNumberUnavailableReason (extensible)

Extension: ExtensionUKCoreNHSNumberVerificationStatus
Id: Extension-UKCore-NHSNumberVerificationStatus
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"
* ^version = "2.1.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "Patient.identifier"
* value[x] 1..
* value[x] only CodeableConcept
* value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-NHSNumberVerificationStatus (required)

Extension: ExtensionUKCoreNominatedPharmacy
Id: Extension-UKCore-NominatedPharmacy
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NominatedPharmacy"
* ^version = "2.1.0"
* ^status = #retired
* ^context[0].type = #element
* ^context[0].expression = "Patient"
* . ..1
* value[x] 1..
* value[x] only Reference(Organization)

Extension: ExtensionUKCoreOtherContactSystem
Id: Extension-UKCore-OtherContactSystem
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-OtherContactSystem"
* ^version = "3.0.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "ContactPoint.system"
* . ..1
* value[x] 1..
* value[x] only CodeableConcept
* value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-OtherContactSystem (extensible)

Extension: ExtensionUKCoreOutcomeOfAttendance
Id: Extension-UKCore-OutcomeOfAttendance
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-OutcomeOfAttendance"
* ^version = "2.2.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "Encounter"
* . ..1
* value[x] 1..
* value[x] only CodeableConcept
* value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-OutcomeOfAttendance (extensible)

Extension: ExtensionUKCorePharmacistVerifiedIndicator
Id: Extension-UKCore-PharmacistVerifiedIndicator
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-PharmacistVerifiedIndicator"
* ^version = "1.0.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "MedicationStatement"
* . ..1
* value[x] 1..
* value[x] only boolean

Extension: ExtensionUKCorePreferredDispenserOrganization
Id: Extension-UKCore-PreferredDispenserOrganization
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-PreferredDispenserOrganization"
* ^version = "2.1.0"
* ^status = #retired
* ^context[0].type = #element
* ^context[0].expression = "Patient"
* value[x] 1..
* value[x] only Reference(Organization)

Extension: ExtensionUKCorePriorityReason
Id: Extension-UKCore-PriorityReason
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-PriorityReason"
* ^version = "1.0.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "ServiceRequest.priority"
* value[x] 1..
* value[x] only CodeableConcept
* value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-ServiceRequestReasonCode (preferred)

Extension: ExtensionUKCoreRecordingSetting
Id: Extension-UKCore-RecordingSetting
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-RecordingSetting"
* ^version = "1.1.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "Observation"
* value[x] 1..
* value[x] only CodeableConcept
* value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-RecordingSetting (preferred)

Extension: ExtensionUKCoreResidentialStatus
Id: Extension-UKCore-ResidentialStatus
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-ResidentialStatus"
* ^version = "2.1.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "Patient"
* . ..1
* value[x] 1..
* value[x] only CodeableConcept
* value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-ResidentialStatus (extensible)

Extension: ExtensionUKCoreSourceOfServiceRequest
Id: Extension-UKCore-SourceOfServiceRequest
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-SourceOfServiceRequest"
* ^version = "1.2.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "ServiceRequest"
* value[x] 1..
* value[x] only CodeableConcept
* value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-SourceOfServiceRequest (preferred)

Extension: ExtensionUKCoreTypedDateTime
Id: Extension-UKCore-TypedDateTime
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-TypedDateTime"
* ^version = "2.2.0"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "Encounter"
* ^context[1].type = #element
* ^context[1].expression = "Communication"
* ^context[2].type = #element
* ^context[2].expression = "Organization"
* ^context[3].type = #element
* ^context[3].expression = "OrganizationAffiliation"
* extension 2..
* extension contains dateTimeType 1..1
* extension[dateTimeType].value[x] 1..
* extension[dateTimeType].value[x] only CodeableConcept
* extension[dateTimeType].value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-DateTimeType (extensible)
* extension contains dateTime 1..1
* extension[dateTime].value[x] 1..
* extension[dateTime].value[x] only dateTime
* value[x] ..0

Extension: ExtensionUKCoreTypedPeriod
Id: Extension-UKCore-TypedPeriod
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-TypedPeriod"
* ^version = "1.0.0"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "Organization"
* ^context[1].type = #element
* ^context[1].expression = "OrganizationAffiliation"
* extension 2..
* extension contains dataType 1..1
* extension[dataType].value[x] 1..
* extension[dataType].value[x] only Coding
* extension[dataType].value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-PeriodType (extensible)
* extension contains period 1..1
* extension[period].value[x] 1..
* extension[period].value[x] only Period
* value[x] ..0
