// Package auth finds out who is asking and what they may do: [Bearer] reads
// JSON Web Tokens, [Sandbox] believes what the headers say. What a caller may
// do is told by SMART App Launch v2 scopes, system/Patient.rs and the like:
// https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
package auth

import "github.com/pestle-fhir/pestle/fhir"

// Identity is a caller that has been recognised.
type Identity struct {
	Requester fhir.Principal
	Scopes    Scopes
}

// refused is the error of a caller who is not known: status 401.
func refused(code fhir.Code, message, fix string, cause error) error {
	e := fhir.E("authenticate", fhir.Login, fhir.Issue{
		Code: code, Message: message, Fix: fix, Rule: "auth",
		Details: fhir.Coding{System: spineErrors, Code: "ACCESS_DENIED", Display: "Access denied"},
	})
	e.Err = cause
	return e
}

// spineErrors is the code system that NHS gateways name such refusals in.
const spineErrors = "https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode"
