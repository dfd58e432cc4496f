// Package auth finds out who is asking and what they may do: [Bearer] reads
// JSON Web Tokens, [Sandbox] believes what the headers say. What a caller may
// do is told by SMART App Launch v2 scopes, system/Patient.rs and the like,
// https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html, and, for
// callers who have roles, by what their roles may do.
package auth

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// Identity is a caller that has been recognised. They may do what their scopes
// and their roles both grant.
type Identity struct {
	Requester fhir.Principal
	Scopes    Scopes
	Roles     Grants // nil for callers without roles, whom scopes alone limit
	Hidden    Hidden // nil for callers who are shown whole resources
	// Standing is by what they are known again later; nil where they are not.
	Standing func() Standing
}

// Hidden is what is hidden from a caller of what they may read.
type Hidden interface {
	// Answer is a resource in JSON, with what it holds, as the caller is shown it.
	Answer(resource []byte) ([]byte, error)
	// Query refuses a search by what is hidden.
	Query(q *search.Query) error
	// Replace refuses to write a whole resource of a type that the caller is shown
	// in part.
	Replace(typ string) error
	// Patched is what a patch makes of a resource: it sees what the caller is
	// shown, and changes nothing else.
	Patched(before *fhir.Resource, apply func(*fhir.Resource) (*fhir.Resource, error)) (*fhir.Resource, error)
}

// Grants is what roles may do.
type Grants interface {
	// Allow reports whether a letter of cruds is granted on a resource type, "*"
	// for every type.
	Allow(typ string, letter byte) bool
	// AllowOperation reports whether an operation is granted: "Task/$accept", or
	// "$process-message" with the event of a message.
	AllowOperation(name, event string) bool
	// SeesAll reports whether they see what belongs to every organisation.
	SeesAll() bool
	// SeesNone reports whether they see nothing that belongs to an organisation.
	SeesNone() bool
}

// May reports whether the permission is granted on all resources of a type; see
// [Scopes.Allow].
func (i *Identity) May(typ string, p Permission) bool {
	return i.Scopes.Allow(typ, p) && (i.Roles == nil || i.Roles.Allow(typ, byte(p)))
}

// MaySome reports whether the permission is granted on some resources of a type at
// least; see [Scopes.AllowSome]. The store shows no others: [fhir.Principal.Reach].
func (i *Identity) MaySome(typ string, p Permission) bool {
	return i.Scopes.AllowSome(typ, p) && (i.Roles == nil || i.Roles.Allow(typ, byte(p)))
}

// MayInvoke reports whether a scope names the operation and a role grants it; see
// [Scopes.AllowOperation].
func (i *Identity) MayInvoke(name, event string) bool {
	return i.Scopes.AllowOperation(name, event) && (i.Roles == nil || i.Roles.AllowOperation(name, event))
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
