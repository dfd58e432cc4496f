Profile: NHSDigitalDosage
Id: NHSDigital-Dosage
Parent: Dosage
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-Dosage"
* ^status = #draft
* sequence MS
* text MS
* additionalInstruction MS
* patientInstruction MS
* timing MS
* timing.repeat.bounds[x] only Duration or https://fhir.nhs.uk.uk/StructureDefinition/NHSDigital-Range or Period
* asNeeded[x] MS
* site MS
* route MS
* method MS
* doseAndRate.dose[x] only https://fhir.nhs.uk.uk/StructureDefinition/NHSDigital-Range or Quantity
* maxDosePerPeriod MS
