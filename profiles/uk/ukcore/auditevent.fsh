Profile: UKCoreAuditEvent
Id: UKCore-AuditEvent
Parent: AuditEvent
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-AuditEvent"
* ^version = "1.2.0"
* ^status = #draft
* agent MS
