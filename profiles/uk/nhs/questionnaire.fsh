Profile: NHSDigitalQuestionnaire
Id: NHSDigital-Questionnaire
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Questionnaire
* ^url = "https://fhir.nhs.uk/StructureDefinition/NHSDigital-Questionnaire"
* ^status = #draft
* url MS
* title MS
* status MS
* subjectType MS
* item 1.. MS
* item.linkId MS
* item.type MS
