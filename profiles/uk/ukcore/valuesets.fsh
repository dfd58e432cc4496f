ValueSet: UKCoreACVPU
Id: UKCore-ACVPU
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-ACVPU"
* ^version = "2.1.1"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "(248234008 OR 300202002 OR 450847001 OR 422768004 OR 130987000)"

ValueSet: UKCoreAddressKeyType
Id: UKCore-AddressKeyType
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-AddressKeyType"
* ^version = "2.1.0"
* ^status = #active
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-AddressKeyType

ValueSet: UKCoreAdmissionMethod
Id: UKCore-AdmissionMethod
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-AdmissionMethod"
* ^version = "2.1.0"
* ^status = #active
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-AdmissionMethodEngland
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-AdmissionMethodWales

ValueSet: UKCoreAlcoholConsumption
Id: UKCore-AlcoholConsumption
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-AlcoholConsumption"
* ^version = "0.1.1"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "1082641000000106 OR 1082631000000102 OR 442547005 OR 443315005"

ValueSet: UKCoreAllergyCode
Id: UKCore-AllergyCode
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-AllergyCode"
* ^version = "2.2.0"
* ^status = #active
* include codes from system https://dmd.nhs.uk where parent = "VTM"
* include codes from system https://dmd.nhs.uk where parent = "VMP"
* include codes from system https://dmd.nhs.uk where parent = "AMP"
* include codes from system https://dmd.nhs.uk where parent = "INGREDIENT"
* include codes from system http://snomed.info/sct where constraint = "descendantOf 105590001 OR descendantOf 373873005 OR descendantOrSelfOf 716186003 OR 196461000000101 OR 196471000000108"
* http://terminology.hl7.org/CodeSystem/v3-NullFlavor#NI "NoInformation"

ValueSet: UKCoreAllergyManifestation
Id: UKCore-AllergyManifestation
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-AllergyManifestation"
* ^version = "2.2.0"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "memberOf 1127581000000103 or 196411000000103"
* http://terminology.hl7.org/CodeSystem/v3-NullFlavor#NI "NoInformation"

ValueSet: UKCoreAllergySubstance
Id: UKCore-AllergySubstance
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-AllergySubstance"
* ^version = "2.2.0"
* ^status = #active
* include codes from system https://dmd.nhs.uk where parent = "VTM"
* include codes from system https://dmd.nhs.uk where parent = "VMP"
* include codes from system https://dmd.nhs.uk where parent = "AMP"
* include codes from system https://dmd.nhs.uk where parent = "INGREDIENT"
* include codes from system http://snomed.info/sct where constraint = "descendantOf 105590001 OR descendantOf 373873005 OR 196461000000101 OR 196471000000108"
* http://terminology.hl7.org/CodeSystem/v3-NullFlavor#NI "NoInformation"

ValueSet: UKCoreAppointmentReasonCode
Id: UKCore-AppointmentReasonCode
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-AppointmentReasonCode"
* ^version = "1.0.0"
* ^status = #active
* include codes from system http://terminology.hl7.org/CodeSystem/v2-0276
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-AppointmentReasonCode

ValueSet: UKCoreBMI
Id: UKCore-BMI
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-BMI"
* ^version = "1.0.2"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "(DescendantOrSelfOf 60621009 OR DescendantOrSelfOf 446974000) MINUS (846931000000101 OR 852451000000103 OR 852461000000100 OR 715456008 OR 846911000000109 OR 1153596006 OR 248358009)"

ValueSet: UKCoreBirthSex
Id: UKCore-BirthSex
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-BirthSex"
* ^version = "2.1.0"
* ^status = #active
* include codes from system http://terminology.hl7.org/CodeSystem/v3-AdministrativeGender
* http://terminology.hl7.org/CodeSystem/v3-NullFlavor#UNK "unknown"

ValueSet: UKCoreBloodGlucose
Id: UKCore-BloodGlucose
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-BloodGlucose"
* ^version = "1.0.1"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "DescendantOrSelfOf 997671000000106 OR DescendantOrSelfOf 434911002"

ValueSet: UKCoreBloodPressure
Id: UKCore-BloodPressure
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-BloodPressure"
* ^version = "1.1.0"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "163020007 OR 75367002 OR 386534000 OR 87179004 OR 386533006 OR 386532001 OR 723237002 OR 251076008 OR 1036531000000108 OR 335661000000109 OR 163033001 OR 163035008 OR 163034007 OR 386536003 OR 252076005 OR 76882007 OR 71420008 OR 37476000 OR 364090009 OR  37087001 OR 251068006 OR 276760007 OR 276755008 OR 165077006 OR 371829003"

ValueSet: UKCoreBloodPressureAverage
Id: UKCore-BloodPressure-Average
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-BloodPressure-Average"
* ^version = "1.1.0"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "(DescendantOrSelfOf 2324511000000105) OR 723232008 OR (DescendantOrSelfOf 6797001 MINUS 852281000000108)"

ValueSet: UKCoreBloodPressureAverageDiastolic
Id: UKCore-BloodPressure-AverageDiastolic
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-BloodPressure-AverageDiastolic"
* ^version = "1.0.1"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "198091000000104 OR 314465004 OR 314462001 OR 314459004 OR 314456006 OR descendantOrSelfOf 314453003"

ValueSet: UKCoreBloodPressureAverageSystolic
Id: UKCore-BloodPressure-AverageSystolic
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-BloodPressure-AverageSystolic"
* ^version = "1.0.1"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "198081000000101 OR 314464000 OR 314449000 OR 314448008 OR 314447003 OR descendantOrSelfOf 314440001"

ValueSet: UKCoreBloodPressureCuffSize
Id: UKCore-BloodPressure-CuffSize
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-BloodPressure-CuffSize"
* ^version = "1.0.1"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "DescendantOf 70665002"

ValueSet: UKCoreBloodPressureDiastolic
Id: UKCore-BloodPressure-Diastolic
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-BloodPressure-Diastolic"
* ^version = "1.0.1"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "163031004 OR 271650006 OR 1091811000000102 OR 407557002 OR 1162735000 OR 407555005 OR 400975005"

ValueSet: UKCoreBloodPressureMeasurementMethod
Id: UKCore-BloodPressure-MeasurementMethod
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-BloodPressure-MeasurementMethod"
* ^version = "1.0.1"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "37931006 OR 810061000000102 OR 13385008 OR 765172009 OR 113011001 OR 31813000 OR descendantOrSelfOf 42826002"

ValueSet: UKCoreBloodPressureSystolic
Id: UKCore-BloodPressure-Systolic
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-BloodPressure-Systolic"
* ^version = "1.0.1"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "163030003 OR 271649006 OR 407556006 OR 1162737008 OR 407554009 OR 400974009 OR 72313002"

ValueSet: UKCoreBodyHeightMeasurements
Id: UKCore-BodyHeightMeasurements
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-BodyHeightMeasurements"
* ^version = "1.0.2"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "(248337003 OR 1003998008 or descendantOrSelfOf 50373000) MINUS (925931000000103 OR 925951000000105 OR 248336007 OR 276350001 OR 1153591001 OR 1153604005 OR 1153590000)"

ValueSet: UKCoreBodyPosition
Id: UKCore-BodyPosition
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-BodyPosition"
* ^version = "1.0.1"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "30212006 OR 26527006 OR 102536004 OR 414585002 OR 10904000 OR 1240000 OR 102538003 OR 423413008 OR 102535000 OR 415346000 OR 33586001 OR 40199007 OR 34106002"

ValueSet: UKCoreBodySite
Id: UKCore-BodySite
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-BodySite"
* ^version = "2.2.1"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "descendantOf 442083009 OR descendantOf 278001007"

ValueSet: UKCoreBodyTemperature
Id: UKCore-BodyTemperature
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-BodyTemperature"
* ^version = "1.0.1"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "DescendantOrSelfOf 386725007 MINUS (DescendantOrSelfOf 248458005 OR DescendantOrSelfOf 852591000000107 OR DescendantOrSelfOf 852601000000101 OR DescendantOrSelfOf 852581000000105 OR DescendantOrSelfOf 364419004 OR DescendantOrSelfOf 364424001 OR DescendantOrSelfOf 364429006 OR DescendantOrSelfOf 248835004 OR DescendantOrSelfOf 250124002 OR DescendantOrSelfOf 431197002 OR DescendantOrSelfOf 364518005 OR DescendantOrSelfOf 363997004  OR DescendantOrSelfOf 364537001 OR DescendantOrSelfOf 364246006 OR DescendantOrSelfOf 431598003)"

ValueSet: UKCoreBodyWeightMeasurements
Id: UKCore-BodyWeightMeasurements
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-BodyWeightMeasurements"
* ^version = "1.0.1"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "descendantOrSelfOf 27113001 MINUS (descendantOrSelfOf 301334000 OR descendantOrSelfOf 400967004 OR descendantOrSelfOf 170804003 OR descendantOrSelfOf 852321000000100 OR descendantOrSelfOf 852311000000106 OR descendantOrSelfOf 248351003 OR descendantOrSelfOf 390734006 OR descendantOrSelfOf 363809009)"

ValueSet: UKCoreCareSettingType
Id: UKCore-CareSettingType
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-CareSettingType"
* ^version = "3.1.0"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "memberOf 1127531000000102"

ValueSet: UKCoreConditionCategory
Id: UKCore-ConditionCategory
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-ConditionCategory"
* ^version = "2.1.0"
* ^status = #active
* include codes from system http://terminology.hl7.org/CodeSystem/condition-category
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-ConditionCategory

ValueSet: UKCoreConditionCode
Id: UKCore-ConditionCode
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-ConditionCode"
* ^version = "2.2.0"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "descendantOf 404684003 OR descendantOf 413350009 OR descendantOf 272379006"

ValueSet: UKCoreConditionEpisodicity
Id: UKCore-ConditionEpisodicity
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-ConditionEpisodicity"
* ^version = "2.2.0"
* ^status = #active
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-ConditionEpisodicity

ValueSet: UKCoreDateTimeType
Id: UKCore-DateTimeType
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-DateTimeType"
* ^version = "2.1.0"
* ^status = #draft
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-DateTimeType

ValueSet: UKCoreDeathNotificationStatus
Id: UKCore-DeathNotificationStatus
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-DeathNotificationStatus"
* ^version = "2.1.0"
* ^status = #active
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-DeathNotificationStatus

ValueSet: UKCoreDeliveryChannel
Id: UKCore-DeliveryChannel
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-DeliveryChannel"
* ^version = "1.1.0"
* ^status = #active
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-DeliveryChannel

ValueSet: UKCoreDeviceType
Id: UKCore-DeviceType
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-DeviceType"
* ^version = "1.1.0"
* ^status = #draft
* include codes from system http://snomed.info/sct where constraint = "memberOf 999000401000000107"

ValueSet: UKCoreDischargeDestination
Id: UKCore-DischargeDestination
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-DischargeDestination"
* ^version = "2.1.0"
* ^status = #active
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-DischargeDestinationEngland
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-DischargeDestinationWales

ValueSet: UKCoreDischargeMethod
Id: UKCore-DischargeMethod
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-DischargeMethod"
* ^version = "2.1.0"
* ^status = #active
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-DischargeMethodEngland
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-DischargeMethodWales

ValueSet: UKCoreDocumentType
Id: UKCore-DocumentType
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-DocumentType"
* ^version = "2.2.0"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "memberOf 1127551000000109"

ValueSet: UKCoreEarlyWarningSubScore
Id: UKCore-EarlyWarningSubScore
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-EarlyWarningSubScore"
* ^version = "1.0.1"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "(1104301000000104 OR 1104311000000102 OR 1104321000000108 OR 1104331000000105 OR 1104351000000103 OR 1104341000000101 OR 1104361000000100 OR 1104371000000107)"
* include codes from system http://snomed.info/sct where constraint = "(1364091000000101 OR 1363271000000106 OR 1364081000000103 OR 1363301000000109 OR 1363311000000106 OR 1363321000000100 OR 1363291000000105 OR 1363331000000103 OR 1363341000000107 OR 1363351000000105 OR 1363361000000108 OR 1364131000000103 OR 1364121000000100)"

ValueSet: UKCoreEarlyWarningTotalScore
Id: UKCore-EarlyWarningTotalScore
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-EarlyWarningTotalScore"
* ^version = "1.0.1"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "1104051000000101"
* include codes from system http://snomed.info/sct where constraint = "1363261000000104"

ValueSet: UKCoreEmergencyCareDischargeStatus
Id: UKCore-EmergencyCareDischargeStatus
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-EmergencyCareDischargeStatus"
* ^version = "2.1.0"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "memberOf 999003021000000104"
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-EmergencyCareOutcomeOfAttendanceWales

ValueSet: UKCoreEncounterLocationType
Id: UKCore-EncounterLocationType
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-EncounterLocationType"
* ^version = "1.0.0"
* ^status = #active
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-EncounterLocationTypeEngland
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-EncounterLocationTypeWales

ValueSet: UKCoreEncounterType
Id: UKCore-EncounterType
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-EncounterType"
* ^version = "2.1.0"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "descendantOrSelfOf 185316007 OR descendantOrSelfOf 308467007 OR descendantOrSelfOf 185201007"

ValueSet: UKCoreEthnicCategory
Id: UKCore-EthnicCategory
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-EthnicCategory"
* ^version = "2.2.0"
* ^status = #active
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryEngland
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryWales

ValueSet: UKCoreFundingCategory
Id: UKCore-FundingCategory
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-FundingCategory"
* ^version = "1.0.0"
* ^status = #active
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-FundingCategory

ValueSet: UKCoreGenomeSequencingCategory
Id: UKCore-GenomeSequencingCategory
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-GenomeSequencingCategory"
* ^version = "1.0.0"
* ^status = #active
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-GenomeSequencingCategory

ValueSet: UKCoreHeadCircumferenceMeasurements
Id: UKCore-HeadCircumferenceMeasurements
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-HeadCircumferenceMeasurements"
* ^version = "1.0.1"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "descendantOrSelfOf 363811000 MINUS (1153594009 OR 70751000052109 OR 70761000052107 OR descendantOrSelfOf 170061009)"

ValueSet: UKCoreHeartRate
Id: UKCore-HeartRate
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-HeartRate"
* ^version = "1.0.1"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "DescendantOrSelfOf 364075005 MINUS (DescendantOrSelfOf 251670001 OR DescendantOrSelfOf 928001000000104 OR DescendantOrSelfOf 852341000000107 OR DescendantOrSelfOf 852351000000105 OR DescendantOrSelfOf 428420003 OR DescendantOrSelfOf 852331000000103)"

ValueSet: UKCoreInspiredOxygen
Id: UKCore-InspiredOxygen
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-InspiredOxygen"
* ^version = "2.1.1"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "722742002 OR 371825009"

ValueSet: UKCoreLegalStatusClassification
Id: UKCore-LegalStatusClassification
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-LegalStatusClassification"
* ^version = "1.0.0"
* ^status = #active
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-LegalStatusClassificationEngland
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-LegalStatusClassificationWales

ValueSet: UKCoreLegalStatusContext
Id: UKCore-LegalStatusContext
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-LegalStatusContext"
* ^version = "1.0.0"
* ^status = #active
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-LegalStatusContext

ValueSet: UKCoreMedicationCode
Id: UKCore-MedicationCode
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-MedicationCode"
* ^version = "2.3.0"
* ^status = #active
* include codes from system https://dmd.nhs.uk where parent = "VTM"
* include codes from system https://dmd.nhs.uk where parent = "VMP"
* include codes from system https://dmd.nhs.uk where parent = "AMP"
* include codes from system https://dmd.nhs.uk where parent = "VMPP"
* include codes from system https://dmd.nhs.uk where parent = "AMPP"
* include codes from system http://snomed.info/sct where constraint = "419841000001106"

ValueSet: UKCoreMedicationDosageMethod
Id: UKCore-MedicationDosageMethod
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-MedicationDosageMethod"
* ^version = "1.0.0"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "memberOf 999000041000001103"

ValueSet: UKCoreMedicationForm
Id: UKCore-MedicationForm
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-MedicationForm"
* ^version = "2.1.0"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "memberOf 999000781000001107"

ValueSet: UKCoreMedicationPrescribingOrganizationType
Id: UKCore-MedicationPrescribingOrganizationType
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-MedicationPrescribingOrganizationType"
* ^version = "1.0.0"
* ^status = #active
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-MedicationPrescribingOrganizationType

ValueSet: UKCoreMedicationRequestCategory
Id: UKCore-MedicationRequestCategory
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-MedicationRequestCategory"
* ^version = "1.1.2"
* ^status = #active
* include codes from system http://terminology.hl7.org/CodeSystem/medicationrequest-category
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-MedicationRequestCategory

ValueSet: UKCoreMedicationRequestCourseOfTherapy
Id: UKCore-MedicationRequestCourseOfTherapy
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-MedicationRequestCourseOfTherapy"
* ^version = "1.0.0"
* ^status = #active
* http://terminology.hl7.org/CodeSystem/medicationrequest-course-of-therapy#continuous "Continuous long term therapy"
* http://terminology.hl7.org/CodeSystem/medicationrequest-course-of-therapy#acute "Short course (acute) therapy"
* https://fhir.hl7.org.uk/CodeSystem/UKCore-MedicationRequestCourseOfTherapy#continuous-repeating-dispensing "Continuous long term (repeat dispensing)"

ValueSet: UKCoreMedicationStatementCategory
Id: UKCore-MedicationStatementCategory
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-MedicationStatementCategory"
* ^version = "1.1.0"
* ^status = #active
* include codes from system http://terminology.hl7.org/CodeSystem/medication-statement-category
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-MedicationStatementCategory

ValueSet: UKCoreMedicationSupplyType
Id: UKCore-MedicationSupplyType
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-MedicationSupplyType"
* ^version = "2.1.0"
* ^status = #active
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-MedicationSupplyType

ValueSet: UKCoreMedicationTradeFamily
Id: UKCore-MedicationTradeFamily
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-MedicationTradeFamily"
* ^version = "1.0.0"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "memberOf 999000631000001100"

ValueSet: UKCoreNHSNumberUnavailableReason
Id: UKCore-NHSNumberUnavailableReason
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-NHSNumberUnavailableReason"
* ^version = "1.1.0"
* ^status = #active
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberUnavailableReason
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-WithheldIdentityReason

ValueSet: UKCoreNHSNumberVerificationStatus
Id: UKCore-NHSNumberVerificationStatus
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-NHSNumberVerificationStatus"
* ^version = "2.2.0"
* ^status = #active
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusWales
* http://terminology.hl7.org/CodeSystem/v3-NullFlavor#NI "NoInformation"

ValueSet: UKCoreObservationType
Id: UKCore-ObservationType
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-ObservationType"
* ^version = "2.0.0"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "descendantOrSelfOf 363787002"

ValueSet: UKCoreObservationVitalSignsType
Id: UKCore-ObservationVitalSignsType
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-ObservationVitalSignsType"
* ^version = "1.1.0"
* ^status = #active
* include codes from valueset https://fhir.hl7.org.uk/ValueSet/UKCore-BloodPressure
* include codes from valueset https://fhir.hl7.org.uk/ValueSet/UKCore-BloodPressure-Diastolic
* include codes from valueset https://fhir.hl7.org.uk/ValueSet/UKCore-BloodPressure-Systolic
* include codes from valueset https://fhir.hl7.org.uk/ValueSet/UKCore-BMI
* include codes from valueset https://fhir.hl7.org.uk/ValueSet/UKCore-BodyHeightMeasurements
* include codes from valueset https://fhir.hl7.org.uk/ValueSet/UKCore-BodyTemperature
* include codes from valueset https://fhir.hl7.org.uk/ValueSet/UKCore-BodyWeightMeasurements
* include codes from valueset https://fhir.hl7.org.uk/ValueSet/UKCore-HeadCircumferenceMeasurements
* include codes from valueset https://fhir.hl7.org.uk/ValueSet/UKCore-HeartRate
* include codes from valueset https://fhir.hl7.org.uk/ValueSet/UKCore-OxygenSaturation
* include codes from valueset https://fhir.hl7.org.uk/ValueSet/UKCore-RespirationRate

ValueSet: UKCoreOrganizationType
Id: UKCore-OrganizationType
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-OrganizationType"
* ^version = "1.0.0"
* ^status = #active
* include codes from system http://terminology.hl7.org/CodeSystem/organization-type
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-OrganizationTypeGenomics

ValueSet: UKCoreOtherContactSystem
Id: UKCore-OtherContactSystem
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-OtherContactSystem"
* ^version = "2.1.0"
* ^status = #active
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-OtherContactSystem

ValueSet: UKCoreOutcomeOfAttendance
Id: UKCore-OutcomeOfAttendance
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-OutcomeOfAttendance"
* ^version = "2.1.0"
* ^status = #active
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-OutcomeOfAttendanceEngland
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-OutcomeOfAttendanceWales

ValueSet: UKCoreOxygenSaturation
Id: UKCore-OxygenSaturation
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-OxygenSaturation"
* ^version = "1.0.1"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "DescendantOrSelfOf 103228002 MINUS (DescendantOrSelfOf 927981000000106 OR DescendantOrSelfOf 852651000000100 OR DescendantOrSelfOf 852661000000102 OR DescendantOrSelfOf 852641000000103 OR DescendantOrSelfOf 442349007)"

ValueSet: UKCorePathologyAndLaboratoryMedicineObservables
Id: UKCore-PathologyAndLaboratoryMedicineObservables
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-PathologyAndLaboratoryMedicineObservables"
* ^version = "1.1.0"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "memberOf 1853551000000106"

ValueSet: UKCorePathologyAndLaboratoryMedicineProcedures
Id: UKCore-PathologyAndLaboratoryMedicineProcedures
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-PathologyAndLaboratoryMedicineProcedures"
* ^version = "1.0.1"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "memberOf 1853561000000109"

ValueSet: UKCorePathologyBoundedCodeListObservables
Id: UKCore-PathologyBoundedCodeListObservables
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-PathologyBoundedCodeListObservables"
* ^version = "0.1.0"
* ^status = #draft
* include codes from system http://snomed.info/sct where constraint = "memberOf 999002881000000100"

ValueSet: UKCorePeriodType
Id: UKCore-PeriodType
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-PeriodType"
* ^version = "1.0.0"
* ^status = #draft
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-PeriodType

ValueSet: UKCorePersonMaritalStatusCode
Id: UKCore-PersonMaritalStatusCode
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-PersonMaritalStatusCode"
* ^version = "2.3.0"
* ^status = #active
* include codes from system http://terminology.hl7.org/CodeSystem/v3-MaritalStatus
* http://terminology.hl7.org/CodeSystem/v3-NullFlavor#UNK "unknown"
* https://fhir.hl7.org.uk/CodeSystem/UKCore-PersonMaritalStatusEngland#M "Married/Civil Partner"
* https://fhir.hl7.org.uk/CodeSystem/UKCore-PersonMaritalStatusEngland#D "Divorced/Person whose Civil Partnership has been dissolved"
* https://fhir.hl7.org.uk/CodeSystem/UKCore-PersonMaritalStatusEngland#W "Widowed/Surviving Civil Partner"
* https://fhir.hl7.org.uk/CodeSystem/UKCore-PersonMaritalStatusEngland#N "Not disclosed"
* https://fhir.hl7.org.uk/CodeSystem/UKCore-PersonMaritalStatusEngland#P "Separated"
* https://fhir.hl7.org.uk/CodeSystem/UKCore-PersonMaritalStatusEngland#8 "Not applicable"
* https://fhir.hl7.org.uk/CodeSystem/UKCore-PersonMaritalStatusWales#22 "Civil Partner"
* https://fhir.hl7.org.uk/CodeSystem/UKCore-PersonMaritalStatusWales#32 "Person whose Civil Partnership has been dissolved"
* https://fhir.hl7.org.uk/CodeSystem/UKCore-PersonMaritalStatusWales#42 "Surviving Civil Partner"
* https://fhir.hl7.org.uk/CodeSystem/UKCore-PersonMaritalStatusWales#51 "Separated"
* https://fhir.hl7.org.uk/CodeSystem/UKCore-PersonMaritalStatusWales#91 "Not disclosed or unknown"

ValueSet: UKCorePersonRelationshipType
Id: UKCore-PersonRelationshipType
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-PersonRelationshipType"
* ^version = "2.1.0"
* ^status = #active
* include codes from system http://terminology.hl7.org/CodeSystem/v2-0131
* include codes from system http://terminology.hl7.org/CodeSystem/v3-RoleCode where concept is-a "_PersonalRelationshipRoleType"
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-AdditionalPersonRelationshipRole
* exclude http://terminology.hl7.org/CodeSystem/v2-0131#O "Other"
* exclude http://terminology.hl7.org/CodeSystem/v3-RoleCode#_PersonalRelationshipRoleType "PersonalRelationshipRoleType"

ValueSet: UKCorePracticeSettingCode
Id: UKCore-PracticeSettingCode
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-PracticeSettingCode"
* ^version = "1.0.0"
* ^status = #active
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-PracticeSettingCode

ValueSet: UKCorePractitionerRoleCode
Id: UKCore-PractitionerRoleCode
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-PractitionerRoleCode"
* ^version = "1.0.0"
* ^status = #retired
* include codes from system http://terminology.hl7.org/CodeSystem/practitioner-role
* include codes from system http://snomed.info/sct where constraint = "descendantOrSelfOf 223366009"

ValueSet: UKCorePreferredContactMethod
Id: UKCore-PreferredContactMethod
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-PreferredContactMethod"
* ^version = "2.2.0"
* ^status = #active
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-PreferredContactMethod

ValueSet: UKCorePreferredWrittenCommunicationFormat
Id: UKCore-PreferredWrittenCommunicationFormat
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-PreferredWrittenCommunicationFormat"
* ^version = "2.1.0"
* ^status = #active
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-PreferredWrittenCommunicationFormat

ValueSet: UKCoreProcedureCode
Id: UKCore-ProcedureCode
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-ProcedureCode"
* ^version = "2.2.1"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "descendantOrSelfOf 71388002 OR descendantOrSelfOf 129125009"

ValueSet: UKCoreQuestionnaireQuestionCodes
Id: UKCore-QuestionnaireQuestionCodes
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-QuestionnaireQuestionCodes"
* ^version = "1.0.0"
* ^status = #draft
* include codes from system http://snomed.info/sct

ValueSet: UKCoreRecordingSetting
Id: UKCore-RecordingSetting
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-RecordingSetting"
* ^version = "1.0.0"
* ^status = #active
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-RecordingSetting

ValueSet: UKCoreResidentialStatus
Id: UKCore-ResidentialStatus
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-ResidentialStatus"
* ^version = "2.1.0"
* ^status = #active
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-ResidentialStatus

ValueSet: UKCoreRespirationRate
Id: UKCore-RespirationRate
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-RespirationRate"
* ^version = "1.1.1"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "DescendantOrSelfOf 86290005 MINUS DescendantOrSelfOf 927961000000102"

ValueSet: UKCoreServiceRequestReasonCode
Id: UKCore-ServiceRequestReasonCode
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-ServiceRequestReasonCode"
* ^version = "1.1.1"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "descendantOrSelfOf 404684003 OR descendantOrSelfOf 71388002 OR descendantOrSelfOf 272379006 OR descendantOrSelfOf 363787002 OR descendantOrSelfOf 243796009"

ValueSet: UKCoreSourceOfAdmission
Id: UKCore-SourceOfAdmission
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-SourceOfAdmission"
* ^version = "2.1.0"
* ^status = #active
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-SourceOfAdmissionEngland
* include codes from system https://fhir.hl7.org.uk/CodeSystem/UKCore-SourceOfAdmissionWales

ValueSet: UKCoreSourceOfServiceRequest
Id: UKCore-SourceOfServiceRequest
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-SourceOfServiceRequest"
* ^version = "1.2.1"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "descendantOf 309013001 OR descendantOf 306098008"

ValueSet: UKCoreSubstanceOrProductAdministrationRoute
Id: UKCore-SubstanceOrProductAdministrationRoute
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-SubstanceOrProductAdministrationRoute"
* ^version = "1.0.0"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "memberOf 999000051000001100"

ValueSet: UKCoreTobaccoConsumption
Id: UKCore-TobaccoConsumption
* ^url = "https://fhir.hl7.org.uk/ValueSet/UKCore-TobaccoConsumption"
* ^version = "0.1.1"
* ^status = #active
* include codes from system http://snomed.info/sct where constraint = "(DescendantOrSelfOf 266918002 OR 228500003 OR 228510007 OR 228490006) MINUS (401201003 OR 782516008)"

ValueSet: messagestatusvs
Id: message-status-vs
* ^url = "https://fhir.hl7.org.uk/ValueSet/message-status-vs"
* ^version = "1.0.2"
* ^status = #active
* include codes from system https://fhir.hl7.org.uk/CodeSystem/message-status|1.0.2
