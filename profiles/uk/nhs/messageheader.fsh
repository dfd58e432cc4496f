Profile: NHSDigitalMessageHeader
Id: NHSDigital-MessageHeader
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-MessageHeader
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-MessageHeader"
* ^status = #draft
* . obeys nhsd-11
* extension 0..
* extension contains https://fhir.nhs.uk/StructureDefinition/Extension-replacementOf named replacementOf 0..1 MS
* event[x] MS
* event[x] only Coding
* event[x] from https://fhir.nhs.uk/ValueSet/NHSDigital-message-events (required)
* event[x].system 1..
* event[x].code 1..
* destination MS
* destination.receiver 1..
* destination.receiver only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole or https://fhir.nhs.uk/StructureDefinition/NHSDigital-Practitioner or https://fhir.nhs.uk/StructureDefinition/NHSDigital-Organization)
* destination.receiver.extension 0..
* destination.receiver.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-MessageHeader-LocalPart named receiverLocalPart 0..1
* destination.receiver.identifier 1..
* destination.receiver.identifier.system 1..
* destination.receiver.identifier.value 1..
* sender MS
* sender only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole or https://fhir.nhs.uk/StructureDefinition/NHSDigital-Practitioner or https://fhir.nhs.uk/StructureDefinition/NHSDigital-Organization)
* sender.extension 0..
* sender.extension contains https://fhir.nhs.uk/StructureDefinition/Extension-MessageHeader-LocalPart named senderLocalPart 0..1
* sender.identifier 1.. MS
* sender.identifier.system 1..
* sender.identifier.value 1..
* enterer only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole or https://fhir.nhs.uk/StructureDefinition/NHSDigital-Practitioner)
* author only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-PractitionerRole or https://fhir.nhs.uk/StructureDefinition/NHSDigital-Practitioner)
* author.identifier 1..
* author.identifier.system 1..
* author.identifier.value 1..
* source MS
* responsible only Reference(https://fhir.nhs.uk/StructureDefinition/NHSDigital-Practitioner or https://fhir.nhs.uk/StructureDefinition/NHSDigital-Organization)
* responsible.identifier 1..
* responsible.identifier.system 1..
* responsible.identifier.value 1..
* reason from https://fhir.nhs.uk/ValueSet/message-reason-code (required)
* reason.coding.system 1..
* reason.coding.code 1..
* focus 1..
* focus.reference 1..
