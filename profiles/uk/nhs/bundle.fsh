Profile: NHSDigitalBundleCollection
Id: NHSDigital-Bundle-Collection
Parent: Bundle
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-Bundle-Collection"
* ^status = #draft
* type MS
* type = #collection (exactly)

Profile: NHSDigitalBundleFHIRMessage
Id: NHSDigital-Bundle-FHIRMessage
Parent: Bundle
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-Bundle-FHIRMessage"
* ^status = #draft
* identifier 1.. MS
* identifier.system 1.. MS
* identifier.value 1.. MS
* type MS
* type = #message (exactly)
* timestamp 1.. MS
* link ..0
* entry ^slicing.discriminator[0].type = #value
* entry ^slicing.discriminator[0].path = "resource.resourceType"
* entry ^slicing.rules = #open
* entry 1.. MS
* entry.link ..0
* entry.fullUrl 1..
* entry contains messageHeader 1.. MS
* entry.resource[messageHeader] MS
* entry.resource[messageHeader] only https://fhir.nhs.uk/StructureDefinition/NHSDigital-MessageHeader
* entry.search ..0
* entry.request ..0
* entry.response ..0

Profile: NHSDigitalBundleSearchSet
Id: NHSDigital-Bundle-SearchSet
Parent: Bundle
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-Bundle-SearchSet"
* ^status = #draft
* type MS
* type = #searchset (exactly)
