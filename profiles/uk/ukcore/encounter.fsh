Profile: UKCoreEncounter
Id: UKCore-Encounter
Parent: Encounter
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Encounter"
* ^version = "2.5.0"
* ^status = #active
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DischargeMethod named dischargeMethod ..
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-EmergencyCareDischargeStatus named emergencyCareDischargeStatus ..
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-LegalStatus named legalStatus ..
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-OutcomeOfAttendance named OutcomeOfAttendance ..
* identifier MS
* status MS
* class MS
* type from https://fhir.hl7.org.uk/ValueSet/UKCore-EncounterType (preferred)
* serviceType from https://fhir.hl7.org.uk/ValueSet/UKCore-CareSettingType (preferred)
* subject MS
* participant MS
* reasonCode MS
* reasonReference MS
* hospitalization.extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-AdmissionMethod named admissionMethod ..
* hospitalization.admitSource from https://fhir.hl7.org.uk/ValueSet/UKCore-SourceOfAdmission (preferred)
* hospitalization.dischargeDisposition from https://fhir.hl7.org.uk/ValueSet/UKCore-DischargeDestination (preferred)
* location.physicalType from https://fhir.hl7.org.uk/ValueSet/UKCore-EncounterLocationType (preferred)
