Profile: NHSDigitalCommunicationRequest
Id: NHSDigital-CommunicationRequest
Parent: CommunicationRequest
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-CommunicationRequest"
* ^status = #draft
* status MS
* medium from https://fhir.nhs.uk/ValueSet/Spine-CommunicationChannel-vs (extensible)
* subject MS
* subject only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Patient)
* subject ^type[0].aggregation[0] = #referenced
* subject obeys patient-reference-warning
* subject obeys patient-nhs
* subject.identifier.system 1..
* subject.identifier.value 1..
* payload 1.. MS
* payload.extension 0..
* payload.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-Spine-CommunicationPayload named deviceContent 0..1
* requester 1.. MS
* requester only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Patient or https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole or https://fhir.nhs.uk/StructureDefinition/NHSDigital-Organization)
* requester ^type[0].aggregation[0] = #referenced
* requester.identifier.system 1..
* requester.identifier.value 1..
* recipient 1.. MS
* recipient only Reference(Group or CareTeam or https://fhir.nhs.uk/StructureDefinition/NHSDigital-Organization or https://fhir.nhs.uk/StructureDefinition/NHSDigital-Patient or https://fhir.nhs.uk/StructureDefinition/NHSDigital-Practitioner or https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole or https://fhir.nhs.uk/StructureDefinition/NHSDigital-HealthcareService)
* recipient ^type[0].aggregation[0] = #referenced
* recipient.identifier.system 1..
* recipient.identifier.value 1..
* sender.identifier.system 1..
* sender.identifier.value 1..
* reasonCode from https://fhir.nhs.uk/ValueSet/NHSDigital-message-events (preferred)
* reasonCode.coding.system 1..
* reasonCode.coding.code 1..
* reasonCode.coding.display 1..
