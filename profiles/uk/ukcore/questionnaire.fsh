Profile: UKCoreQuestionnaire
Id: UKCore-Questionnaire
Parent: Questionnaire
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Questionnaire"
* ^version = "1.3.0"
* ^status = #draft
* url MS
* title MS
* status MS
* subjectType MS
* code from https://fhir.hl7.org.uk/ValueSet/UKCore-QuestionnaireQuestionCodes (preferred)
* item MS
* item.linkId MS
* item.text MS
* item.type MS
