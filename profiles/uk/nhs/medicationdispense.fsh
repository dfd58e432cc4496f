Profile: NHSDigitalMedicationDispenseCodeableConcept
Id: NHSDigital-MedicationDispense-CodeableConcept
Parent: CodeableConcept
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationDispense-CodeableConcept"
* ^status = #draft
* coding ^slicing.discriminator[0].type = #value
* coding ^slicing.discriminator[0].path = "system"
* coding ^slicing.rules = #open
* coding 1..
* coding contains SNOMED 1..1
* coding[SNOMED] from https://fhir.nhs.uk/ValueSet/NHSDigital-MedicationDispense-Code (required)
* coding[SNOMED].system 1..
* coding[SNOMED].system = "http://snomed.info/sct" (exactly)
* coding[SNOMED].code 1..

Profile: NHSDigitalMedicationDispense
Id: NHSDigital-MedicationDispense
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-MedicationDispense
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationDispense"
* ^version = "1.0.1"
* ^status = #draft
* extension 1..
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-EPS-TaskBusinessStatus named prescriptionStatus 1..1 MS
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-DM-PrescriptionNonDispensingReason named prescriptionNonDispensingReason 0..1 MS
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-EPS-RepeatInformation named repeatInformation 0..1 MS
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-EPS-SupplyHeaderIdentifier named supplyHeaderIdentifier 0..1 MS
* identifier MS
* identifier.system 1..
* identifier.value 1..
* status MS
* statusReason[x] MS
* statusReason[x] only CodeableConcept
* statusReason[x].coding ^slicing.discriminator[0].type = #value
* statusReason[x].coding ^slicing.discriminator[0].path = "system"
* statusReason[x].coding ^slicing.rules = #open
* statusReason[x].coding 1..
* statusReason[x].coding.system 1..
* statusReason[x].coding.code 1..
* statusReason[x].coding contains notDispensedStatusReason .. MS
* statusReason[x].coding[notDispensedStatusReason] from https://fhir.nhs.uk/ValueSet/DM-medicationdispense-status-reason (required)
* statusReason[x].coding[notDispensedStatusReason].system = "https://fhir.nhs.uk/CodeSystem/medicationdispense-status-reason" (exactly)
* statusReason[x].coding contains amendmentStatusReason .. MS
* statusReason[x].coding[amendmentStatusReason] from https://fhir.nhs.uk/ValueSet/DM-task-reason-code (required)
* statusReason[x].coding[amendmentStatusReason].system = "https://fhir.nhs.uk/CodeSystem/EPS-task-dispense-withdraw-reason" (exactly)
* category.coding.system 1..
* category.coding.code 1..
* medication[x] MS
* medication[x] only https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationDispense-CodeableConcept or Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationDispense-Medication)
* medication[x] ^type[1].aggregation[0] = #bundled
* medication[x] from https://fhir.nhs.uk/ValueSet/NHSDigital-MedicationCode (extensible)
* subject 1.. MS
* subject only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Patient-PDS)
* subject ^type[0].aggregation[0] = #referenced
* subject ^type[0].aggregation[1] = #bundled
* subject obeys eps-2
* subject obeys patient-nhs
* subject.identifier.system 1..
* subject.identifier.system = "https://fhir.nhs.uk/Id/nhs-number" (exactly)
* subject.identifier.value 1..
* context only Reference(https://fhir.hl7.org.uk/StructureDefinition/UKCore-EpisodeOfCare or https://fhir.nhs.uk/StructureDefinition/NHSDigital-Encounter)
* performer 1.. MS
* performer.actor only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole-SDS)
* performer.actor ^type[0].profile[0] = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-Reference"
* performer.actor ^type[0].aggregation[0] = #contained
* performer.actor obeys performer
* performer.actor.reference 1..
* performer.actor.identifier.system 1..
* performer.actor.identifier.value 1..
* location only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Location)
* location.identifier.system 1..
* location.identifier.value 1..
* location.display 1..
* authorizingPrescription 1.. MS
* authorizingPrescription only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationRequest-Minimal)
* authorizingPrescription ^type[0].aggregation[0] = #contained
* authorizingPrescription ^type[0].aggregation[1] = #referenced
* authorizingPrescription.reference 1..
* type MS
* type from https://fhir.nhs.uk/ValueSet/DM-medicationdispense-type (required)
* type.coding.system 1..
* type.coding.code 1..
* quantity 1.. MS
* quantity.extension 0..
* quantity.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-DM-RunningTotal named runningTotal 0..1
* quantity.value 1..
* quantity.unit 1..
* quantity.system 1..
* quantity.code 1..
* daysSupply MS
* whenPrepared MS
* whenHandedOver MS
* receiver ..1
* dosageInstruction MS
* dosageInstruction only https://fhir.nhs.uk/StructureDefinition/NHSDigital-Dosage

Profile: NHSDigitalMedicationDispenseMedication
Id: NHSDigital-MedicationDispense-Medication
Parent: https://fhir.nhs.uk/StructureDefinition/NHSDigital-Medication
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationDispense-Medication"
* ^status = #draft
* code 1..
* code from https://fhir.nhs.uk/ValueSet/NHSDigital-MedicationDispense-Code (required)
* code.coding 1..
* code.coding.system 1..
* code.coding.code 1..

Profile: NHSDigitalMedicationDispenseMessage
Id: NHSDigital-MedicationDispense-Message
Parent: https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationDispense
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-MedicationDispense-Message"
* ^status = #draft
* authorizingPrescription only Reference
* authorizingPrescription ^type[0].aggregation[0] = #contained
