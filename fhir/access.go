package fhir

import "time"

// Access is one request by which somebody was shown something, or was refused:
// what an audit log keeps. Texts are as the server established them, not as a
// body claims them.
type Access struct {
	Time        time.Time
	Interaction string // code of http://hl7.org/fhir/restful-interaction, or "$accept", "sign-in", "metrics", "command"
	Status      int    // of HTTP
	By          Principal
	Address     string // of the network that the request came from

	RequestID string
	Method    string // of HTTP; "" for a command
	Target    string // path and query as they were asked
	// Shown are the resources whose content, or whose existence, the answer tells.
	Shown []Shown
	// Unrecorded is how many refusals like this one came before it and have no
	// record of their own.
	Unrecorded int
}

// Shown is a resource that an answer tells of, with the logical ids of the
// Patients whose record it is part of.
type Shown struct {
	Type, ID, VersionID string
	Patients            []string
}

// Denied reports whether the request was refused for who asked.
func (a *Access) Denied() bool { return a.Status == 401 || a.Status == 403 }
