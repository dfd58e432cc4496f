Profile: NHSDigitalMedicationRequestCodeableConcept
Id: NHSDigital-MedicationRequest-CodeableConcept
Parent: CodeableConcept
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationRequest-CodeableConcept"
* ^status = #draft
* coding ^slicing.discriminator[0].type = #value
* coding ^slicing.discriminator[0].path = "system"
* coding ^slicing.rules = #open
* coding 1..
* coding contains SNOMED 1..1
* coding[SNOMED] from https://fhir.nhs.uk/ValueSet/NHSDigital-MedicationRequest-Code (required)
* coding[SNOMED].system 1..
* coding[SNOMED].system = "http://snomed.info/sct" (exactly)
* coding[SNOMED].code 1..

Profile: NHSDigitalMedicationRequest
Id: NHSDigital-MedicationRequest
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-MedicationRequest
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationRequest"
* ^version = "1.0.1"
* ^status = #draft
* . obeys eps-1
* . obeys eps-5
* . obeys eps-7
* . obeys eps-8
* . obeys eps-9
* . obeys eps-10
* . obeys eps-11
* . obeys eps-12
* . obeys eps-13
* . obeys eps-14
* . obeys eps-15
* . obeys eps-16
* extension[medicationRepeatInformation] MS
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-DM-ResponsiblePractitioner named responsiblePractitioner ..1 MS
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-DM-PrescriptionEndorsement named prescriptionEndorsement .. MS
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-DM-PrescriptionStatusHistory named prescriptionTaskStatusReason .. MS
* extension[prescriptionTaskStatusReason].extension 1..
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-DM-PrescriptionType named NHSBSAprescriptionType .. MS
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-DM-ControlledDrug named controlledDrug ..1 MS
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-EPS-DispensingInformation named dispensingInformation ..1 MS
* identifier ^slicing.discriminator[0].type = #value
* identifier ^slicing.discriminator[0].path = "system"
* identifier ^slicing.rules = #open
* identifier 1.. MS
* identifier contains prescriptionOrderItem 1..1
* identifier[prescriptionOrderItem].system 1..
* identifier[prescriptionOrderItem].system = "https://fhir.nhs.uk/Id/prescription-order-item-number" (exactly)
* identifier[prescriptionOrderItem].value 1..
* status MS
* statusReason MS
* statusReason from https://fhir.nhs.uk/ValueSet/DM-medicationrequest-status-reason (required)
* statusReason.coding 1..1
* statusReason.coding.system 1..
* statusReason.coding.code 1..
* statusReason.coding.display 1..
* category MS
* category.coding ^slicing.discriminator[0].type = #value
* category.coding ^slicing.discriminator[0].path = "system"
* category.coding ^slicing.rules = #open
* category.coding 1..1
* category.coding contains patientClassFHIR ..1
* category.coding[patientClassFHIR] from https://fhir.nhs.uk/ValueSet/DM-medicationrequest-category (required)
* category.coding[patientClassFHIR].system 1..
* category.coding[patientClassFHIR].system = "http://terminology.hl7.org/CodeSystem/medicationrequest-category" (exactly)
* category.coding[patientClassFHIR].code 1..
* category.coding contains patientClassUK ..1
* category.coding[patientClassUK] from https://fhir.nhs.uk/ValueSet/DM-medicationrequest-category (required)
* category.coding[patientClassUK].system 1..
* category.coding[patientClassUK].system = "https://fhir.nhs.uk/CodeSystem/medicationrequest-category" (exactly)
* category.coding[patientClassUK].code 1..
* medication[x] MS
* medication[x] only https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationRequest-CodeableConcept or Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationRequest-Medication)
* medication[x] ^type[1].aggregation[0] = #bundled
* medication[x] from https://fhir.nhs.uk/ValueSet/NHSDigital-MedicationCode (extensible)
* subject MS
* subject only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Patient-PDS)
* subject obeys patient-nhs
* subject.identifier.system 1..
* subject.identifier.system = "https://fhir.nhs.uk/Id/nhs-number" (exactly)
* subject.identifier.value 1..
* encounter only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Encounter)
* authoredOn MS
* requester 1.. MS
* requester only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole)
* requester obeys eps-3
* requester.reference 1..
* performer only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Organization or https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole or https://fhir.nhs.uk/StructureDefinition/NHSDigital-Practitioner)
* recorder only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Practitioner)
* recorder obeys eps-4
* basedOn MS
* basedOn only Reference(ImmunizationRecommendation or https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationRequest)
* basedOn.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-EPS-RepeatInformation named repeatInformation ..1 MS
* basedOn.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-DM-PrescriptionId named orignalPrescriptionId ..
* groupIdentifier 1.. MS
* groupIdentifier.extension 1..
* groupIdentifier.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-DM-PrescriptionId named PrescriptionOrderUUID 1..
* groupIdentifier.extension[PrescriptionOrderUUID].value[x].system 1..
* groupIdentifier.extension[PrescriptionOrderUUID].value[x].value 1..
* groupIdentifier.system 1..
* groupIdentifier.system = "https://fhir.nhs.uk/Id/prescription-order-number" (exactly)
* groupIdentifier.value 1..
* courseOfTherapyType 1.. MS
* courseOfTherapyType from https://fhir.nhs.uk/ValueSet/DM-medicationrequest-course-of-therapy (required)
* courseOfTherapyType.coding 1..1
* courseOfTherapyType.coding.system 1..
* courseOfTherapyType.coding.code 1..
* note MS
* dosageInstruction 1.. MS
* dosageInstruction only https://fhir.nhs.uk/StructureDefinition/NHSDigital-Dosage
* dispenseRequest 1.. MS
* dispenseRequest.id ..0
* dispenseRequest.extension 1..
* dispenseRequest.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-DM-PerformerSiteType named performerSiteType 1.. MS
* dispenseRequest.validityPeriod MS
* dispenseRequest.validityPeriod.start 1..
* dispenseRequest.numberOfRepeatsAllowed MS
* dispenseRequest.quantity 1.. MS
* dispenseRequest.quantity.value 1..
* dispenseRequest.quantity.unit 1..
* dispenseRequest.quantity.code 1..
* dispenseRequest.expectedSupplyDuration MS
* dispenseRequest.expectedSupplyDuration.value 1..
* dispenseRequest.expectedSupplyDuration.code 1..
* dispenseRequest.expectedSupplyDuration.code = #d (exactly)
* dispenseRequest.performer MS
* dispenseRequest.performer only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Organization)
* dispenseRequest.performer.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-DM-DispensingPerformer named dispensingPractitioner ..1 MS
* dispenseRequest.performer.identifier.system 1..
* dispenseRequest.performer.identifier.system = "https://fhir.nhs.uk/Id/ods-organization-code" (exactly)
* dispenseRequest.performer.identifier.value 1..
* substitution MS
* substitution.allowed[x] only boolean
* eventHistory only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Provenance)

Profile: NHSDigitalMedicationRequestMinimal
Id: NHSDigital-MedicationRequest-Minimal
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-MedicationRequest
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationRequest-Minimal"
* ^status = #draft
* identifier ^slicing.discriminator[0].type = #value
* identifier ^slicing.discriminator[0].path = "system"
* identifier ^slicing.rules = #open
* identifier 1.. MS
* identifier contains prescriptionOrderItem 1..1
* identifier[prescriptionOrderItem].system 1..
* identifier[prescriptionOrderItem].system = "https://fhir.nhs.uk/Id/prescription-order-item-number" (exactly)
* identifier[prescriptionOrderItem].value 1..
* medication[x] MS
* medication[x] only https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationRequest-CodeableConcept or Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationRequest-Medication)
* medication[x] ^type[1].aggregation[0] = #bundled
* medication[x] from https://fhir.nhs.uk/ValueSet/NHSDigital-MedicationCode (extensible)
* groupIdentifier 1.. MS
* groupIdentifier.extension 1..
* groupIdentifier.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-DM-PrescriptionId named PrescriptionOrderUUID 1..
* groupIdentifier.extension[PrescriptionOrderUUID].value[x].system 1..
* groupIdentifier.extension[PrescriptionOrderUUID].value[x].value 1..
* groupIdentifier.system 1..
* groupIdentifier.system = "https://fhir.nhs.uk/Id/prescription-order-number" (exactly)
* groupIdentifier.value 1..
* dispenseRequest 1.. MS
* dispenseRequest.id ..0
* dispenseRequest.quantity 1.. MS
* dispenseRequest.quantity.value 1..
* dispenseRequest.quantity.unit 1..
* dispenseRequest.quantity.code 1..

Profile: NHSDigitalMedicationRequestOutcome
Id: NHSDigital-MedicationRequest-Outcome
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-MedicationRequest
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationRequest-Outcome"
* ^status = #draft
* extension 1..
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-DM-ResponsiblePractitioner named responsiblePractitioner 0..1
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-DM-PrescriptionStatusHistory named prescriptionStatusHistory 1..
* identifier ^slicing.discriminator[0].type = #value
* identifier ^slicing.discriminator[0].path = "system"
* identifier ^slicing.rules = #open
* identifier 1..
* identifier contains prescriptionOrderItem 1..1
* identifier[prescriptionOrderItem].system 1..
* identifier[prescriptionOrderItem].system = "https://fhir.nhs.uk/Id/prescription-order-item-number" (exactly)
* identifier[prescriptionOrderItem].value 1..
* medication[x] only https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationRequest-CodeableConcept or Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationRequest-Medication)
* medication[x] ^type[1].aggregation[0] = #bundled
* medication[x] from https://fhir.nhs.uk/ValueSet/NHSDigital-MedicationCode (extensible)
* subject only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Patient)
* subject.reference 1..
* requester 1..
* requester only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole)
* requester.reference 1..
* groupIdentifier 1..
* groupIdentifier.system 1..
* groupIdentifier.system = "https://fhir.nhs.uk/Id/prescription-order-number" (exactly)
* groupIdentifier.value 1..
* courseOfTherapyType from https://fhir.nhs.uk/ValueSet/DM-medicationrequest-course-of-therapy (required)
* courseOfTherapyType.coding ..1
* dispenseRequest 1..
* dispenseRequest.performer.extension 0..
* dispenseRequest.performer.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-DM-DispensingPerformer named practitionerRole 0..1
* dispenseRequest.performer.identifier 1..
* dispenseRequest.performer.identifier.system = "https://fhir.nhs.uk/Id/ods-organization-code" (exactly)

Profile: NHSDigitalMedicationRequestContained
Id: NHSDigital-MedicationRequest-Contained
Parent: https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationRequest
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationRequest-Contained"
* ^status = #draft
* subject only Reference
* subject ^type[0].aggregation[0] = #contained
* requester only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole-EPSLegal)
* requester ^type[0].aggregation[0] = #contained
* eventHistory only Reference
* eventHistory ^type[0].aggregation[0] = #contained

Profile: NHSDigitalMedicationRequestMedication
Id: NHSDigital-MedicationRequest-Medication
Parent: https://fhir.nhs.uk/StructureDefinition/NHSDigital-Medication
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationRequest-Medication"
* ^status = #draft
* code 1..
* code from https://fhir.nhs.uk/ValueSet/NHSDigital-MedicationRequest-Code (required)
* code.coding 1..
* code.coding.system 1..
* code.coding.code 1..

Profile: NHSDigitalMedicationRequestMessage
Id: NHSDigital-MedicationRequest-Message
Parent: https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationRequest
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationRequest-Message"
* ^status = #draft
* subject only Reference
* subject ^type[0].aggregation[0] = #bundled
* requester only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole-EPSLegal)
* requester ^type[0].aggregation[0] = #bundled
* eventHistory only Reference
* eventHistory ^type[0].aggregation[0] = #bundled
