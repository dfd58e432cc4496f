CodeSystem: UKCoreAdditionalPersonRelationshipRole
Id: UKCore-AdditionalPersonRelationshipRole
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-AdditionalPersonRelationshipRole"
* ^version = "2.1.0"
* ^status = #active
* #Agent "Agent of patient"
* #Guardian "Guardian of patient"
* #Personal "Personal relationship with the patient"
* #PolygamousPartner "Polygamous Partner of patient"
* #Dependant "Dependant of patient"
* #NonDependant "Non Dependant of patient"
* #ProxyContact "Proxy Contact for patient"
* #ProxyCommunication "Proxy Communication for patient"
* #ProxyContactCommunication "Proxy Contact and Communication for patient"
* #Carer "Carer of patient"
* #NotSpecified "Not Specified"

CodeSystem: UKCoreAddressKeyType
Id: UKCore-AddressKeyType
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-AddressKeyType"
* ^version = "2.1.0"
* ^status = #active
* #PAF "Postcode Address File"
* #UPRN "Unique Property Reference Number"

CodeSystem: UKCoreAdmissionMethodEngland
Id: UKCore-AdmissionMethodEngland
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-AdmissionMethodEngland"
* ^version = "1.0.1"
* ^status = #active
* #11 "Elective Admission: Waiting list"
* #12 "Elective Admission: Booked"
* #13 "Elective Admission: Planned"
* #21 "Emergency Admission: Emergency Care Department or dental casualty department of the Health Care Provider"
* #22 "Emergency Admission: General Practitioner: after a request for immediate admission has been made direct to a Hospital Provider, i.e. not through a Bed bureau, by a General Practitioner or deputy"
* #23 "Emergency Admission: Bed bureau"
* #24 "Emergency Admission: Consultant Clinic, of this or another Health Care Provider"
* #25 "Emergency Admission: Admission via Mental Health Crisis Resolution Team"
* #2A "Emergency Admission: Emergency Care Department of another provider where the Patient had not been admitted"
* #2B "Emergency Admission: Transfer of an admitted Patient from another Hospital Provider in an emergency"
* #2C "Emergency Admission: Baby born at home as intended"
* #2D "Emergency Admission: Other emergency admission"
* #28 "Emergency Admission: Other means, examples are: - admitted from the Emergency Care Department of another provider where they had not been admitted - transfer of an admitted Patient from another Hospital Provider in an emergency - baby born at home as intended"
* #31 "Maternity Admission: Admitted ante partum"
* #32 "Maternity Admission: Admitted post partum"
* #82 "Other Admission: The birth of a baby in this Health Care Provider"
* #83 "Other Admission: Baby born outside the Health Care Provider except when born at home as intended"
* #81 "Other Admission: Transfer of any admitted Patient from other Hospital Provider other than in an emergency"
* #98 "Not applicable"
* #99 "Admission Method not known"

CodeSystem: UKCoreAdmissionMethodWales
Id: UKCore-AdmissionMethodWales
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-AdmissionMethodWales"
* ^version = "1.1.0"
* ^status = #active
* #11 "Elective Admission: Waiting list"
* #12 "Elective Admission: Booked"
* #13 "Elective Admission: Planned"
* #21 "Emergency Admission: A & E or dental casualty department of the health care provider"
* #22 "Emergency Admission: GP: after a request for immediate admission has been made direct to a hospital provider (i.e. not through a Bed Bureau) by a General Practitioner or deputy"
* #23 "Emergency Admission: Bed bureau"
* #24 "Emergency Admission: Consultant clinic of this or another health care provider"
* #25 "Emergency Admission: Domiciliary visit by Consultant"
* #27 "Emergency Admission: Via NHS Direct Services"
* #28 "Emergency Admission: Other means, including admitted from the A & E department of another provider where they had not been admitted"
* #31 "Maternity Admission: Admitted ante-partum"
* #32 "Maternity Admission: Admitted post-partum"
* #81 "Other Admission: Transfer of any admitted patient from other hospital provider.  May be used for an elective or emergency transfer from other hospital provider."
* #82 "Other Admission: The birth of a baby in this health care provider"
* #83 "Other Admission: Baby born outside the health care provider (except when born at home as intended.  In this case the baby is an emergency admission.  e.g. if midwife's decision to admit the baby use Admission Method 28)"

CodeSystem: UKCoreAppointmentReasonCode
Id: UKCore-AppointmentReasonCode
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-AppointmentReasonCode"
* ^version = "1.0.0"
* ^status = #active
* #urgent-follow-up "Urgent follow-up"

CodeSystem: UKCoreConditionCategory
Id: UKCore-ConditionCategory
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-ConditionCategory"
* ^version = "1.1.0"
* ^status = #active
* #presenting-complaint "Presenting Complaint"
* #co-morbidity "Co-morbidity"

CodeSystem: UKCoreConditionEpisodicity
Id: UKCore-ConditionEpisodicity
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-ConditionEpisodicity"
* ^version = "2.1.0"
* ^status = #active
* #first "First"
* #new "New"
* #review "Review"
* #end "End"

CodeSystem: UKCoreDateTimeType
Id: UKCore-DateTimeType
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-DateTimeType"
* ^version = "2.1.0"
* ^status = #draft
* #time-clear "Time Clear"
* #time-clinical-handover "Time of Clinical Handover"
* #time-dispatch-code-established "Time Dispatch Code Established"
* #time-arrived-receiving-location "Time Arrived at Receiving Location"
* #time-patient-handover "Time Patient Handover"
* #time-resource-mobilised "Time Resource Mobilised"
* #time-resource-arrived-on-scene "Time Resource Arrived On Scene"
* #time-stood-down "Time Stood Down"
* #time-resource-left-scene "Time Resource Left Scene"
* #clock-start-date-time "Clock Start Date Time"
* #time-call-answered "Time Call Answered"
* #time-call-ended "Time Call Ended"
* #clock-stop-date-time "Clock Stop Date Time"

CodeSystem: UKCoreDeathNotificationStatus
Id: UKCore-DeathNotificationStatus
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-DeathNotificationStatus"
* ^version = "2.1.0"
* ^status = #active
* #1 "Informal - death notice received via an update from a local NHS Organisation such as GP or Trust"
* #2 "Formal - death notice received from Registrar of Deaths"
* #U "Removed"

CodeSystem: UKCoreDeliveryChannel
Id: UKCore-DeliveryChannel
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-DeliveryChannel"
* ^version = "1.1.0"
* ^status = #active
* #In-person "In-person"
* #Telephone "Telephone"
* #Video "Video"

CodeSystem: UKCoreDischargeDestinationEngland
Id: UKCore-DischargeDestinationEngland
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-DischargeDestinationEngland"
* ^version = "1.0.1"
* ^status = #active
* #19 "Usual place of residence unless listed below, for example, a private dwelling whether owner occupied or owned by Local Authority, housing association or other landlord. This includes wardened accommodation but not residential accommodation where health care is provided. It also includes patients with no fixed abode."
* #29 "Temporary place of residence when usually resident elsewhere (includes hotel, residential Educational Establishment)"
* #30 "Repatriation from high security psychiatric accommodation in an NHS Hospital Provider (NHS Trust or NHS Foundation Trust)"
* #37 "Court"
* #38 "Penal establishment or police station"
* #48 "High Security Psychiatric Hospital, Scotland"
* #49 "NHS other Hospital Provider - high security psychiatric accommodation"
* #50 "NHS other Hospital Provider - medium secure unit"
* #51 "NHS other Hospital Provider - Ward for general patients or the younger physically disabled"
* #52 "NHS other Hospital Provider - Ward for maternity patients or Neonates"
* #53 "NHS other Hospital Provider - Ward for patients who are mentally ill or have Learning Disabilities"
* #54 "NHS run Care Home"
* #65 "Local Authority residential accommodation i.e. where care is provided"
* #66 "Local Authority foster care"
* #79 "Not applicable - Patient died or stillbirth"
* #84 "Non-NHS run hospital - medium secure unit"
* #85 "Non-NHS (other than Local Authority) run Care Home"
* #87 "Non-NHS run hospital"
* #88 "Non-NHS (other than Local Authority) run Hospice"
* #98 "Not applicable - Hospital Provider Spell not finished at episode end (i.e. not discharged) or current episode unfinished"
* #99 "Not known"

CodeSystem: UKCoreDischargeDestinationWales
Id: UKCore-DischargeDestinationWales
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-DischargeDestinationWales"
* ^version = "1.0.1"
* ^status = #active
* #19 "Own home"
* #20 "Permanent residence at nursing home, residential care home"
* #21 "Temporary residence at nursing home, residential care home"
* #22 "No fixed abode"
* #23 "Hospice"
* #29 "Temporary place of residence when usually resident elsewhere (includes hotel, residential educational establishment)"
* #39 "Penal establishment, court or police station or police custody suite"
* #51 "Patient transfer to another health board / trust"
* #55 "Patient transfer within the same health board / trust"
* #65 "Local Authority Part 3 residential accommodation i.e. where care is provided"
* #66 "Local authority foster care but not in Part 3 residential accommodation"
* #79 "Not Applicable - Patient died or stillbirth"
* #86 "Non-NHS (other than local authority) run nursing home"
* #87 "Patient transfer to Non-NHS run hospital includes private hospitals e.g. BUPA"
* #98 "Not applicable - hospital provider spell not finished at episode end (i.e. not discharged, or current episode unfinished)"

CodeSystem: UKCoreDischargeMethodEngland
Id: UKCore-DischargeMethodEngland
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-DischargeMethodEngland"
* ^version = "1.1.0"
* ^status = #active
* #1 "Patient discharged on clinical advice or with clinical consent"
* #3 "Patient discharged by mental health review tribunal, Home Secretary or Court"
* #4 "Patient died"
* #5 "Stillbirth"
* #6 "Patient discharged him/herself"
* #7 "Patient discharged by a relative or advocate"
* #8 "Not applicable (Hospital Provider Spell not finished at episode end (i.e. not discharged) or current episode unfinished)"
* #9 "Method of discharge  not known"

CodeSystem: UKCoreDischargeMethodWales
Id: UKCore-DischargeMethodWales
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-DischargeMethodWales"
* ^version = "1.1.0"
* ^status = #active
* #1 "Patient discharged on clinical advice or with clinical consent"
* #2 "Patient discharged him/herself or was discharged by a relative or advocate"
* #3 "Patient discharged by Mental Health Review Tribunal (MHRT), Home Secretary or court"
* #4 "Patient died"
* #5 "Stillbirth"
* #8 "Not applicable - hospital provider spell not yet finished (i.e. not discharged)"

CodeSystem: UKCoreEmergencyCareOutcomeOfAttendanceWales
Id: UKCore-EmergencyCareOutcomeOfAttendanceWales
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-EmergencyCareOutcomeOfAttendanceWales"
* ^version = "1.0.1"
* ^status = #active
* #01 "Admitted to same Hospital within Local Health Board"
* #02 "Admitted to other Hospital within Local Health Board"
* #03 "Transferred to different Local Health Board"
* #04 "Referred to Outpatient Department"
* #05 "Referred to GP"
* #06 "Referred to Other Healthcare Professional"
* #07 "No Planned Follow-up"
* #08 "Planned Follow-up at Accident and Emergency Department"
* #09 "Patient Self Discharged without Clinical Consent"
* #10 "Died in Department"
* #11 "Patient Dead on Arrival"

CodeSystem: UKCoreEncounterLocationTypeEngland
Id: UKCore-EncounterLocationTypeEngland
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-EncounterLocationTypeEngland"
* ^version = "1.0.1"
* ^status = #active
* #A01 "Patient's Home"
* #A02 "Carer's Home"
* #A03 "Patient's Workplace"
* #A04 "Other Patient Related Location"
* #B01 "Primary Care Health Centre"
* #B02 "Polyclinic"
* #C01 "General Medical Practitioner Practice"
* #C02 "Dental Practice"
* #C03 "Ophthalmic Medical Practitioner Premises"
* #D01 "Walk In Centre"
* #D02 "Out of Hours Centre"
* #D03 "Emergency Community Dental Service"
* #E01 "Out-Patient Clinic"
* #E02 "Ward"
* #E03 "Day Hospital"
* #E04 "Emergency Care Department or Minor Injuries Department"
* #E99 "Other Departments"
* #F01 "Hospice"
* #G01 "Care Home Without Nursing"
* #G02 "Care Home With Nursing"
* #G03 "Children's Home"
* #G04 "Integrated Care Home Without Nursing and Care Home With Nursing"
* #H01 "Day Centre"
* #J01 "Resource Centre"
* #K01 "Sure Start Children's Centre"
* #K02 "Child Development Centre"
* #L01 "School"
* #L02 "Further Education College"
* #L03 "University"
* #L04 "Nursery Premises"
* #L05 "Other Childcare Premises"
* #L06 "Training Establishments"
* #L99 "Other Educational Premises"
* #M01 "Prison"
* #M02 "Probation Service Premises"
* #M03 "Police Station / Police Custody Suite"
* #M04 "Young Offender Institution"
* #M05 "Immigration Removal Centre"
* #M06 "Young Offender Institution (15-17)"
* #M07 "Young Offender Institution (18-21)"
* #N01 "Street or other public open space"
* #N02 "Other publicly accessible area or building"
* #N03 "Voluntary or charitable agency premises"
* #N04 "Dispensing Optician Premises"
* #N05 "Dispensing Pharmacy Premises"
* #X01 "Other locations not elsewhere classified"

CodeSystem: UKCoreEncounterLocationTypeWales
Id: UKCore-EncounterLocationTypeWales
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-EncounterLocationTypeWales"
* ^version = "1.0.1"
* ^status = #active
* #01 "Clients or patients home"
* #02 "Health Centre"
* #03 "Other GMP Premises"
* #04 "Ward or NHS Hospital Site"
* #06 "Hospice"
* #07 "Other Voluntary or Private Hospital or Nursing Home"
* #08 "Group Home managed by the NHS"
* #09 "Group Home managed by Local Authority"
* #10 "Group Home managed by Voluntary or Private Agents"
* #11 "Other Residential Care Homes managed by Local Authority"
* #12 "Other Residential Care Homes managed by Voluntary or Private Agents"
* #13 "NHS Day Care Facility on NHS Hospital Sites"
* #14 "NHS Day Care Facility on Other sites"
* #15 "Day Centre managed by Local Authority"
* #16 "Day Centre managed by Voluntary or Private Agents"
* #17 "NHS Consultant Clinic Premises on a NHS Hospital Site"
* #18 "NHS Consultant Clinic Premises off a NHS Hospital Site"
* #19 "Health Clinic managed by the NHS"
* #20 "Health Clinic managed by Voluntary or Private Agents"
* #21 "Resource Centre on NHS Hospital Site"
* #22 "Resource Centre managed by the NHS off NHS Hospital Site"
* #23 "Resource Centre managed by Local Authority"
* #24 "Resource Centre managed by Voluntary or Private Agents"
* #25 "Professional Staff Group Department on NHS Hospital Site"
* #26 "Professional Staff Group Department managed by the NHS off NHS Hospital Site"
* #27 "Professional Staff Group Department managed by Local Authority"
* #28 "Professional Staff Group Department managed by Voluntary or Private Agents"
* #29 "School Premises managed by Local Authority or Grant Maintained"
* #30 "School Premises managed by Voluntary or Private Agents"
* #31 "Other Health or Local Authority Facility on NHS Hospital Site"
* #32 "Other Health or Local Authority Site managed by the NHS off NHS Hospital Site"
* #33 "Other Health or Local Authority Site managed by Local Authority"
* #34 "Other Health or Local Authority Site managed by Voluntary or private Agents"
* #35 "Prison Department Establishments"
* #36 "Public Place or Street, or Police Station"
* #37 "Other locations not classified elsewhere"
* #38 "NHS Nursing Home"
* #39 "Other Residential Care Homes managed by the NHS"

CodeSystem: UKCoreEthnicCategoryEngland
Id: UKCore-EthnicCategoryEngland
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryEngland"
* ^version = "1.1.1"
* ^status = #active
* #A "White - British"
* #B "White - Irish"
* #C "White - Any other White background"
* #D "Mixed - White and Black Caribbean"
* #E "Mixed - White and Black African"
* #F "Mixed - White and Asian"
* #G "Mixed - Any other mixed background"
* #H "Asian or Asian British - Indian"
* #J "Asian or Asian British - Pakistani"
* #K "Asian or Asian British - Bangladeshi"
* #L "Asian or Asian British - Any other Asian background"
* #M "Black or Black British - Caribbean"
* #N "Black or Black British - African"
* #P "Black or Black British - Any other Black background"
* #R "Other Ethnic Groups - Chinese"
* #S "Other Ethnic Groups - Any other ethnic group"
* #Z "Not stated"
* #99 "Not known"

CodeSystem: UKCoreEthnicCategoryWales
Id: UKCore-EthnicCategoryWales
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryWales"
* ^version = "1.1.1"
* ^status = #active
* #A "Any White Background, including Welsh, English, Scottish, Northern Irish, Irish, British"
* #B "Gypsy or Irish Traveller"
* #D "White and Black Caribbean"
* #E "White and Black African"
* #F "White and Asian"
* #G "Any other mixed background / multiple ethnic background"
* #H "Indian"
* #J "Pakistani"
* #K "Bangladeshi"
* #L "Any other Asian background"
* #M "Caribbean"
* #N "African"
* #P "Any other Black background"
* #R "Chinese"
* #S "Any other ethnic group"
* #T "Arab"
* #Z "Not stated"

CodeSystem: UKCoreFundingCategory
Id: UKCore-FundingCategory
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-FundingCategory"
* ^version = "2.0.0"
* ^status = #active
* #public "Public"
* #public #nhs-england "NHS England"
* #public #nhs-scotland "NHS Scotland"
* #public #nhs-wales "NHS Wales"
* #public #hsc-northern-ireland "HSC Northern Ireland"
* #public #jersey "Jersey"
* #public #guernsey "Guernsey"
* #public #isle-of-man "Isle of Man"
* #public #overseas-visitor "Overseas Visitor"
* #private "Private"

CodeSystem: UKCoreGenomeSequencingCategory
Id: UKCore-GenomeSequencingCategory
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-GenomeSequencingCategory"
* ^version = "1.0.0"
* ^status = #active
* #rare-disease-wgs "Rare Disease - WGS"
* #rare-disease-non-wgs "Rare Disease - Non-WGS"
* #cancer-wgs "Cancer - WGS"
* #cancer-non-wgs "Cancer - Non-WGS"

CodeSystem: UKCoreLegalStatusClassificationEngland
Id: UKCore-LegalStatusClassificationEngland
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-LegalStatusClassificationEngland"
* ^version = "1.0.1"
* ^status = #active
* #01 "Informal"
* #02 "Formally detained under Mental Health Act Section 2"
* #03 "Formally detained under Mental Health Act Section 3"
* #04 "Formally detained under Mental Health Act Section 4"
* #05 "Formally detained under Mental Health Act Section 5(2)"
* #06 "Formally detained under Mental Health Act Section 5(4)"
* #07 "Formally detained under Mental Health Act Section 35"
* #08 "Formally detained under Mental Health Act Section 36"
* #09 "Formally detained under Mental Health Act Section 37 with section 41 restrictions"
* #10 "Formally detained under Mental Health Act Section 37"
* #12 "Formally detained under Mental Health Act Section 38"
* #13 "Formally detained under Mental Health Act Section 44"
* #14 "Formally detained under Mental Health Act Section 46"
* #15 "Formally detained under Mental Health Act Section 47 with section 49 restrictions"
* #16 "Formally detained under Mental Health Act Section 47"
* #17 "Formally detained under Mental Health Act Section 48 with section 49 restrictions"
* #18 "Formally detained under Mental Health Act Section 48"
* #19 "Formally detained under Mental Health Act Section 135"
* #20 "Formally detained under Mental Health Act Section 136"
* #31 "Formally detained under Criminal Procedure(Insanity) Act 1964 as amended by the Criminal Procedures (Insanity and Unfitness to Plead) Act 1991"
* #32 "Formally detained under other acts"
* #35 "Subject to guardianship under Mental Health Act Section 7"
* #36 "Subject to guardianship under Mental Health Act Section 37"
* #37 "Formally detained under Mental Health Act Section 45A (Limited direction in force)"
* #38 "Formally detained under Mental Health Act Section 45A (Limitation direction ended)"
* #98 "Not Applicable"
* #99 "Not Known"

CodeSystem: UKCoreLegalStatusClassificationWales
Id: UKCore-LegalStatusClassificationWales
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-LegalStatusClassificationWales"
* ^version = "1.0.1"
* ^status = #active
* #01 "Informal (including voluntary patients under Section 131)"
* #02 "Formally detained under Mental Health Act Section 2 (Admission for assessment)"
* #03 "Formally detained under Mental Health Act Section 3 (Admission for treatment of non-offender to hospital for assessment, for medical treatment)"
* #04 "Formally detained under Mental Health Act Section 4 (Admission for assessment in cases of emergency)"
* #05 "Formally detained under Mental Health Act Section 5 (2) (Power to hold informal patient already in hospital, by doctor or approved clinician)"
* #06 "Formally detained under Mental Health Act Section 5 (4) (Power to hold informal patient already in hospital, by nurse)"
* #07 "Formally detained under Mental Health Act Section 35 (Remand to hospital for report on accused's mental condition)"
* #08 "Formally detained under Mental Health Act Section 36 (Remand of accused person to hospital for treatment)"
* #09 "Formally detained under Mental Health Act Sections 37 and 41 (Hospital Order with restrictions)"
* #10 "Formally detained under Mental Health Act Section 37 (Hospital Order)"
* #12 "Formally detained under Mental Health Act Section 38 (Interim hospital order)"
* #13 "Formally detained under Mental Health Act Section 44 (Patient committed to hospital by Magistrates Court pending Crown Court disposal)"
* #14 "Formally detained under Mental Health Act Section 46 (Detained during Her Majesty's pleasure) REPEALED BY ARMED FORCES ACT 1996"
* #15 "Formally detained under Mental Health Act Sections 47 and 49 (Removal to hospital of person serving a sentence of imprisonment with restrictions)"
* #16 "Formally detained under Mental Health Act Section 47 (Removal to hospital of person serving a sentence of imprisonment)"
* #17 "Formally detained under Mental Health Act Sections 48 and 49 (Removal to hospital of other person with restrictions, not serving a sentence of imprisonment)"
* #18 "Formally detained under Mental Health Act Section 48 (Removal to hospital of other person not serving a sentence of imprisonment)"
* #19 "Formally detained under Mental Health Act Section 135 (Warrant to search for and remove to a place of safety)"
* #20 "Formally detained under Mental Health Act Section 136 (Mentally disordered person found in a public place)"
* #30 "Formally detained under previous legislation (fifth schedule); this relates only to patients who, prior to the implementation of the Mental Health Act 1983, were detained under the Sixth Schedule of the Mental Health Act 1959"
* #31 "Formally detained under Criminal Procedure (Insanity) Act 1964 as amended by the Criminal Procedures (Insanity and Unfitness to Plead) Act 1991"
* #32 "Formally detained under other acts: Section 47 of the National Assistance Act 1948 Section 1,2 or 12 of the Children's and Young Persons Act 1969 Section 3 of the Powers of Criminal Courts Act 1973"
* #34 "Formally detained under Mental Health Act Section 45A (Hospital and Limitation Direction)"
* #35 "Community treatment order (Mental Health Act Section 17a) This is legally valid from 3rd November 2008"
* #98 "Non applicable (only used for NON psychiatric consultant specialties)"

CodeSystem: UKCoreLegalStatusContext
Id: UKCore-LegalStatusContext
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-LegalStatusContext"
* ^version = "1.0.0"
* ^status = #active
* #admission "Admission"
* #discharge "Discharge"

CodeSystem: UKCoreMedicationPrescribingOrganizationType
Id: UKCore-MedicationPrescribingOrganizationType
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-MedicationPrescribingOrganizationType"
* ^version = "1.0.0"
* ^status = #active
* #prescribed-at-gp-practice "Prescribed at GP practice"
* #prescribed-by-another-organisation "Prescribed by another organisation"

CodeSystem: UKCoreMedicationRequestCategory
Id: UKCore-MedicationRequestCategory
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-MedicationRequestCategory"
* ^version = "1.1.1"
* ^status = #active
* #leave "Leave"
* #primarycare "Primary Care"
* #primarycare ^property[0].code = #inactive
* #primarycare ^property[0].valueBoolean = true

CodeSystem: UKCoreMedicationRequestCourseOfTherapy
Id: UKCore-MedicationRequestCourseOfTherapy
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-MedicationRequestCourseOfTherapy"
* ^version = "1.0.0"
* ^status = #active
* #continuous-repeating-dispensing "Continuous long term (repeat dispensing)"

CodeSystem: UKCoreMedicationStatementCategory
Id: UKCore-MedicationStatementCategory
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-MedicationStatementCategory"
* ^version = "1.0.0"
* ^status = #active
* #discharge "Discharge"
* #leave "Leave"

CodeSystem: UKCoreMedicationSupplyType
Id: UKCore-MedicationSupplyType
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-MedicationSupplyType"
* ^version = "2.1.0"
* ^status = #active
* #over-the-counter "Over the counter"
* #emergency-supply "Emergency supply"
* #patient-group-direction "Patient group direction"
* #minor-ailments-scheme "Minor ailments scheme"
* #prescription-dispensing "Prescription dispensing"
* #private-prescription-dispensing "Private prescription dispensing"
* #self-declared "Self declared"

CodeSystem: UKCoreNHSNumberUnavailableReason
Id: UKCore-NHSNumberUnavailableReason
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberUnavailableReason"
* ^version = "1.0.0"
* ^status = #active
* #nhs-number-not-known "NHS number not known"
* #overseas-patient "Overseas patient"
* #devolved-nation "Devolved nation"

CodeSystem: UKCoreNHSNumberVerificationStatusEngland
Id: UKCore-NHSNumberVerificationStatusEngland
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland"
* ^version = "1.1.1"
* ^status = #active
* #01 "Number present and verified"
* #02 "Number present but not traced"
* #03 "Trace required"
* #04 "Trace attempted - No match or multiple match found"
* #05 "Trace needs to be resolved - (NHS number or patient detail conflict)"
* #06 "Trace in progress"
* #07 "Number not present and trace not required"
* #08 "Trace postponed (baby under six weeks old)"

CodeSystem: UKCoreNHSNumberVerificationStatusWales
Id: UKCore-NHSNumberVerificationStatusWales
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusWales"
* ^version = "1.0.1"
* ^status = #active
* #nn "Number present and traced using Welsh NHS AR"
* #01 "Number present & traced"
* #02 "Number present but not traced"
* #03 "Trace required"
* #04 "Trace attempted – no match or multiple match found"
* #05 "Trace needs to be resolved (NHS number or patient detail conflict)"
* #06 "Trace in progress"
* #07 "Number not present and trace not required"
* #08 "Trace postponed (baby under six weeks old)"

CodeSystem: UKCoreOrganizationTypeGenomics
Id: UKCore-OrganizationTypeGenomics
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-OrganizationTypeGenomics"
* ^version = "1.0.0"
* ^status = #active
* #GLH "Genomic Lab Hub"
* #GEL "Genomics England"
* #LAB "Other Genomics Laboratory"

CodeSystem: UKCoreOtherContactSystem
Id: UKCore-OtherContactSystem
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-OtherContactSystem"
* ^version = "2.1.0"
* ^status = #active
* #textphone "Minicom (Textphone)"

CodeSystem: UKCoreOutcomeOfAttendanceEngland
Id: UKCore-OutcomeOfAttendanceEngland
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-OutcomeOfAttendanceEngland"
* ^version = "1.1.0"
* ^status = #active
* #1 "Discharged from consultant's care (last attendance)"
* #2 "Another appointment given"
* #3 "Appointment to be made at a later date"

CodeSystem: UKCoreOutcomeOfAttendanceWales
Id: UKCore-OutcomeOfAttendanceWales
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-OutcomeOfAttendanceWales"
* ^version = "1.1.0"
* ^status = #active
* #4 "Referral to Treatment Period Start Point"
* #5 "Referral to Treatment Period Stop Point"
* #6 "Referral to Treatment Continuation of Status"
* #9 "Specialty Not Subject to Referral to Treatment Times Measurement"

CodeSystem: UKCorePeriodType
Id: UKCore-PeriodType
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-PeriodType"
* ^version = "1.0.0"
* ^status = #draft
* #legal "Legal"
* #operational "Operational"

CodeSystem: UKCorePersonMaritalStatusEngland
Id: UKCore-PersonMaritalStatusEngland
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-PersonMaritalStatusEngland"
* ^version = "1.1.1"
* ^status = #active
* #S "Single"
* #M "Married/Civil Partner"
* #D "Divorced/Person whose Civil Partnership has been dissolved"
* #W "Widowed/Surviving Civil Partner"
* #P "Separated"
* #N "Not disclosed"
* #8 "Not applicable"
* #9 "Not known"

CodeSystem: UKCorePersonMaritalStatusWales
Id: UKCore-PersonMaritalStatusWales
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-PersonMaritalStatusWales"
* ^version = "1.0.1"
* ^status = #active
* #11 "Single"
* #12 "Cohabiting"
* #21 "Married"
* #22 "Civil Partner"
* #31 "Divorced"
* #32 "Person whose Civil Partnership has been dissolved"
* #41 "Widowed"
* #42 "Surviving Civil Partner"
* #51 "Separated"
* #91 "Not disclosed or unknown"

CodeSystem: UKCorePracticeSettingCode
Id: UKCore-PracticeSettingCode
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-PracticeSettingCode"
* ^version = "1.0.1"
* ^status = #active
* #100 "General Surgery"
* #101 "Urology"
* #107 "Vascular Surgery"
* #110 "Trauma and Orthopaedics"
* #120 "Ear Nose and Throat"
* #130 "Ophthalmology"
* #140 "Oral Surgery"
* #141 "Restorative Dentistry"
* #142 "Paediatric Dentistry"
* #143 "Orthodontics"
* #145 "Oral and Maxillofacial Surgery"
* #146 "Endodontics"
* #147 "Periodontics"
* #148 "Prosthodontics"
* #149 "Surgical Dentistry"
* #150 "Neurosurgery"
* #160 "Plastic Surgery"
* #170 "Cardiothoracic Surgery"
* #171 "Paediatric Surgery"
* #180 "Emergency Medicine"
* #190 "Anaesthetics"
* #192 "Intensive Care Medicine"
* #200 "Aviation and Space Medicine"
* #300 "General Internal Medicine"
* #301 "Gastroenterology"
* #302 "Endocrinology and Diabetes"
* #303 "Clinical Haematology"
* #304 "Clinical Physiology"
* #305 "Clinical Pharmacology"
* #310 "Audio Vestibular Medicine"
* #311 "Clinical Genetics"
* #313 "Clinical Immunology"
* #314 "Rehabilitation Medicine"
* #315 "Palliative Medicine"
* #317 "Allergy"
* #320 "Cardiology"
* #321 "Paediatric Cardiology"
* #325 "Sport and Exercise Medicine"
* #326 "Acute Internal Medicine"
* #330 "Dermatology"
* #340 "Respiratory Medicine"
* #350 "Infectious Diseases"
* #352 "Tropical Medicine"
* #360 "Genitourinary Medicine"
* #361 "Renal Medicine"
* #370 "Medical Oncology"
* #371 "Nuclear Medicine"
* #400 "Neurology"
* #401 "Clinical Neurophysiology"
* #410 "Rheumatology"
* #420 "Paediatrics"
* #421 "Paediatric Neurology"
* #430 "Geriatric Medicine"
* #450 "Dental Medicine"
* #451 "Special Care Dentistry"
* #460 "Medical Ophthalmology"
* #500 "Obstetrics and Gynaecology"
* #501 "Obstetrics"
* #502 "Gynaecology"
* #504 "Community Sexual and Reproductive Health"
* #560 "Midwifery"
* #600 "General Medical Practice"
* #601 "General Dental Practice"
* #700 "Learning Disability"
* #710 "Adult Mental Illness"
* #711 "Child and Adolescent Psychiatry"
* #712 "Forensic Psychiatry"
* #713 "Medical Psychotherapy"
* #715 "Old Age Psychiatry"
* #800 "Clinical Oncology"
* #810 "Radiology"
* #820 "General Pathology"
* #821 "Blood Transfusion"
* #822 "Chemical Pathology"
* #823 "Haematology"
* #824 "Histopathology"
* #830 "Immunopathology"
* #831 "Medical Microbiology and Virology"
* #833 "Medical Microbiology"
* #834 "Medical Virology"
* #900 "Community Medicine"
* #901 "Occupational Medicine"
* #902 "Community Health Services Dental"
* #903 "Public Health Medicine"
* #904 "Public Health Dental"
* #950 "Nursing"
* #960 "Allied Health Professional"

CodeSystem: UKCorePreferredContactMethod
Id: UKCore-PreferredContactMethod
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-PreferredContactMethod"
* ^version = "2.2.0"
* ^status = #active
* #1 "Letter"
* #2 "Visit"
* #3 "Telephone"
* #4 "E-mail"
* #5 "Minicom (Textphone)"
* #6 "Telephone contact via proxy"
* #7 "Sign language"
* #8 "No Telephone contact"
* #9 "SMS"

CodeSystem: UKCorePreferredWrittenCommunicationFormat
Id: UKCore-PreferredWrittenCommunicationFormat
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-PreferredWrittenCommunicationFormat"
* ^version = "2.1.0"
* ^status = #active
* #11 "Large print"
* #12 "Braille"
* #13 "Audio tape"

CodeSystem: UKCoreRecordingSetting
Id: UKCore-RecordingSetting
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-RecordingSetting"
* ^version = "1.0.0"
* ^status = #active
* #residential "Residential"
* #clinical "Clinical"

CodeSystem: UKCoreResidentialStatus
Id: UKCore-ResidentialStatus
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-ResidentialStatus"
* ^version = "2.1.0"
* ^status = #active
* #H "UK Resident"
* #O "Overseas Resident"

CodeSystem: UKCoreSourceOfAdmissionEngland
Id: UKCore-SourceOfAdmissionEngland
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-SourceOfAdmissionEngland"
* ^version = "1.0.1"
* ^status = #active
* #19 "Usual place of residence unless listed below, for example, a private dwelling whether owner occupied or owned by Local Authority, housing association or other landlord. This includes wardened accommodation but not residential accommodation where health care is provided. It also includes Patients with no fixed abode."
* #29 "Temporary place of residence when usually resident elsewhere (e.g. hotels, residential Educational Establishments)"
* #39 "Penal establishment, Court, or Police Station / Police Custody Suite"
* #49 "NHS other Hospital Provider - high security psychiatric accommodation in an NHS Hospital Provider (NHS Trust or NHS Foundation Trust)"
* #51 "NHS other Hospital Provider - Ward for general Patients or the younger physically disabled or Emergency Care Department"
* #52 "NHS other Hospital Provider - Ward for maternity Patients or Neonates"
* #53 "NHS other Hospital Provider - Ward for Patients who are mentally ill or have Learning Disabilities"
* #54 "NHS run Care Home"
* #65 "Local Authority residential accommodation i.e. where care is provided"
* #66 "Local Authority foster care"
* #79 "Babies born in or on the way to hospital"
* #85 "Non-NHS (other than Local Authority) run Care Home"
* #87 "Non NHS run hospital"
* #88 "Non-NHS (other than Local Authority) run Hospice"
* #98 "Not applicable"
* #99 "Source of admission not known"

CodeSystem: UKCoreSourceOfAdmissionWales
Id: UKCore-SourceOfAdmissionWales
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-SourceOfAdmissionWales"
* ^version = "1.0.1"
* ^status = #active
* #19 "Own Home"
* #20 "Permanent residence at nursing home, residential care home."
* #21 "Temporary residence at nursing home, residential care home."
* #22 "No fixed abode."
* #23 "Hospice."
* #29 "Temporary place of residence, when usually resident elsewhere (includes hotel, residential educational institution)."
* #39 "Penal establishment, court or police station or police custody suite"
* #51 "Patient transfer from other health board / trust"
* #55 "Patient transfer within the same health board / trust."
* #65 "Local Authority Part 3 residential accommodations i.e. where care is provided."
* #66 "Local Authority foster care but not in Part 3 residential accommodation."
* #79 "Babies born in or on way to hospital. (Baby Activity)"
* #87 "Patient transfer from non NHS hospital, includes private hospitals e.g. BUPA"

CodeSystem: UKCoreWithheldIdentityReason
Id: UKCore-WithheldIdentityReason
* ^url = "https://fhir.hl7.org.uk/CodeSystem/UKCore-WithheldIdentityReason"
* ^version = "0.0.1"
* ^status = #draft
* #01 "Record anonymised for legal/statutory reasons"
* #02 "Record anonymised at request of Caldicott Guardian"
* #03 "Record anonymised at request of Patient"
* #97 "Record anonymised for other reason"
* #99 "Identity withheld but reason not known"

CodeSystem: messagestatus
Id: message-status
* ^url = "https://fhir.hl7.org.uk/CodeSystem/message-status"
* ^version = "1.0.2"
* ^status = #draft
* #completed "Completed"
* #active "Active"
* #queued "Queued"
