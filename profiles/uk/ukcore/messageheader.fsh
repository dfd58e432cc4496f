Profile: UKCoreMessageHeader
Id: UKCore-MessageHeader
Parent: MessageHeader
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-MessageHeader"
* ^version = "2.4.0"
* ^status = #draft
* event[x] MS
* destination MS
* sender MS
* source MS
* focus MS
