ValueSet: DMdispensingendorsement
Id: DM-dispensing-endorsement
* ^url = "https://fhir.nhs.uk/ValueSet/DM-dispensing-endorsement"
* ^version = "4.0.3"
* ^status = #draft
* include codes from system https://fhir.nhs.uk/CodeSystem/medicationdispense-endorsement|1.0.2

ValueSet: DMmedicationdispensestatusreason
Id: DM-medicationdispense-status-reason
* ^url = "https://fhir.nhs.uk/ValueSet/DM-medicationdispense-status-reason"
* ^version = "1.1.4"
* ^status = #draft
* include codes from system https://fhir.nhs.uk/CodeSystem/medicationdispense-status-reason|1.1.3

ValueSet: DMmedicationdispensetype
Id: DM-medicationdispense-type
* ^url = "https://fhir.nhs.uk/ValueSet/DM-medicationdispense-type"
* ^version = "1.0.0"
* ^status = #draft
* include codes from system https://fhir.nhs.uk/CodeSystem/medicationdispense-type

ValueSet: DMmedicationrequestcategory
Id: DM-medicationrequest-category
* ^url = "https://fhir.nhs.uk/ValueSet/DM-medicationrequest-category"
* ^version = "4.0.1"
* ^status = #draft
* include codes from system https://fhir.nhs.uk/CodeSystem/medicationrequest-category
* include codes from system http://terminology.hl7.org/CodeSystem/medicationrequest-category

ValueSet: DMmedicationrequestcontrolleddrug
Id: DM-medicationrequest-controlled-drug
* ^url = "https://fhir.nhs.uk/ValueSet/DM-medicationrequest-controlled-drug"
* ^version = "4.0.2"
* ^status = #draft
* include codes from system https://fhir.nhs.uk/CodeSystem/medicationrequest-controlled-drug|1.0.1

ValueSet: DMmedicationrequestcourseoftherapy
Id: DM-medicationrequest-course-of-therapy
* ^url = "https://fhir.nhs.uk/ValueSet/DM-medicationrequest-course-of-therapy"
* ^version = "1.0.0"
* ^status = #draft
* http://terminology.hl7.org/CodeSystem/medicationrequest-course-of-therapy#continuous "Continuous long term therapy"
* http://terminology.hl7.org/CodeSystem/medicationrequest-course-of-therapy#acute "Short course (acute) therapy"
* https://fhir.nhs.uk/CodeSystem/medicationrequest-course-of-therapy#continuous-repeat-dispensing "Continuous long term (repeat dispensing)"
* exclude http://terminology.hl7.org/CodeSystem/medicationrequest-course-of-therapy#seasonal "Seasonal"

ValueSet: DMmedicationrequeststatusreason
Id: DM-medicationrequest-status-reason
* ^url = "https://fhir.nhs.uk/ValueSet/DM-medicationrequest-status-reason"
* ^version = "1.1.3"
* ^status = #draft
* include codes from system https://fhir.nhs.uk/CodeSystem/medicationrequest-status-reason|1.1.3

ValueSet: DMperformersitetype
Id: DM-performer-site-type
* ^url = "https://fhir.nhs.uk/ValueSet/DM-performer-site-type"
* ^version = "4.0.1"
* ^status = #draft
* include codes from system https://fhir.nhs.uk/CodeSystem/dispensing-site-preference

ValueSet: DMprescriptionchargeexemption
Id: DM-prescription-charge-exemption
* ^url = "https://fhir.nhs.uk/ValueSet/DM-prescription-charge-exemption"
* ^version = "1.0.4"
* ^status = #draft
* include codes from system https://fhir.nhs.uk/CodeSystem/prescription-charge-exemption|1.0.4

ValueSet: DMprescriptionendorsement
Id: DM-prescription-endorsement
* ^url = "https://fhir.nhs.uk/ValueSet/DM-prescription-endorsement"
* ^version = "4.0.2"
* ^status = #draft
* include codes from system https://fhir.nhs.uk/CodeSystem/medicationrequest-endorsement|1.1.0

ValueSet: DMprescriptiontaskstatusreason
Id: DM-prescription-task-status-reason
* ^url = "https://fhir.nhs.uk/ValueSet/DM-prescription-task-status-reason"
* ^version = "1.1.6"
* ^status = #draft
* include codes from system https://fhir.nhs.uk/CodeSystem/medicationrequest-status-history|1.1.4
* include codes from system https://fhir.nhs.uk/CodeSystem/EPS-task-business-status|1.0.1

ValueSet: DMprescriptiontype
Id: DM-prescription-type
* ^url = "https://fhir.nhs.uk/ValueSet/DM-prescription-type"
* ^version = "1.0.6"
* ^status = #draft
* include codes from system https://fhir.nhs.uk/CodeSystem/prescription-type|1.1.6 where deprecated exists "false"

ValueSet: DMtaskbusinessstatus
Id: DM-task-business-status
* ^url = "https://fhir.nhs.uk/ValueSet/DM-task-business-status"
* ^version = "1.0.0"
* ^status = #draft
* include codes from system https://fhir.nhs.uk/CodeSystem/EPS-task-business-status

ValueSet: DMtaskreasoncode
Id: DM-task-reason-code
* ^url = "https://fhir.nhs.uk/ValueSet/DM-task-reason-code"
* ^version = "1.0.5"
* ^status = #draft
* include codes from system https://fhir.nhs.uk/CodeSystem/EPS-task-dispense-return-status-reason|1.0.6
* include codes from system https://fhir.nhs.uk/CodeSystem/EPS-task-dispense-withdraw-reason|01
* include codes from system https://fhir.nhs.uk/CodeSystem/medicationrequest-status-reason|1.1.3

ValueSet: DMvsexemptionevidence
Id: DM-vs-exemption-evidence
* ^url = "https://fhir.nhs.uk/ValueSet/DM-vs-exemption-evidence"
* ^version = "4.0.1"
* ^status = #draft
* include codes from system https://fhir.nhs.uk/CodeSystem/DM-exemption-evidence|1.1.0

ValueSet: DMvsprescriptioncharge
Id: DM-vs-prescription-charge
* ^url = "https://fhir.nhs.uk/ValueSet/DM-vs-prescription-charge"
* ^version = "4.0.1"
* ^status = #draft
* include codes from system https://fhir.nhs.uk/CodeSystem/DM-prescription-charge|1.1.1

ValueSet: DocumentCategory
Id: DocumentCategory
* ^url = "https://fhir.nhs.uk/ValueSet/DocumentCategory"
* ^version = "1.1.1"
* ^status = #draft
* http://snomed.info/sct#734163000
* http://snomed.info/sct#1102421000000108
* http://snomed.info/sct#373942005
* http://snomed.info/sct#823681000000100
* http://snomed.info/sct#721927009
* http://snomed.info/sct#325851000000107
* http://snomed.info/sct#25611000000107
* http://snomed.info/sct#25831000000103
* http://snomed.info/sct#823751000000102
* http://snomed.info/sct#371525003

ValueSet: NHSDataModelAndDictionaryclinicalspecialty
Id: NHSDataModelAndDictionary-clinical-specialty
* ^url = "https://fhir.nhs.uk/ValueSet/NHSDataModelAndDictionary-clinical-specialty"
* ^version = "1.2.0"
* ^status = #draft
* include codes from system https://fhir.nhs.uk/CodeSystem/NHSDataModelAndDictionary-clinical-specialty|1.2.1

ValueSet: NHSDataModelAndDictionarytreatmentfunction
Id: NHSDataModelAndDictionary-treatment-function
* ^url = "https://fhir.nhs.uk/ValueSet/NHSDataModelAndDictionary-treatment-function"
* ^version = "1.2.0"
* ^status = #draft
* include codes from system https://fhir.nhs.uk/CodeSystem/NHSDataModelAndDictionary-treatment-function|1.2.1

ValueSet: NHSDigitalBARSmessagecategory
Id: NHSDigital-BARS-message-category
* ^url = "https://fhir.nhs.uk/ValueSet/NHSDigital-BARS-message-category"
* ^version = "0.0.1"
* ^status = #draft
* include codes from system https://fhir.nhs.uk/CodeSystem/message-category-servicerequest

ValueSet: NHSDigitalCareSettingType
Id: NHSDigital-CareSettingType
* ^url = "https://fhir.nhs.uk/ValueSet/NHSDigital-CareSettingType"
* ^version = "1.0.0"
* ^status = #draft
* include codes from system http://snomed.info/sct where constraint = "memberOf 1127531000000102"
* include codes from system https://fhir.nhs.uk/CodeSystem/NHSDataModelAndDictionary-treatment-function|1.2.1

ValueSet: NHSDigitalIdentifierType
Id: NHSDigital-IdentifierType
* ^url = "https://fhir.nhs.uk/ValueSet/NHSDigital-IdentifierType"
* ^version = "0.0.4"
* ^status = #draft
* include codes from system https://fhir.nhs.uk/CodeSystem/organisation-role
* http://terminology.hl7.org/CodeSystem/v2-0203#DL
* http://terminology.hl7.org/CodeSystem/v2-0203#PPN
* http://terminology.hl7.org/CodeSystem/v2-0203#BRN
* http://terminology.hl7.org/CodeSystem/v2-0203#MR
* http://terminology.hl7.org/CodeSystem/v2-0203#MCN
* http://terminology.hl7.org/CodeSystem/v2-0203#EN
* http://terminology.hl7.org/CodeSystem/v2-0203#TAX
* http://terminology.hl7.org/CodeSystem/v2-0203#NIIP
* http://terminology.hl7.org/CodeSystem/v2-0203#PRN
* http://terminology.hl7.org/CodeSystem/v2-0203#MD
* http://terminology.hl7.org/CodeSystem/v2-0203#DR
* http://terminology.hl7.org/CodeSystem/v2-0203#ACSN
* http://terminology.hl7.org/CodeSystem/v2-0203#UDI
* http://terminology.hl7.org/CodeSystem/v2-0203#SNO
* http://terminology.hl7.org/CodeSystem/v2-0203#SB
* http://terminology.hl7.org/CodeSystem/v2-0203#PLAC
* http://terminology.hl7.org/CodeSystem/v2-0203#FILL
* http://terminology.hl7.org/CodeSystem/v2-0203#JHN

ValueSet: NHSDigitalMedicationCode
Id: NHSDigital-MedicationCode
* ^url = "https://fhir.nhs.uk/ValueSet/NHSDigital-MedicationCode"
* ^version = "2.1.0"
* ^status = #active
* include codes from system https://dmd.nhs.uk where parent = "VTM"
* include codes from system https://dmd.nhs.uk where parent = "VMP"
* include codes from system https://dmd.nhs.uk where parent = "AMP"
* include codes from system https://dmd.nhs.uk where parent = "VMPP"
* include codes from system https://dmd.nhs.uk where parent = "AMPP"
* include codes from system http://snomed.info/sct

ValueSet: NHSDigitalMedicationDispenseCode
Id: NHSDigital-MedicationDispense-Code
* ^url = "https://fhir.nhs.uk/ValueSet/NHSDigital-MedicationDispense-Code"
* ^version = "1.0.1"
* ^status = #draft
* include codes from system http://snomed.info/sct where constraint = "(^999000541000001108 |National Health Service dictionary of medicines and devices actual medicinal product simple reference set| OR ^999000551000001106 |National Health Service dictionary of medicines and devices actual medicinal product pack simple reference set| OR ^999000561000001109 |National Health Service dictionary of medicines and devices virtual medicinal product simple reference set| OR ^999000571000001104 |National Health Service dictionary of medicines and devices virtual medicinal product pack simple reference set|)"

ValueSet: NHSDigitalMedicationRequestCode
Id: NHSDigital-MedicationRequest-Code
* ^url = "https://fhir.nhs.uk/ValueSet/NHSDigital-MedicationRequest-Code"
* ^version = "1.0.0"
* ^status = #draft
* include codes from system http://snomed.info/sct where constraint = "(^999000541000001108 |National Health Service dictionary of medicines and devices actual medicinal product simple reference set| OR ^999000561000001109 |National Health Service dictionary of medicines and devices virtual medicinal product simple reference set|)"

ValueSet: NHSDigitalOperationOutcomeCodes
Id: NHSDigital-OperationOutcome-Codes
* ^url = "https://fhir.nhs.uk/ValueSet/NHSDigital-OperationOutcome-Codes"
* ^version = "1.0.10"
* ^status = #draft
* include codes from system https://fhir.nhs.uk/CodeSystem/Spine-ErrorOrWarningCode|2.1.0
* include codes from system https://fhir.nhs.uk/CodeSystem/EPS-IssueCode|17.22
* include codes from system https://fhir.nhs.uk/CodeSystem/NHSD-API-ErrorOrWarningCode|0.3.0
* include codes from system https://fhir.nhs.uk/CodeSystem/http-error-codes|1.0.0
* include codes from system https://fhir.nhs.uk/CodeSystem/ers-error-codes

ValueSet: NHSDigitalServiceRequestcategory
Id: NHSDigital-ServiceRequest-category
* ^url = "https://fhir.nhs.uk/ValueSet/NHSDigital-ServiceRequest-category"
* ^version = "0.0.2"
* ^status = #draft
* http://snomed.info/sct#108252007
* http://snomed.info/sct#363679005
* http://snomed.info/sct#409063005
* http://snomed.info/sct#409073007
* http://snomed.info/sct#387713003
* http://snomed.info/sct#3457005
* http://snomed.info/sct#820641000000100

ValueSet: NHSDigitalactioncode
Id: NHSDigital-action-code
* ^url = "https://fhir.nhs.uk/ValueSet/NHSDigital-action-code"
* ^version = "0.0.4"
* ^status = #draft
* include codes from system http://snomed.info/sct where constraint = "descendantOrSelfOf 71388002"

ValueSet: NHSDigitaleRSAppointmentCancellationReason
Id: NHSDigital-eRS-AppointmentCancellationReason
* ^url = "https://fhir.nhs.uk/ValueSet/NHSDigital-eRS-AppointmentCancellationReason"
* ^version = "1.0.0"
* ^status = #draft
* include codes from system https://fhir.nhs.uk/CodeSystem/NHSDigital-AppointmentCancellationReason

ValueSet: NHSDigitaleRSClinicType
Id: NHSDigital-eRS-ClinicType
* ^url = "https://fhir.nhs.uk/ValueSet/NHSDigital-eRS-ClinicType"
* ^version = "1.0.0"
* ^status = #draft
* include codes from system https://fhir.nhs.uk/CodeSystem/NHSDigital-ClinicType

ValueSet: NHSDigitaleRSReferralState
Id: NHSDigital-eRS-ReferralState
* ^url = "https://fhir.nhs.uk/ValueSet/NHSDigital-eRS-ReferralState"
* ^version = "1.0.0"
* ^status = #draft
* https://fhir.nhs.uk/CodeSystem/eRS-ReferralState#REJECTED
* https://fhir.nhs.uk/CodeSystem/eRS-ReferralState#TRIAGE_RESPONSE
* https://fhir.nhs.uk/CodeSystem/eRS-ReferralState#AWAITING_TRIAGE
* https://fhir.nhs.uk/CodeSystem/eRS-ReferralState#NOT_BOOKED
* https://fhir.nhs.uk/CodeSystem/eRS-ReferralState#DEFER_TO_PROVIDER
* https://fhir.nhs.uk/CodeSystem/eRS-ReferralState#BOOKED
* https://fhir.nhs.uk/CodeSystem/eRS-ReferralState#APPOINTMENT_CANCELLED_BY_PATIENT
* https://fhir.nhs.uk/CodeSystem/eRS-ReferralState#"APPOINTMENT_ CANCELLED_BY_PROVIDER"
* https://fhir.nhs.uk/CodeSystem/eRS-ReferralState#CARL
* https://fhir.nhs.uk/CodeSystem/eRS-ReferralState#ARBL
* https://fhir.nhs.uk/CodeSystem/eRS-ReferralState#CARBL_OR_ARL

ValueSet: NHSDigitaleRSSpecialty
Id: NHSDigital-eRS-Specialty
* ^url = "https://fhir.nhs.uk/ValueSet/NHSDigital-eRS-Specialty"
* ^version = "1.0.0"
* ^status = #draft
* include codes from system https://fhir.nhs.uk/CodeSystem/eRS-Specialty

ValueSet: NHSDigitalmessageevents
Id: NHSDigital-message-events
* ^url = "https://fhir.nhs.uk/ValueSet/NHSDigital-message-events"
* ^version = "1.0.12"
* ^status = #active
* include codes from system https://fhir.nhs.uk/CodeSystem/message-event|1.0.19
* include codes from system https://fhir.nhs.uk/CodeSystem/message-events-bars|1.0.0

ValueSet: NHSDigitaltaskcode
Id: NHSDigital-task-code
* ^url = "https://fhir.nhs.uk/ValueSet/NHSDigital-task-code"
* ^version = "0.0.4"
* ^status = #draft
* http://hl7.org/fhir/CodeSystem/task-code#fulfill "Fulfill the focal request"
* http://hl7.org/fhir/CodeSystem/task-code#abort "Mark the focal resource as no longer active"

ValueSet: NHSDigitalworkflowcode
Id: NHSDigital-workflow-code
* ^url = "https://fhir.nhs.uk/ValueSet/NHSDigital-workflow-code"
* ^version = "0.0.4"
* ^status = #draft
* https://fhir.nhs.uk/CodeSystem/Workflow-Code#APPOINTMENT_DEFERRAL "Appointment Deferral"
* https://fhir.nhs.uk/CodeSystem/Workflow-Code#TRIAGE_DEFERRAL "Triage Deferral"

ValueSet: SpineCommunicationChannelvs
Id: Spine-CommunicationChannel-vs
* ^url = "https://fhir.nhs.uk/ValueSet/Spine-CommunicationChannel-vs"
* ^version = "1.0.0"
* ^status = #active
* include codes from system https://fhir.nhs.uk/CodeSystem/Spine-CommunicationChannel|1.0.0

ValueSet: eRSBookableType
Id: eRS-BookableType
* ^url = "https://fhir.nhs.uk/ValueSet/eRS-BookableType"
* ^version = "1.0.0"
* ^status = #active
* include codes from system https://fhir.nhs.uk/CodeSystem/eRS-BookableType

ValueSet: eRSPriority
Id: eRS-Priority
* ^url = "https://fhir.nhs.uk/ValueSet/eRS-Priority"
* ^version = "1.1.0"
* ^status = #active
* include codes from system https://fhir.nhs.uk/CodeSystem/eRS-Priority

ValueSet: eRSRequestFlowType
Id: eRS-RequestFlowType
* ^url = "https://fhir.nhs.uk/ValueSet/eRS-RequestFlowType"
* ^version = "1.0.1"
* ^status = #active
* include codes from system https://fhir.nhs.uk/CodeSystem/eRS-RequestFlowType

ValueSet: locationtype
Id: location-type
* ^url = "https://fhir.nhs.uk/ValueSet/location-type"
* ^version = "2.0.4"
* ^status = #draft
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#140 "ISLE OF MAN GOVERNMENT DIRECTORATE SITE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#234 "POLICE CUSTODY SUITE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#148 "LOCAL HEALTH BOARD SITE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#149 "WELSH LOCAL HEALTH BOARD SITE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#217 "DSCRO SITE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#131 "GOVERNMENT DEPARTMENT SITE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#114 "DMU SITE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#212 "NHS ENGLAND (REGION, LOCAL OFFICE) SITE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#147 "LSP SITE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#168 "OTHER STATUTORY AUTHORITY SITE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#180 "PRIMARY CARE TRUST SITE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#108 "CARE TRUST SITE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#214 "COMMISSIONING SUPPORT UNIT SITE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#136 "STRATEGIC HEALTH AUTHORITY SITE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#99 "CLINICAL COMMISSIONING GROUP SITE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#222 "LOCAL AUTHORITY SITE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#176 "INDEPENDENT SECTOR H/C PROVIDER SITE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#101 "SOCIAL CARE SITE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#198 "NHS TRUST SITE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#96 "BRANCH SURGERY"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#280 "PHARMACY SITE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#167 "OPTICAL SITE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#191 "SPECIAL HEALTH AUTHORITY SITE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#90 "EXECUTIVE AGENCY SITE"

ValueSet: messagereasoncode
Id: message-reason-code
* ^url = "https://fhir.nhs.uk/ValueSet/message-reason-code"
* ^version = "1.0.2"
* ^status = #active
* include codes from system https://fhir.nhs.uk/CodeSystem/message-reason-prescription|1.0.1
* include codes from system https://fhir.nhs.uk/CodeSystem/message-reason-encounter|1.0.0
* include codes from system https://fhir.nhs.uk/CodeSystem/message-reason-servicerequest|1.0.0

ValueSet: organisationrole
Id: organisation-role
* ^url = "https://fhir.nhs.uk/ValueSet/organisation-role"
* ^version = "2.0.4"
* ^status = #active
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#94 "APPLIANCE CONTRACTOR"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#92 "APPLICATION SERVICE PROVIDER"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#93 "APPLICATION SERVICE PROVIDER - LEGACY"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#34 "BOROUGH COUNCIL"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#96 "BRANCH SURGERY"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#103 "CANCER NETWORK"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#105 "CANCER REGISTRY"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#269 "CARE HOME"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#107 "CARE TRUST"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#35 "CITY COUNCIL"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#98 "CLINICAL COMMISSIONING GROUP"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#102 "CLINICAL NETWORK"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#273 "COMBINED AUTHORITY"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#218 "COMMISSIONING HUB"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#213 "COMMISSIONING SUPPORT UNIT"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#106 "COMMON SERVICE AGENCY (CSA)"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#233 "CONSTABULARY"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#38 "COUNCIL"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#33 "COUNTY COUNCIL"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#235 "COURT"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#279 "COVID VACCINATION CENTRE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#216 "DATA SERVICES FOR COMMISSIONERS REGIONAL OFFICE (DSCRO)"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#111 "DIRECTLY MANAGED UNIT (DMU)"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#36 "DISTRICT COUNCIL"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#109 "DISTRICT HEALTH AUTHORITY (DHA)"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#270 "DOMICILIARY CARE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#117 "EDUCATION"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#116 "EXECUTIVE AGENCY"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#91 "EXECUTIVE AGENCY PROGRAMME"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#89 "EXECUTIVE AGENCY PROGRAMME - DEPARTMENT"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#267 "EXTENDED ACCESS HUB"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#266 "EXTENDED ACCESS PROVIDER"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#57 "FOUNDATION TRUST"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#110 "GENERAL DENTAL PRACTICE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#126 "GOVERNMENT DEPARTMENT"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#128 "GOVERNMENT OFFICE REGION"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#76 "GP PRACTICE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#132 "HEALTH AUTHORITY (HA)"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#134 "HEALTH OBSERVATORY"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#7 "HOSPICE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#215 "HOSTS DATA MANAGMENT INTEGRATION CENTRE (DMIC)"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#69 "IMMIGRATION REMOVAL CENTRE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#232 "IMMIGRATION REMOVAL CENTRE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#172 "INDEPENDENT SECTOR HEALTHCARE PROVIDER"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#138 "ISLE OF MAN GOVERNMENT DEPARTMENT"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#137 "ISLE OF MAN GOVERNMENT DIRECTORATE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#12 "LA - INNER LONDON"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#11 "LA - METROPOLITAN DISTRICT"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#21 "LEVEL 03 PCT"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#22 "LEVEL 04 PCT"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#141 "LOCAL AUTHORITY"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#119 "LOCAL AUTHORITY - LEGACY"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#123 "LOCAL AUTHORITY DEPARTMENT"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#274 "LOCAL HEALTH AND CARE RECORD EXEMPLAR"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#142 "LOCAL HEALTH BOARD"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#146 "LOCAL SERVICE PROVIDER (LSP)"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#223 "LONDON BOROUGH"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#268 "MEDICINE SUPPLIER"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#37 "METROPOLITAN DISTRICT"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#39 "METROPOLITAN DISTRICT COUNCIL"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#150 "MILITARY HOSPITAL"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#159 "NATIONAL APPLICATION SERVICE PROVIDER"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#209 "NHS ENGLAND (REGION)"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#210 "NHS ENGLAND (REGION, LOCAL OFFICE)"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#161 "NHS SUPPORT AGENCY"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#197 "NHS TRUST"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#24 "NHS TRUST DERIVED"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#229 "NON RESIDENTIAL INSTITUTION"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#158 "NON STATUTORY NHS ORGANISATION"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#157 "NON-NHS ORGANISATION"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#166 "OPTICAL HEADQUARTERS"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#162 "OTHER STATUTORY AUTHORITY (OSA)"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#173 "PATHOLOGY LAB"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#25 "PCT DERIVED"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#182 "PHARMACY"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#181 "PHARMACY HEADQUARTER"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#234 "POLICE CUSTODY SUITE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#31 "PPA EPACT SYSTEM"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#171 "PRIMARY CARE GROUP"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#272 "PRIMARY CARE NETWORK"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#179 "PRIMARY CARE TRUST"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#175 "PRISON"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#65 "PRIVATE DENTAL PRACTICE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#71 "PRIVATELY OWNED ENTITY"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#15 "REG'D UNDER PART 2 CARE STDS ACT 2000"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#185 "REGIONAL OFFICE (RO)"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#30 "RESEARCH AND DEVELOPMENT"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#83 "RESIDENTIAL INSTITUTION"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#231 "SECURE CHILDREN'S HOME"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#230 "SECURE TRAINING CENTRE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#220 "SECURE TRAINING CENTRE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#236 "SEXUAL ASSAULT REFERRAL CENTRE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#276 "SMHPC - ADULT EATING DISORDERS"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#277 "SMHPC - ADULT SECURE SERVICES"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#275 "SMHPC - CYPMHS TIER 4"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#104 "SOCIAL CARE PROVIDER"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#189 "SPECIAL HEALTH AUTHORITY (SPHA)"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#67 "SPECIALISED COMMISSIONING GROUP"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#211 "SPECIALISED COMMISSIONING HUB"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#261 "STRATEGIC PARTNERSHIP"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#262 "SUSTAINABILITY TRANSFORMATION PARTNERSHIP"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#29 "TREATMENT CENTRE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#40 "UNITARY AUTHORITY"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#87 "WALK IN CENTRE"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#200 "WELSH ASSEMBLY"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#144 "WELSH LOCAL HEALTH BOARD"
* https://fhir.nhs.uk/CodeSystem/organisation-role|2.0.2#228 "YOUNG OFFENDER INSTITUTION"
