Profile: UKCoreAppointment
Id: UKCore-Appointment
Parent: Appointment
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Appointment"
* ^version = "1.3.0"
* ^status = #active
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-BookingOrganization named bookingOrganization ..
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeliveryChannel named deliveryChannel ..1
* status MS
* specialty MS
* specialty from https://fhir.hl7.org.uk/ValueSet/UKCore-PracticeSettingCode (extensible)
* appointmentType MS
* appointmentType from https://fhir.hl7.org.uk/ValueSet/UKCore-AppointmentReasonCode (extensible)
* reasonCode MS
* reasonReference MS
* start MS
* basedOn MS
* participant MS
