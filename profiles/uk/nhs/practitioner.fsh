Profile: NHSDigitalPractitioner
Id: NHSDigital-Practitioner
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Practitioner
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-Practitioner"
* ^status = #draft
* . obeys prac-nmc
* . obeys prac-gmp
* . obeys prac-gmc
* . obeys prac-gphc
* . obeys prac-gmcreferencenumber
* . obeys prac-hcpc
* . obeys prac-din
* . obeys prac-sds-user-numeric
* . obeys nacs-code-retired
* identifier ^slicing.discriminator[0].type = #value
* identifier ^slicing.discriminator[0].path = "system"
* identifier ^slicing.rules = #open
* identifier MS
* identifier contains gmcCode ..1 MS
* identifier[gmcCode].system = "https://fhir.hl7.org.uk/Id/gmc-number" (exactly)
* identifier contains gmpCode ..1 MS
* identifier[gmpCode].system = "https://fhir.hl7.org.uk/Id/gmp-number" (exactly)
* identifier contains dinCode ..1 MS
* identifier[dinCode].system = "https://fhir.hl7.org.uk/Id/din-number" (exactly)
* identifier contains gphcCode ..1 MS
* identifier[gphcCode].system = "https://fhir.hl7.org.uk/Id/gphc-number" (exactly)
* identifier contains hcpcNumber ..1 MS
* identifier[hcpcNumber].system = "https://fhir.hl7.org.uk/Id/hcpc-number" (exactly)
* identifier contains nmcNumber ..1 MS
* identifier[nmcNumber].system = "https://fhir.hl7.org.uk/Id/nmc-number" (exactly)
* identifier contains professionalNumber ..
* identifier[professionalNumber] ^mustSupport = false
* identifier[professionalNumber].system = "https://fhir.hl7.org.uk/Id/professional-code" (exactly)
* identifier contains gmcReferenceNumber ..1
* identifier[gmcReferenceNumber] ^mustSupport = false
* identifier[gmcReferenceNumber].system = "https://fhir.hl7.org.uk/Id/gmc-reference-number" (exactly)
* identifier contains sdsUserId ..1
* identifier[sdsUserId].system = "https://fhir.nhs.uk/Id/sds-user-id" (exactly)
* name 1.. MS
* telecom MS
* telecom.value 1..
* telecom.use 1..
