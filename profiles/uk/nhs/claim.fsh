Profile: NHSDigitalClaim
Id: NHSDigital-Claim
Parent: Claim
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-Claim"
* ^status = #draft
* extension 0..
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-replacementOf named replacementOf 0..1 MS
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-Provenance-agent named agent 0..1 MS
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-EPS-SupplyHeaderIdentifier named supplyHeaderIdentifier 0..1 MS
* identifier 1.. MS
* identifier.system 1..
* identifier.value 1..
* status MS
* type MS
* type.coding 1..
* type.coding.system 1..
* type.coding.system = "http://terminology.hl7.org/CodeSystem/claim-type" (exactly)
* type.coding.code 1..
* type.coding.code = #pharmacy (exactly)
* use = #claim (exactly)
* patient MS
* patient obeys patient-reference
* patient obeys patient-nhs
* patient.identifier 1..
* patient.identifier.system 1..
* patient.identifier.system = "https://fhir.nhs.uk/Id/nhs-number" (exactly)
* patient.identifier.value 1..
* created MS
* provider MS
* provider only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole-SDS)
* provider ^type[0].aggregation[0] = #contained
* provider.reference 1..
* provider.identifier.system 1..
* provider.identifier.value 1..
* priority MS
* priority.coding 1..1
* priority.coding.system 1..
* priority.coding.system = "http://terminology.hl7.org/CodeSystem/processpriority" (exactly)
* priority.coding.code 1..
* priority.coding.code = #normal (exactly)
* prescription 1.. MS
* prescription.extension 1..
* prescription.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-DM-GroupIdentifier named groupIdentifier 1..1
* prescription.reference ..0
* prescription.identifier ..0
* prescription.identifier.system 1..
* prescription.identifier.system = "https://fhir.nhs.uk/Id/prescription-order-item-number" (exactly)
* prescription.identifier.value 1..
* originalPrescription.extension 1..
* originalPrescription.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-DM-GroupIdentifier named groupIdentifier 1..1
* originalPrescription.identifier.system 1..
* originalPrescription.identifier.value 1..
* payee 1.. MS
* payee.type.coding 1..
* payee.type.coding.system 1..
* payee.type.coding.system = "http://terminology.hl7.org/CodeSystem/payeetype" (exactly)
* payee.type.coding.code 1..
* payee.type.coding.code = #provider (exactly)
* payee.type.coding.display 1..
* payee.type.coding.display = "Provider" (exactly)
* payee.party 1..
* payee.party only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Organization)
* payee.party obeys nhsd-claim-party
* payee.party.identifier.system 1..
* payee.party.identifier.system = "https://fhir.nhs.uk/Id/ods-organization-code" (exactly)
* payee.party.identifier.value 1..
* insurance ..1 MS
* insurance.coverage.identifier 1..
* item 1..1 MS
* item.extension 1..
* item.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-EPS-TaskBusinessStatus named prescriptionStatus 1..1 MS
* item.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-EPS-TaskBusinessStatusReason named prescriptionStatusReason 0..1 MS
* item.sequence = 1 (exactly)
* item.productOrService.coding 1..1
* item.productOrService.coding.system 1..
* item.productOrService.coding.system = "http://snomed.info/sct" (exactly)
* item.productOrService.coding.code 1..
* item.productOrService.coding.code = #16076005 (exactly)
* item.productOrService.coding.display 1..
* item.productOrService.coding.display = "Prescription" (exactly)
* item.programCode ^slicing.discriminator[0].type = #value
* item.programCode ^slicing.discriminator[0].path = "coding.system"
* item.programCode ^slicing.rules = #open
* item.programCode MS
* item.programCode ^binding.strength = #example
* item.programCode.coding 1..
* item.programCode.coding.system 1..
* item.programCode.coding.code 1..
* item.programCode contains exemptionEvidence ..1 MS
* item.programCode[exemptionEvidence] from https://fhir.nhs.uk/ValueSet/DM-vs-exemption-evidence (extensible)
* item.programCode[exemptionEvidence].coding.system 1..
* item.programCode[exemptionEvidence].coding.system = "https://fhir.nhs.uk/CodeSystem/DM-exemption-evidence" (exactly)
* item.programCode[exemptionEvidence].coding.code 1..
* item.programCode contains prescriptionChargeExemption 1..1 MS
* item.programCode[prescriptionChargeExemption] from https://fhir.nhs.uk/ValueSet/DM-prescription-charge-exemption (required)
* item.programCode[prescriptionChargeExemption].coding.system 1..
* item.programCode[prescriptionChargeExemption].coding.system = "https://fhir.nhs.uk/CodeSystem/prescription-charge-exemption" (exactly)
* item.programCode[prescriptionChargeExemption].coding.code 1..
* item.detail 1.. MS
* item.detail.extension 2..
* item.detail.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-ClaimMedicationRequestReference named medicationRequest 1..1 MS
* item.detail.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-ClaimSequenceIdentifier named sequenceIdentifier 1..1 MS
* item.detail.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-EPS-RepeatInformation named repeatInformation 0..1
* item.detail.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-EPS-TaskBusinessStatusReason named taskBusinessStatusReason 0..1
* item.detail.sequence MS
* item.detail.productOrService MS
* item.detail.productOrService from https://fhir.nhs.uk/ValueSet/NHSDigital-MedicationRequest-Code (required)
* item.detail.modifier 1.. MS
* item.detail.modifier from https://fhir.nhs.uk/ValueSet/DM-medicationdispense-type (required)
* item.detail.programCode ^slicing.discriminator[0].type = #value
* item.detail.programCode ^slicing.discriminator[0].path = "coding.system"
* item.detail.programCode ^slicing.rules = #open
* item.detail.programCode MS
* item.detail.programCode.coding 1.. MS
* item.detail.programCode.coding.system 1..
* item.detail.programCode.coding.code 1..
* item.detail.programCode contains prescriptionCharge 1..1 MS
* item.detail.programCode[prescriptionCharge] from https://fhir.nhs.uk/ValueSet/DM-vs-prescription-charge (required)
* item.detail.programCode[prescriptionCharge].coding.system = "https://fhir.nhs.uk/CodeSystem/DM-prescription-charge" (exactly)
* item.detail.programCode contains dispensingEndorsement .. MS
* item.detail.programCode[dispensingEndorsement] from https://fhir.nhs.uk/ValueSet/DM-dispensing-endorsement (required)
* item.detail.programCode[dispensingEndorsement].coding.system = "https://fhir.nhs.uk/CodeSystem/medicationdispense-endorsement" (exactly)
* item.detail.quantity MS
* item.detail.subDetail MS
* item.detail.subDetail.extension 0..
* item.detail.subDetail.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-ClaimMedicationDispenseReference named medicationDispense 0..1
* item.detail.subDetail.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-EPS-RepeatInformation named repeatInformation 0..1
* item.detail.subDetail.sequence MS
* item.detail.subDetail.productOrService MS
* item.detail.subDetail.productOrService from https://fhir.nhs.uk/ValueSet/NHSDigital-MedicationDispense-Code (extensible)
* item.detail.subDetail.quantity 1.. MS
* item.detail.subDetail.quantity.extension 0..
* item.detail.subDetail.quantity.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-DM-RunningTotal named runningTotal 0..1
