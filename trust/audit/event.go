// Package audit keeps who was shown what: one compact record for each read,
// search, history, operation, export, sign-in and refusal, durable before the
// answer is sent. The records are in files of their own beside the database, so
// that they can be written when the database cannot; FHIR AuditEvents in the form
// of IHE Basic Audit Log Patterns are rendered from them.
package audit

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// Event is one record of the log.
type Event struct {
	// Number is the place in the log: 1, 2, 3, … without gaps. The log sets it.
	Number uint64
	fhir.Access
}

// Patients are those of whom the answer told, each once, in the order in which
// they were shown.
func (e *Event) Patients() []string { return patientsOf(nil, &e.Access) }

// patientsOf appends the patients of an event.
func patientsOf(list []string, a *fhir.Access) []string {
	var seen map[string]bool // where they are many
	for i := range a.Shown {
		for _, p := range a.Shown[i].Patients {
			if seen == nil && slices.Contains(list, p) || seen[p] {
				continue
			}
			list = append(list, p)
			switch {
			case seen != nil:
				seen[p] = true
			case len(list) > 8:
				seen = map[string]bool{}
				for _, p := range list {
					seen[p] = true
				}
			}
		}
	}
	return list
}

// Action is the code of what was done: https://hl7.org/fhir/R4/valueset-audit-event-action.html
func (e *Event) Action() byte { return actionOf(&e.Access) }

func actionOf(a *fhir.Access) byte {
	switch name := a.Interaction; {
	case name == "read" || name == "vread":
		return 'R'
	case strings.HasPrefix(name, "create"):
		return 'C'
	case strings.HasPrefix(name, "update"), strings.HasPrefix(name, "patch"):
		return 'U'
	case strings.HasPrefix(name, "delete"), name == retained:
		return 'D'
	}
	return 'E'
}
