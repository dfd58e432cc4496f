Profile: UKCoreObservation
Id: UKCore-Observation
Parent: Observation
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation"
* ^version = "2.5.0"
* ^status = #active
* extension contains http://hl7.org/fhir/5.0/StructureDefinition/extension-Observation.triggeredBy named triggeredByR5 ..
* extension[triggeredByR5].extension contains observation ..
* extension[triggeredByR5].extension contains type ..
* extension[triggeredByR5].extension contains reason ..
* extension contains http://hl7.org/fhir/5.0/StructureDefinition/extension-Observation.bodyStructure named bodyStructureR5 ..
* status MS
* category MS
* code MS
* code from https://fhir.hl7.org.uk/ValueSet/UKCore-ObservationType (preferred)
* subject MS
* effective[x] MS
* performer MS
* value[x] MS
* bodySite ^binding.strength = #preferred
* method ^binding.strength = #preferred
* component MS
* component.code from https://fhir.hl7.org.uk/ValueSet/UKCore-ObservationType (preferred)

Profile: UKCoreObservationGroupLab
Id: UKCore-Observation-Group-Lab
Parent: Observation
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-Group-Lab"
* ^version = "2.1.0"
* ^status = #active
* . obeys ukcore-obs-grplab-001
* extension contains http://hl7.org/fhir/5.0/StructureDefinition/extension-Observation.triggeredBy named triggeredByR5 ..
* extension[triggeredByR5].extension contains observation ..
* extension[triggeredByR5].extension contains type ..
* extension[triggeredByR5].extension contains reason ..
* extension contains http://hl7.org/fhir/5.0/StructureDefinition/extension-Observation.bodyStructure named bodyStructureR5 ..
* status MS
* category ^slicing.discriminator[0].type = #value
* category ^slicing.discriminator[0].path = "coding.code"
* category ^slicing.rules = #open
* category 1.. MS
* category contains laboratory 1..1 MS
* category[laboratory].coding.system = "http://terminology.hl7.org/CodeSystem/observation-category" (exactly)
* category[laboratory].coding.code = #laboratory (exactly)
* code MS
* code from https://fhir.hl7.org.uk/ValueSet/UKCore-PathologyAndLaboratoryMedicineProcedures (preferred)
* subject only Reference(Patient)
* bodySite ^binding.strength = #preferred
* method ^binding.strength = #preferred

Profile: UKCoreObservationLab
Id: UKCore-Observation-Lab
Parent: Observation
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-Lab"
* ^version = "2.0.1"
* ^status = #active
* . obeys ukcore-obs-lab-001
* extension contains http://hl7.org/fhir/5.0/StructureDefinition/extension-Observation.triggeredBy named triggeredByR5 ..
* extension[triggeredByR5].extension contains observation ..
* extension[triggeredByR5].extension contains type ..
* extension[triggeredByR5].extension contains reason ..
* extension contains http://hl7.org/fhir/5.0/StructureDefinition/extension-Observation.bodyStructure named bodyStructureR5 ..
* status MS
* category ^slicing.discriminator[0].type = #value
* category ^slicing.discriminator[0].path = "coding.code"
* category ^slicing.rules = #open
* category 1.. MS
* category contains laboratory 1..1 MS
* category[laboratory].coding.system = "http://terminology.hl7.org/CodeSystem/observation-category" (exactly)
* category[laboratory].coding.code = #laboratory (exactly)
* code MS
* code from https://fhir.hl7.org.uk/ValueSet/UKCore-PathologyAndLaboratoryMedicineObservables (preferred)
* code.coding ^slicing.discriminator[0].type = #type
* code.coding ^slicing.discriminator[0].path = "$this"
* code.coding ^slicing.rules = #open
* code.coding.extension contains http://hl7.org/fhir/StructureDefinition/valueset-reference named reference ..
* code.coding contains valueset-PaLM ..
* code.coding[valueset-PaLM] from https://fhir.hl7.org.uk/ValueSet/UKCore-PathologyAndLaboratoryMedicineObservables (extensible)
* code.coding contains valueset-PBCL ..
* code.coding[valueset-PBCL] from https://fhir.hl7.org.uk/ValueSet/UKCore-PathologyBoundedCodeListObservables (extensible)
* subject only Reference(Patient)
* bodySite ^binding.strength = #preferred
* method ^binding.strength = #preferred

Profile: UKCoreObservationACVPU
Id: UKCore-Observation-ACVPU
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-ACVPU"
* ^version = "1.0.0"
* ^status = #active
* status = #final (exactly)
* category 1..1
* code.coding.code = #1104441000000107 (exactly)
* subject 1..
* effective[x] 1..
* value[x] only CodeableConcept
* value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-ACVPU (preferred)
* component ..0

Profile: UKCoreObservationAlcoholConsumption
Id: UKCore-Observation-AlcoholConsumption
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-AlcoholConsumption"
* ^version = "1.0.0"
* ^status = #active
* status = #final (exactly)
* category 1..1
* category.coding.system = "http://terminology.hl7.org/CodeSystem/observation-category" (exactly)
* category.coding.code = #social-history (exactly)
* code from https://fhir.hl7.org.uk/ValueSet/UKCore-AlcoholConsumption (preferred)
* subject 1..
* effective[x] 1..
* value[x] 1..
* value[x] only Quantity

Profile: UKCoreObservationAverageBloodPressure
Id: UKCore-Observation-AverageBloodPressure
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-AverageBloodPressure"
* ^version = "1.0.0"
* ^status = #active
* status = #final (exactly)
* category 1..1
* code from https://fhir.hl7.org.uk/ValueSet/UKCore-BloodPressure-Average (preferred)
* subject 1..
* effective[x] 1..
* value[x] ..0
* method from https://fhir.hl7.org.uk/ValueSet/UKCore-BloodPressure-MeasurementMethod (preferred)
* specimen ..0
* device only Reference(DeviceMetric or https://fhir.hl7.org.uk/StructureDefinition/UKCore-Device-BloodPressure)
* component ^slicing.discriminator[0].type = #value
* component ^slicing.discriminator[0].path = "code.text"
* component ^slicing.rules = #closed
* component 1..2
* component contains SystolicBP 1..1
* component[SystolicBP].code.coding from https://fhir.hl7.org.uk/ValueSet/UKCore-BloodPressure-AverageSystolic (preferred)
* component[SystolicBP].code.text = "Systolic blood pressure" (exactly)
* component[SystolicBP].value[x] only Quantity
* component[SystolicBP].value[x].unit = "millimeter of mercury" (exactly)
* component[SystolicBP].value[x].system = "http://unitsofmeasure.org" (exactly)
* component[SystolicBP].value[x].code = #mm[Hg] (exactly)
* component contains DiastolicBP ..1
* component[DiastolicBP].code.coding from https://fhir.hl7.org.uk/ValueSet/UKCore-BloodPressure-AverageDiastolic (preferred)
* component[DiastolicBP].code.text = "Diastolic blood pressure" (exactly)
* component[DiastolicBP].value[x] only Quantity
* component[DiastolicBP].value[x].unit = "millimeter of mercury" (exactly)
* component[DiastolicBP].value[x].system = "http://unitsofmeasure.org" (exactly)
* component[DiastolicBP].value[x].code = #mm[Hg] (exactly)

Profile: UKCoreObservationBloodGlucose
Id: UKCore-Observation-BloodGlucose
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-BloodGlucose"
* ^version = "1.0.0"
* ^status = #active
* status = #final (exactly)
* category 1..1
* code from https://fhir.hl7.org.uk/ValueSet/UKCore-BloodGlucose (preferred)
* subject 1..
* effective[x] 1..
* value[x] only Quantity
* value[x].unit = "millimoles per litre" (exactly)
* value[x].system = "http://unitsofmeasure.org" (exactly)
* value[x].code = #mmol/L (exactly)

Profile: UKCoreObservationEarlyWarningTotalScore
Id: UKCore-Observation-EarlyWarningTotalScore
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-EarlyWarningTotalScore"
* ^version = "1.0.0"
* ^status = #active
* status = #final (exactly)
* category 1..1
* category.coding.system = "http://terminology.hl7.org/CodeSystem/observation-category" (exactly)
* category.coding.code = #survey (exactly)
* code from https://fhir.hl7.org.uk/ValueSet/UKCore-EarlyWarningTotalScore (preferred)
* subject 1..
* effective[x] 1..
* value[x] only Quantity
* value[x].system = "http://unitsofmeasure.org" (exactly)
* value[x].code = #{ScoreOf} (exactly)
* component.code from https://fhir.hl7.org.uk/ValueSet/UKCore-EarlyWarningSubScore (preferred)
* component.value[x] only Quantity
* component.value[x].system = "http://unitsofmeasure.org" (exactly)
* component.value[x].code = #{ScoreOf} (exactly)

Profile: UKCoreObservationInspiredOxygen
Id: UKCore-Observation-InspiredOxygen
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-InspiredOxygen"
* ^version = "1.0.0"
* ^status = #active
* status = #final (exactly)
* code from https://fhir.hl7.org.uk/ValueSet/UKCore-InspiredOxygen (preferred)
* subject 1..
* effective[x] 1..
* value[x] only Quantity
* interpretation ..0
* bodySite ..0
* specimen ..0

Profile: UKCoreObservationTobaccoConsumption
Id: UKCore-Observation-TobaccoConsumption
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-TobaccoConsumption"
* ^version = "1.0.0"
* ^status = #active
* category 1..1
* category.coding.system = "http://terminology.hl7.org/CodeSystem/observation-category" (exactly)
* category.coding.code = #social-history (exactly)
* code from https://fhir.hl7.org.uk/ValueSet/UKCore-TobaccoConsumption (preferred)
* subject 1..
* value[x] only Quantity

Profile: UKCoreObservationVitalSigns
Id: UKCore-Observation-VitalSigns
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-VitalSigns"
* ^version = "1.1.1"
* ^status = #active
* . obeys ukcore-obs-vs-001
* extension contains http://hl7.org/fhir/StructureDefinition/observation-bodyPosition named bodyPosition ..
* extension[bodyPosition].value[x] from https://fhir.hl7.org.uk/ValueSet/UKCore-BodyPosition (preferred)
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-RecordingSetting named recordingSetting ..
* status = #final (exactly)
* category 1..1
* category.coding.system = "http://terminology.hl7.org/CodeSystem/observation-category" (exactly)
* category.coding.code = #vital-signs (exactly)
* code.coding ^slicing.discriminator[0].type = #value
* code.coding ^slicing.discriminator[0].path = "system"
* code.coding ^slicing.rules = #open
* code.coding contains loinc 1..1
* code.coding[loinc] from http://hl7.org/fhir/ValueSet/observation-vitalsignresult (extensible)
* code.coding[loinc].system = "http://loinc.org" (exactly)
* code.coding contains snomedCT 1..
* code.coding[snomedCT] from https://fhir.hl7.org.uk/ValueSet/UKCore-ObservationVitalSignsType (preferred)
* code.coding[snomedCT].system = "http://snomed.info/sct" (exactly)
* subject 1..
* effective[x] 1..

Profile: UKCoreObservationVitalSignsBMI
Id: UKCore-Observation-VitalSigns-BMI
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-VitalSigns
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-VitalSigns-BMI"
* ^version = "1.0.0"
* ^status = #active
* code.coding[loinc].code = #39156-5 (exactly)
* code.coding[snomedCT] ..1
* code.coding[snomedCT] from https://fhir.hl7.org.uk/ValueSet/UKCore-BMI (preferred)
* code.coding[snomedCT].system 1..
* code.coding[snomedCT].code 1..
* value[x] 1..
* value[x] only Quantity
* value[x].value 1..
* value[x].system 1..
* value[x].system = "http://unitsofmeasure.org" (exactly)
* value[x].code 1..
* value[x].code = #kg/m2 (exactly)

Profile: UKCoreObservationVitalSignsBloodPressure
Id: UKCore-Observation-VitalSigns-BloodPressure
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-VitalSigns
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-VitalSigns-BloodPressure"
* ^version = "1.0.0"
* ^status = #active
* code.coding[loinc].code = #85354-9 (exactly)
* code.coding[snomedCT] from https://fhir.hl7.org.uk/ValueSet/UKCore-BloodPressure (preferred)
* value[x] ..0
* method from https://fhir.hl7.org.uk/ValueSet/UKCore-BloodPressure-MeasurementMethod (preferred)
* specimen ..0
* device only Reference(DeviceMetric or https://fhir.hl7.org.uk/StructureDefinition/UKCore-Device-BloodPressure)
* component ^slicing.discriminator[0].type = #value
* component ^slicing.discriminator[0].path = "code.text"
* component ^slicing.rules = #closed
* component 1..2
* component.code from https://fhir.hl7.org.uk/ValueSet/UKCore-ObservationVitalSignsType (preferred)
* component.code.coding ^slicing.discriminator[0].type = #value
* component.code.coding ^slicing.discriminator[0].path = "system"
* component.code.coding ^slicing.rules = #open
* component.code.coding contains loinc 1..1
* component.code.coding[loinc] from http://hl7.org/fhir/ValueSet/observation-vitalsignresult (extensible)
* component.code.coding[loinc].system = "http://loinc.org" (exactly)
* component.code.coding contains snomedCT 1..
* component.code.coding[snomedCT] from https://fhir.hl7.org.uk/ValueSet/UKCore-ObservationVitalSignsType (preferred)
* component.code.coding[snomedCT].system = "http://snomed.info/sct" (exactly)
* component contains SystolicBP 1..1
* component[SystolicBP].code.coding ^slicing.discriminator[0].type = #value
* component[SystolicBP].code.coding ^slicing.discriminator[0].path = "system"
* component[SystolicBP].code.coding ^slicing.rules = #open
* component[SystolicBP].code.coding contains loinc 1..1
* component[SystolicBP].code.coding[loinc].code = #8480-6 (exactly)
* component[SystolicBP].code.coding[loinc].display = "Systolic blood pressure" (exactly)
* component[SystolicBP].code.coding contains snomedCT 1..
* component[SystolicBP].code.coding[snomedCT] from https://fhir.hl7.org.uk/ValueSet/UKCore-BloodPressure-Systolic (preferred)
* component[SystolicBP].code.text = "Systolic blood pressure" (exactly)
* component[SystolicBP].value[x] 1..
* component[SystolicBP].value[x] only Quantity
* component[SystolicBP].value[x].unit = "millimeter of mercury" (exactly)
* component[SystolicBP].value[x].system = "http://unitsofmeasure.org" (exactly)
* component[SystolicBP].value[x].code = #mm[Hg] (exactly)
* component contains DiastolicBP ..1
* component[DiastolicBP].code.coding ^slicing.discriminator[0].type = #value
* component[DiastolicBP].code.coding ^slicing.discriminator[0].path = "system"
* component[DiastolicBP].code.coding ^slicing.rules = #open
* component[DiastolicBP].code.coding contains loinc 1..1
* component[DiastolicBP].code.coding[loinc].code = #8462-4 (exactly)
* component[DiastolicBP].code.coding[loinc].display = "Diastolic blood pressure" (exactly)
* component[DiastolicBP].code.coding contains snomedCT 1..
* component[DiastolicBP].code.coding[snomedCT] from https://fhir.hl7.org.uk/ValueSet/UKCore-BloodPressure-Diastolic (preferred)
* component[DiastolicBP].code.text = "Diastolic blood pressure" (exactly)
* component[DiastolicBP].value[x] 1..
* component[DiastolicBP].value[x] only Quantity
* component[DiastolicBP].value[x].unit = "millimeter of mercury" (exactly)
* component[DiastolicBP].value[x].system = "http://unitsofmeasure.org" (exactly)
* component[DiastolicBP].value[x].code = #mm[Hg] (exactly)

Profile: UKCoreObservationVitalSignsBodyHeight
Id: UKCore-Observation-VitalSigns-BodyHeight
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-VitalSigns
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-VitalSigns-BodyHeight"
* ^version = "1.1.1"
* ^status = #active
* code.coding[loinc].code = #8302-2 (exactly)
* code.coding[snomedCT] from https://fhir.hl7.org.uk/ValueSet/UKCore-BodyHeightMeasurements (preferred)
* value[x] 1..
* value[x] only Quantity
* value[x] from http://hl7.org/fhir/ValueSet/all-distance-units (required)

Profile: UKCoreObservationVitalSignsBodyTemperature
Id: UKCore-Observation-VitalSigns-BodyTemperature
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-VitalSigns
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-VitalSigns-BodyTemperature"
* ^version = "1.0.0"
* ^status = #active
* code.coding[loinc].code = #8310-5 (exactly)
* code.coding[snomedCT] ..1
* code.coding[snomedCT] from https://fhir.hl7.org.uk/ValueSet/UKCore-BodyTemperature (preferred)
* code.coding[snomedCT].system 1..
* code.coding[snomedCT].code 1..
* value[x] 1..
* value[x] only Quantity
* value[x].unit 1..
* value[x].unit = "degree Celsius" (exactly)
* value[x].system = "http://unitsofmeasure.org" (exactly)
* value[x].code = #Cel (exactly)

Profile: UKCoreObservationVitalSignsBodyWeight
Id: UKCore-Observation-VitalSigns-BodyWeight
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-VitalSigns
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-VitalSigns-BodyWeight"
* ^version = "1.0.0"
* ^status = #active
* code.coding[loinc].code = #29463-7 (exactly)
* code.coding[snomedCT] from https://fhir.hl7.org.uk/ValueSet/UKCore-BodyWeightMeasurements (preferred)
* value[x] 1..
* value[x] only Quantity
* value[x].unit = "kilogram" (exactly)
* value[x].system = "http://unitsofmeasure.org" (exactly)
* value[x].code = #kg (exactly)

Profile: UKCoreObservationVitalSignsHeadCircumference
Id: UKCore-Observation-VitalSigns-HeadCircumference
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-VitalSigns
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-VitalSigns-HeadCircumference"
* ^version = "1.0.0"
* ^status = #active
* code.coding[loinc].code = #9843-4 (exactly)
* code.coding[snomedCT] from https://fhir.hl7.org.uk/ValueSet/UKCore-HeadCircumferenceMeasurements (preferred)
* value[x] 1..
* value[x] only Quantity
* value[x].unit = "centimeter" (exactly)
* value[x].system = "http://unitsofmeasure.org" (exactly)
* value[x].code = #cm (exactly)

Profile: UKCoreObservationVitalSignsHeartRate
Id: UKCore-Observation-VitalSigns-HeartRate
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-VitalSigns
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-VitalSigns-HeartRate"
* ^version = "1.0.0"
* ^status = #active
* code.coding[loinc].code = #8867-4 (exactly)
* code.coding[snomedCT] ..1
* code.coding[snomedCT] from https://fhir.hl7.org.uk/ValueSet/UKCore-HeartRate (preferred)
* code.coding[snomedCT].system 1..
* code.coding[snomedCT].code 1..
* value[x] 1..
* value[x] only Quantity
* value[x].unit 1..
* value[x].unit = "per minute" (exactly)
* value[x].system 1..
* value[x].system = "http://unitsofmeasure.org" (exactly)
* value[x].code 1..
* value[x].code = #/min (exactly)

Profile: UKCoreObservationVitalSignsOxygenSaturation
Id: UKCore-Observation-VitalSigns-OxygenSaturation
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-VitalSigns
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-VitalSigns-OxygenSaturation"
* ^version = "1.0.0"
* ^status = #active
* code.coding[loinc].code = #2708-6 (exactly)
* code.coding[snomedCT] ..1
* code.coding[snomedCT] from https://fhir.hl7.org.uk/ValueSet/UKCore-OxygenSaturation (preferred)
* code.coding[snomedCT].system 1..
* code.coding[snomedCT].code 1..
* value[x] 1..
* value[x] only Quantity
* value[x].value 1..
* value[x].unit 1..
* value[x].unit = "percent" (exactly)
* value[x].system 1..
* value[x].system = "http://unitsofmeasure.org" (exactly)
* value[x].code 1..
* value[x].code = #% (exactly)

Profile: UKCoreObservationVitalSignsRespirationRate
Id: UKCore-Observation-VitalSigns-RespirationRate
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-VitalSigns
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-VitalSigns-RespirationRate"
* ^version = "1.0.0"
* ^status = #active
* code.coding[loinc].code = #9279-1 (exactly)
* code.coding[snomedCT] from https://fhir.hl7.org.uk/ValueSet/UKCore-RespirationRate (preferred)
* code.coding[snomedCT].system 1..
* code.coding[snomedCT].code 1..
* value[x] 1..
* value[x] only Quantity
* value[x].value 1..
* value[x].unit 1..
* value[x].unit = "per minute" (exactly)
* value[x].system 1..
* value[x].system = "http://unitsofmeasure.org" (exactly)
* value[x].code 1..
* value[x].code = #/min (exactly)
