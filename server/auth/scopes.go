package auth

import (
	"net/url"
	"slices"
	"strings"
)

// Permission is one letter of a SMART v2 scope.
type Permission byte

// The permissions of SMART App Launch v2.
const (
	Create Permission = 'c'
	Read   Permission = 'r' // read, vread, history of one resource
	Update Permission = 'u' // update and patch
	Delete Permission = 'd'
	Search Permission = 's' // search, and history of a type or of everything
)

// Scopes is what a caller may do. The zero value may do nothing.
type Scopes struct {
	full       bool
	types      map[string]string   // letters by resource type, "*" for every type
	operations map[string][]string // message events by "$process-message" or "Task/$accept"; anyEvent for all of them
}

// anyEvent is the event of a scope that names none.
const anyEvent = "*"

// Full is the scope of a caller who may do everything.
var Full = Scopes{full: true}

// explicit are the types that a wildcard scope does not reach, with the letters
// that it grants all the same. A write of a definition changes what everybody
// else's resources are validated against; the others say who did what, who is
// told and who has consented. They are granted by name: system/ValueSet.cud.
var explicit = map[string]string{
	"AuditEvent": "", "Consent": "", "Provenance": "", "Subscription": "",
	"CapabilityStatement": "rs", "CodeSystem": "rs", "CompartmentDefinition": "rs", "ConceptMap": "rs", "GraphDefinition": "rs",
	"ImplementationGuide": "rs", "MessageDefinition": "rs", "NamingSystem": "rs", "OperationDefinition": "rs", "SearchParameter": "rs",
	"StructureDefinition": "rs", "StructureMap": "rs", "TerminologyCapabilities": "rs", "ValueSet": "rs",
}

// Definition reports whether a type is of the resources by which others are
// understood and validated: they tell of no patient.
func Definition(typ string) bool { return explicit[typ] == "rs" }

// ParseScopes reads a list of scopes separated by blanks. It keeps those of the
// system/ and user/ contexts:
//
//   - system/Patient.rs in the form of v2 (.cruds) or v1 (.read, .write, .*);
//   - system/Task/$accept and system/$process-message?event=prescription-order
//     for an operation, of a message with one event or several (event=a,b).
//
// Every other scope grants nothing here: openid and the like, the patient/
// context, which this server does not confine to a compartment, and granular
// scopes with a query, which would grant too much without their query.
func ParseScopes(list string) Scopes {
	s := Scopes{types: map[string]string{}, operations: map[string][]string{}}
	for _, scope := range strings.Fields(list) {
		context, rest, _ := strings.Cut(scope, "/")
		if context != "system" && context != "user" {
			continue
		}
		if strings.Contains(rest, "$") {
			s.addOperation(rest)
		} else if typ, actions, ok := strings.Cut(rest, "."); ok {
			s.types[typ] += letters(actions)
		}
	}
	return s
}

// addOperation reads "$process-message?event=prescription-order". One with
// another query grants nothing.
func (s *Scopes) addOperation(text string) {
	name, query, constrained := strings.Cut(text, "?")
	events := []string{anyEvent}
	if constrained {
		values, err := url.ParseQuery(query)
		events = strings.FieldsFunc(values.Get("event"), func(r rune) bool { return r == ',' })
		if err != nil || len(values) != 1 || len(values["event"]) != 1 || slices.Contains(events, anyEvent) {
			return
		}
	}
	s.operations[name] = append(s.operations[name], events...)
}

func letters(actions string) string {
	switch actions {
	case "read":
		return "rs"
	case "write":
		return "cud"
	case "*":
		return "cruds"
	}
	// v2 wants the letters in the order of cruds, each at most once.
	rest := "cruds"
	for _, a := range actions {
		i := strings.IndexRune(rest, a)
		if i < 0 {
			return ""
		}
		rest = rest[i+1:]
	}
	return actions
}

// Allow reports whether the permission is granted on a type. With the type "*"
// it asks for all types at once, but for those that are granted by name only.
func (s Scopes) Allow(typ string, p Permission) bool {
	if s.full || strings.IndexByte(s.types[typ], byte(p)) >= 0 {
		return true
	}
	if left, ok := explicit[typ]; ok && strings.IndexByte(left, byte(p)) < 0 {
		return false
	}
	return strings.IndexByte(s.types["*"], byte(p)) >= 0
}

// AllowOperation reports whether a scope names the operation: "Task/$accept", or
// "$process-message" with the event of the message.
func (s Scopes) AllowOperation(name, event string) bool {
	events := s.operations[name]
	return s.full || slices.Contains(events, anyEvent) || event != "" && slices.Contains(events, event)
}
