Profile: UKCoreDevice
Id: UKCore-Device
Parent: Device
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Device"
* ^version = "1.2.0"
* ^status = #draft
* status MS
* type MS
* type from https://fhir.hl7.org.uk/ValueSet/UKCore-DeviceType (preferred)

Profile: UKCoreDeviceBloodPressure
Id: UKCore-Device-BloodPressure
Parent: https://fhir.hl7.org.uk/StructureDefinition/UKCore-Device
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Device-BloodPressure"
* ^version = "1.0.0"
* ^status = #active
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-CuffSize named cuffSize ..
* type from https://fhir.hl7.org.uk/ValueSet/UKCore-BloodPressureDeviceType (preferred)
