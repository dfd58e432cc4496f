Extension: ExtensionClaimMedicationDispenseReference
Id: Extension-ClaimMedicationDispenseReference
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-ClaimMedicationDispenseReference"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "Claim.item.detail.subDetail"
* value[x] only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationDispense)
* value[x].identifier 1..
* value[x].identifier.system 1..
* value[x].identifier.value 1..

Extension: ExtensionClaimMedicationRequestReference
Id: Extension-ClaimMedicationRequestReference
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-ClaimMedicationRequestReference"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "Claim.item.detail"
* value[x] only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationRequest)
* value[x].identifier 1..
* value[x].identifier.system 1..
* value[x].identifier.system = "https://fhir.nhs.uk/Id/prescription-order-item-number" (exactly)
* value[x].identifier.value 1..

Extension: ExtensionClaimSequenceIdentifier
Id: Extension-ClaimSequenceIdentifier
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-ClaimSequenceIdentifier"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "Claim.item"
* ^context[1].type = #element
* ^context[1].expression = "Claim.item.detail"
* value[x] only Identifier
* value[x].system 1..
* value[x].system = "https://fhir.nhs.uk/Id/claim-sequence-identifier" (exactly)
* value[x].value 1..

Extension: ExtensionDMControlledDrug
Id: Extension-DM-ControlledDrug
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-DM-ControlledDrug"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "MedicationRequest"
* . obeys eps-cd1
* extension 0..
* extension contains quantityWords 0..1
* extension[quantityWords].value[x] 1..
* extension[quantityWords].value[x] only string
* extension contains schedule 0..1
* extension[schedule] from https://fhir.nhs.uk/ValueSet/DM-medicationrequest-controlled-drug (required)
* extension[schedule].value[x] 1..
* extension[schedule].value[x] only Coding
* extension[schedule].value[x].system 1..
* extension[schedule].value[x].code 1..
* extension[schedule].value[x].display 1..
* value[x] ..0

Extension: ExtensionDMDispensingPerformer
Id: Extension-DM-DispensingPerformer
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-DM-DispensingPerformer"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "MedicationRequest.dispenseRequest.performer"
* value[x] only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole)

Extension: ExtensionDMGroupIdentifier
Id: Extension-DM-GroupIdentifier
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-DM-GroupIdentifier"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "MedicationDispense.authorizingPrescription"
* ^context[1].type = #element
* ^context[1].expression = "Claim.prescription"
* ^context[2].type = #element
* ^context[2].expression = "Claim.originalPrescription"
* extension contains UUID 1..1
* extension[UUID].value[x] only Identifier
* extension contains shortForm 1..1
* extension[shortForm].value[x] only Identifier
* value[x] ..0
* value[x] only base64Binary or boolean or canonical or code or date or dateTime or decimal or id or instant or integer or markdown or oid or positiveInt or string or time or unsignedInt or uri or url or uuid or Address or Age or Annotation or Attachment or CodeableConcept or Coding or ContactPoint or Count or Distance or Duration or HumanName or Identifier or Money or Period or Quantity or Range or Ratio or Reference or SampledData or Signature or Timing or ContactDetail or Contributor or DataRequirement or Expression or ParameterDefinition or RelatedArtifact or TriggerDefinition or UsageContext or Dosage

Extension: ExtensionDMPerformerSiteType
Id: Extension-DM-PerformerSiteType
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-DM-PerformerSiteType"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "MedicationRequest.dispenseRequest"
* . ..1
* value[x] 1..
* value[x] only Coding
* value[x] from https://fhir.nhs.uk/ValueSet/DM-performer-site-type (required)
* value[x].system 1..
* value[x].code 1..

Extension: ExtensionDMPrescriptionEndorsement
Id: Extension-DM-PrescriptionEndorsement
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-DM-PrescriptionEndorsement"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "MedicationRequest"
* value[x] 1..
* value[x] only CodeableConcept
* value[x] from https://fhir.nhs.uk/ValueSet/DM-prescription-endorsement (required)
* value[x].coding 1..
* value[x].coding.system 1..
* value[x].coding.code 1..

Extension: ExtensionDMPrescriptionId
Id: Extension-DM-PrescriptionId
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-DM-PrescriptionId"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "MedicationRequest.groupIdentifier"
* ^context[1].type = #element
* ^context[1].expression = "MedicationRequest.basedOn"
* . ..1
* value[x] only Identifier
* value[x].system = "https://fhir.nhs.uk/Id/prescription" (exactly)

Extension: ExtensionDMPrescriptionNonDispensingReason
Id: Extension-DM-PrescriptionNonDispensingReason
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-DM-PrescriptionNonDispensingReason"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "MedicationDispense"
* value[x] 1..
* value[x] only Coding
* value[x] from https://fhir.nhs.uk/ValueSet/DM-medicationdispense-status-reason (required)
* value[x].system 1..
* value[x].code 1..

Extension: ExtensionDMPrescriptionStatusHistory
Id: Extension-DM-PrescriptionStatusHistory
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-DM-PrescriptionStatusHistory"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "MedicationRequest"
* extension contains statusDate ..1
* extension[statusDate].value[x] only dateTime
* extension contains status 1..1
* extension[status] from https://fhir.nhs.uk/ValueSet/DM-prescription-task-status-reason (required)
* extension[status].value[x] only Coding
* extension[status].value[x].system 1..
* extension[status].value[x].code 1..
* value[x] ..0

Extension: ExtensionDMPrescriptionType
Id: Extension-DM-PrescriptionType
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-DM-PrescriptionType"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "MedicationRequest"
* . ..1
* value[x] 1..
* value[x] only Coding
* value[x] from https://fhir.nhs.uk/ValueSet/DM-prescription-type (extensible)
* value[x].system 1..
* value[x].code 1..

Extension: ExtensionDMResponsiblePractitioner
Id: Extension-DM-ResponsiblePractitioner
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-DM-ResponsiblePractitioner"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "MedicationRequest"
* value[x] 1..
* value[x] only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole)
* value[x] ^type[0].aggregation[0] = #referenced
* value[x] ^type[0].aggregation[1] = #bundled

Extension: ExtensionDMRunningTotal
Id: Extension-DM-RunningTotal
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-DM-RunningTotal"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "Claim.item.detail.quantity"
* ^context[1].type = #element
* ^context[1].expression = "MedicationDispense.quantity"
* value[x] only Quantity

Extension: ExtensionEPSDispensingInformation
Id: Extension-EPS-DispensingInformation
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-EPS-DispensingInformation"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "MedicationRequest"
* ^context[1].type = #element
* ^context[1].expression = "Task.input"
* extension contains dateLastDispensed ..1
* extension[dateLastDispensed].value[x] only dateTime
* extension contains dispenseNotificationReference ..1
* extension[dispenseNotificationReference].value[x] only Identifier
* extension contains dispenseStatus ..1
* extension[dispenseStatus].value[x] only Coding
* value[x] ..0

Extension: ExtensionEPSDispensingReleaseInformation
Id: Extension-EPS-DispensingReleaseInformation
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-EPS-DispensingReleaseInformation"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "Task.output"
* extension 0..
* extension contains dateLastIssuedDispensed 0..1
* extension[dateLastIssuedDispensed].value[x] only dateTime
* extension contains dateDownloaded 0..1
* extension[dateDownloaded].value[x] only dateTime
* extension contains dateClaimed 0..1
* extension[dateClaimed].value[x] only dateTime
* value[x] ..0

Extension: ExtensionEPSPrescription
Id: Extension-EPS-Prescription
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-EPS-Prescription"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "Task"
* extension contains courseOfTherapyType ..1
* extension[courseOfTherapyType].value[x] only Coding
* extension[courseOfTherapyType].value[x] from https://fhir.nhs.uk/ValueSet/DM-medicationrequest-course-of-therapy (required)
* value[x] ..0

Extension: ExtensionEPSRepeatInformation
Id: Extension-EPS-RepeatInformation
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-EPS-RepeatInformation"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "MedicationDispense"
* ^context[1].type = #element
* ^context[1].expression = "Task"
* ^context[2].type = #element
* ^context[2].expression = "Claim.item.detail"
* ^context[3].type = #element
* ^context[3].expression = "Claim.item.detail.subDetail"
* ^context[4].type = #element
* ^context[4].expression = "MedicationRequest.basedOn"
// The service also takes it here, which is where its examples have it.
* ^context[5].type = #element
* ^context[5].expression = "Claim.item"
* extension 0..
* extension contains numberOfRepeatsAllowed 0..1
* extension[numberOfRepeatsAllowed].value[x] only integer
* extension contains numberOfRepeatsIssued 0..1
* extension[numberOfRepeatsIssued].value[x] only integer
* value[x] ..0

Extension: ExtensionEPSSupplyHeaderIdentifier
Id: Extension-EPS-SupplyHeaderIdentifier
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-EPS-SupplyHeaderIdentifier"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "Claim"
* ^context[1].type = #element
* ^context[1].expression = "MedicationDispense"
* value[x] only Identifier
* value[x].system 1..
* value[x].system = "https://fhir.nhs.uk/Id/supply-header-identifier" (exactly)
* value[x].value 1..

Extension: ExtensionEPSTaskBusinessStatus
Id: Extension-EPS-TaskBusinessStatus
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-EPS-TaskBusinessStatus"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "MedicationDispense"
* ^context[1].type = #element
* ^context[1].expression = "Claim.item"
* value[x] 1..
* value[x] only Coding
* value[x] from https://fhir.nhs.uk/ValueSet/DM-task-business-status (required)
* value[x].system 1..
* value[x].code 1..
* value[x].display 1..

Extension: ExtensionEPSTaskBusinessStatusReason
Id: Extension-EPS-TaskBusinessStatusReason
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-EPS-TaskBusinessStatusReason"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "Claim.item"
* ^context[1].type = #element
* ^context[1].expression = "Claim.item.detail"
* value[x] 1..
* value[x] only Coding
* value[x].system 1..
* value[x].code 1..

Extension: ExtensionERSReferral
Id: Extension-ERS-Referral
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-ERS-Referral"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "ServiceRequest"
* . ..1
* extension 1..
* extension contains sourceSystem 1..1
* extension[sourceSystem].value[x] 1..
* extension[sourceSystem].value[x] only code
* extension contains authorisedToRefer ..1
* extension[authorisedToRefer].value[x] 1..
* extension[authorisedToRefer].value[x] only code
* extension contains status ..1
* extension[status].value[x] 1..
* extension[status].value[x] only code
* value[x] ..0

Extension: ExtensionMessageHeaderLocalPart
Id: Extension-MessageHeader-LocalPart
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-MessageHeader-LocalPart"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "MessageHeader.sender"
* ^context[1].type = #element
* ^context[1].expression = "MessageHeader.destination.receiver"
* value[x] only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-HealthcareService or https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole or https://fhir.nhs.uk/StructureDefinition/NHSDigital-Practitioner)
* value[x].identifier.system 1..
* value[x].identifier.value 1..

Extension: ExtensionMessageHeadermessageId
Id: Extension-MessageHeader-messageId
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-MessageHeader-messageId"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "MessageHeader"
* value[x] 1..
* value[x] only Identifier

Extension: ExtensionNHSDigitalAccountcode
Id: Extension-NHSDigital-Account-code
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-NHSDigital-Account-code"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "PractitionerRole"
* ^context[1].type = #element
* ^context[1].expression = "MedicationRequest"
* ^context[2].type = #element
* ^context[2].expression = "MedicationDispense"
* extension 0..
* extension contains costCentre 0..1
* extension[costCentre].value[x] only Reference(Account)
* extension[costCentre].value[x].identifier 1..
* extension[costCentre].value[x].identifier.system 1..
* extension[costCentre].value[x].identifier.system = "https://fhir.nhs.uk/Id/ods-organization-code" (exactly)
* extension[costCentre].value[x].identifier.value 1..
* extension contains spuriousCode 0..1
* extension[spuriousCode].value[x] only Reference(Account)
* extension[spuriousCode].value[x].identifier 1..
* extension[spuriousCode].value[x].identifier.system 1..
* extension[spuriousCode].value[x].identifier.system = "https://fhir.hl7.org.uk/Id/nhsbsa-spurious-code" (exactly)
* extension[spuriousCode].value[x].identifier.value 1..
* value[x] ..0

Extension: ExtensionODSOrganisationRelationships
Id: Extension-ODS-OrganisationRelationships
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-ODS-OrganisationRelationships"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "Organization"
* extension contains nationalGrouping ..1
* extension[nationalGrouping].value[x] only Identifier
* extension[nationalGrouping].value[x].system 1..
* extension[nationalGrouping].value[x].value 1..
* extension contains highLevelHealthGeography ..1
* extension[highLevelHealthGeography].value[x] only Identifier
* extension[highLevelHealthGeography].value[x].system 1..
* extension[highLevelHealthGeography].value[x].value 1..
* extension contains commissionedBy ..1
* extension[commissionedBy].value[x] only Identifier
* extension[commissionedBy].value[x].system 1..
* extension[commissionedBy].value[x].value 1..
* extension contains reimbursementAuthority ..1
* extension[reimbursementAuthority].value[x] only Identifier
* extension[reimbursementAuthority].value[x].system 1..
* extension[reimbursementAuthority].value[x].value 1..
* extension contains primaryCareNetwork ..1
* extension[primaryCareNetwork].value[x] only Identifier
* extension[primaryCareNetwork].value[x].system 1..
* extension[primaryCareNetwork].value[x].value 1..
* value[x] ..0

Extension: ExtensionODSOrganizationRole
Id: Extension-ODS-Organization-Role
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-ODS-Organization-Role"
* ^version = "1.0.0"
* ^status = #active
* ^context[0].type = #element
* ^context[0].expression = "Organization.type"
* ^context[1].type = #element
* ^context[1].expression = "Location.type"
* ^context[2].type = #element
* ^context[2].expression = "Account.type"
* . ..1
* extension 0..
* extension contains primaryRole 0..1
* extension[primaryRole].value[x] only boolean
* extension contains status 0..1
* extension[status].value[x] only string
* value[x] ..0

Extension: ExtensionODSOrganizationRoleActivePeriod
Id: Extension-ODS-Organization-Role-ActivePeriod
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-ODS-Organization-Role-ActivePeriod"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "Organization.type"
* ^context[1].type = #element
* ^context[1].expression = "Location.type"
* ^context[2].type = #element
* ^context[2].expression = "Account.type"
* extension 0..
* extension contains activePeriod 0..
* extension[activePeriod].value[x] only Period
* extension contains dateType 0..
* extension[dateType].value[x] only string
* value[x] ..0

Extension: ExtensionPortalLink
Id: Extension-Portal-Link
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-Portal-Link"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "ServiceRequest"
* value[x] 1..
* value[x] only url

Extension: ExtensionProvenanceagent
Id: Extension-Provenance-agent
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-Provenance-agent"
* ^version = "1.0.1"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "Task"
* ^context[1].type = #element
* ^context[1].expression = "Claim"
* ^context[2].type = #element
* ^context[2].expression = "Appointment"
* value[x] 1..
* value[x] only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole or https://fhir.nhs.uk/StructureDefinition/NHSDigital-Practitioner or https://fhir.nhs.uk/StructureDefinition/NHSDigital-HealthcareService)
* value[x] obeys usercode-reference
* value[x] obeys usercode-nmc
* value[x] obeys usercode-gmp
* value[x] obeys usercode-gmc
* value[x] obeys usercode-gphc
* value[x] obeys usercode-hcpc
* value[x] obeys usercode-din
* value[x] obeys role-sds-role-profile
* value[x].identifier 1..
* value[x].identifier.system 1..
* value[x].identifier.value 1..

Extension: ExtensionServiceRequestPriority
Id: Extension-ServiceRequest-Priority
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-ServiceRequest-Priority"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "ServiceRequest"
* value[x] 1..
* value[x] only Coding
* value[x] from https://fhir.nhs.uk/ValueSet/eRS-Priority (required)
* value[x].system = "https://fhir.nhs.uk/CodeSystem/eRS-Priority" (exactly)

Extension: ExtensionSpineActorRoleServiceOrSpecialty
Id: Extension-Spine-ActorRoleServiceOrSpecialty
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-Spine-ActorRoleServiceOrSpecialty"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "Immunization.performer.actor"
* ^context[1].type = #element
* ^context[1].expression = "MedicationDispense.performer.actor"
* ^context[2].type = #element
* ^context[2].expression = "MedicationRequest.requester"
* ^context[3].type = #element
* ^context[3].expression = "MedicationAdministration.performer.actor"
* . ..1
* value[x] 1..
* value[x] only CodeableConcept
* value[x] from https://fhir.nhs.uk/ValueSet/NHSDataModelAndDictionary-clinical-specialty (preferred)

Extension: ExtensionSpineCommunicationPayload
Id: Extension-Spine-CommunicationPayload
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-Spine-CommunicationPayload"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "CommunicationRequest.payload"
* ^context[1].type = #element
* ^context[1].expression = "CommunicationRequest.payload"
* extension contains title 1..1
* extension[title].value[x] only string
* value[x] ..0

Extension: ExtensionSpineMessageStatus
Id: Extension-Spine-Message-Status
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-Spine-Message-Status"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "MessageHeader"
* . ..1
* value[x] only Coding
* value[x] from https://fhir.hl7.org.uk/ValueSet/message-status-vs (required)

Extension: ExtensionSpinesupportingInfo
Id: Extension-Spine-supportingInfo
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-Spine-supportingInfo"
* ^version = "4.0.1"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "OperationOutcome"
* value[x] 1..
* value[x] only Reference(Resource)

Extension: ExtensioneRSServiceRequestState
Id: Extension-eRS-ServiceRequest-State
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-eRS-ServiceRequest-State"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "ServiceRequest"
* . ..1
* extension 0..
* extension contains state 0..1
* extension[state].value[x] 1..
* extension[state].value[x] only Coding
* extension[state].value[x] from https://fhir.nhs.uk/ValueSet/NHSDigital-eRS-ReferralState (required)
* extension[state].value[x].system 1..
* extension[state].value[x].system = "https://fhir.nhs.uk/CodeSystem/eRS-ReferralState" (exactly)
* extension[state].value[x].code 1..
* extension contains reason 0..1
* extension[reason].value[x] 1..
* extension[reason].value[x] only Coding
* extension[reason].value[x] from https://fhir.nhs.uk/ValueSet/NHSDigital-eRS-AppointmentCancellationReason (extensible)
* extension[reason].value[x].system 1..
* extension[reason].value[x].system = "https://fhir.nhs.uk/CodeSystem/NHSDigital-AppointmentCancellationReason" (exactly)
* extension[reason].value[x].code 1..
* extension contains comments 0..1
* extension[comments].value[x] 1..
* extension[comments].value[x] only string
* extension contains stateResource 0..1
* extension[stateResource].value[x] only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Task or https://fhir.nhs.uk/StructureDefinition/NHSDigital-Appointment)
* value[x] ..0

Extension: ExtensionreplacementOf
Id: Extension-replacementOf
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-replacementOf"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "MessageHeader"
* ^context[1].type = #element
* ^context[1].expression = "Claim"
* value[x] 1..
* value[x] only Identifier
* value[x].value 1..

Extension: ExtensionSpinesupportingInfoprescription
Id: Extension-Spine-supportingInfo-prescription
Parent: https://fhir.nhs.uk/StructureDefinition/Extension-Spine-supportingInfo
* ^url = "https://fhir.nhs.uk/StructureDefinition/Extension-Spine-supportingInfo-prescription"
* ^version = "4.0.1"
* ^status = #draft
* ^context[0].type = #element
* ^context[0].expression = "OperationOutcome"
* value[x] 1..
* value[x] only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Bundle-FHIRMessage)
