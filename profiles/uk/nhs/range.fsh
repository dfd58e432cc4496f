Profile: NHSDigitalRange
Id: NHSDigital-Range
Parent: Range
* ^url = "https://fhir.nhs.uk.uk/StructureDefinition/NHSDigital-Range"
* ^status = #draft
* . obeys nhsd-rng1
* low.value 1..
* high.value 1..
