package notices

import "github.com/pestle-fhir/pestle/pharmacy/nhs"

// Our own systems and extensions.
const (
	csNotice  = nhs.Own + "CodeSystem/notice"           // the kinds, of CommunicationRequest.category, Communication.category and Consent.provision.code
	csConsent = nhs.Own + "CodeSystem/consent-category" // Consent.category: notices
	csReason  = nhs.Own + "CodeSystem/notice-reason"    // statusReason: why nothing was sent

	extField   = nhs.Own + "StructureDefinition/notice-field"   // of a CommunicationRequest: a field of the template, by name and value
	extCause   = nhs.Own + "StructureDefinition/notice-cause"   // of a CommunicationRequest: what it follows from
	extAttempt = nhs.Own + "StructureDefinition/notice-attempt" // of a CommunicationRequest: how often it was tried, why it failed and when it is tried again
	extSent    = nhs.Own + "StructureDefinition/notice-sent"    // of a Communication: by which sender, to which address, and its reference there

	csMode = "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode" // of medium

	// As others of the business write them.
	csQueue        = nhs.Own + "CodeSystem/queue"
	extExpected    = nhs.Own + "StructureDefinition/expected"
	csDispensing   = nhs.Own + "CodeSystem/dispensing-record"
	extDispensing  = nhs.Own + "StructureDefinition/dispensing-record"
	csMoney        = nhs.Own + "CodeSystem/private-record"
	extPayment     = nhs.Own + "StructureDefinition/payment-request"
	extContact     = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-ContactPreference"
	csContact      = "https://fhir.hl7.org.uk/CodeSystem/UKCore-PreferredContactMethod"
	paymentRequest = "payment-request"
)
