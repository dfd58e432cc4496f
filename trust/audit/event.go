// Package audit keeps who was shown what: one compact record for each read,
// search, history, operation, export, sign-in and refusal, durable before the
// answer is sent. The records are in files of their own beside the database, so
// that they can be written when the database cannot; FHIR AuditEvents in the form
// of IHE Basic Audit Log Patterns are rendered from them.
package audit

import "time"

// Event is one record. Texts are as the server established them, not as a body
// claims them.
type Event struct {
	// Number is the place in the log: 1, 2, 3, … without gaps. The log sets it.
	Number uint64
	Time   time.Time // to the millisecond

	Interaction string // code of http://hl7.org/fhir/restful-interaction, or "$accept", "sign-in", "sign-out"
	Status      int    // of HTTP: 200 and others below 400 were granted

	Agent        string // who, as in fhir.Principal
	Display      string
	Organisation string // ODS code
	Client       string // client_id
	Roles        string // names, separated by blanks
	Purpose      string // v3-PurposeOfUse
	Token        string // an id of the token, never the token
	Address      string // of the network

	RequestID string
	Method    string // of HTTP
	Target    string // path and query as they were asked
	// Shown are the resources whose content, or whose existence, the answer told.
	Shown []Resource
}

// Resource is one that an answer told of.
type Resource struct {
	Type, ID, VersionID string
	Patient             string // logical id of the Patient whose record it is of; "" for nobody's
}

// Denied reports whether the request was refused for who asked.
func (e *Event) Denied() bool { return e.Status == 401 || e.Status == 403 }
