package auth

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
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
	confined   map[string][]Scope  // scopes on some resources of a type, "*" for every type
	patient    string              // the logical id of the patient of the context patient; "" for none
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

// ParseScopes reads a list of scopes separated by blanks, each in the form of v2
// (system/Patient.cruds) or v1 (.read, .write, .*), or of an operation
// (system/Task/$accept, system/$process-message?event=prescription-order). Scopes
// with a query and those of the context patient grant some resources of a type, the
// latter once [Scopes.OfPatient] says whose.
//
// Every other scope grants nothing here, nor does one that [ParseScope] refuses:
// without what cannot be enforced of it, it would grant too much.
func ParseScopes(list string) Scopes {
	s := Scopes{types: map[string]string{}, operations: map[string][]string{}}
	for text := range strings.FieldsSeq(list) {
		scope, err := ParseScope(text)
		switch {
		case err != nil:
		case scope.Operation != "":
			s.addOperation(scope)
		case scope.Query == "" && scope.Context != "patient":
			s.types[scope.Type] += scope.Letters
		default:
			if s.confined == nil {
				s.confined = map[string][]Scope{}
			}
			s.confined[scope.Type] = append(s.confined[scope.Type], scope)
		}
	}
	return s
}

// Patient is the logical id of the patient whom the token is about, "" for none.
func (s Scopes) Patient() string { return s.patient }

// OfPatient returns the scopes of a token whose context is a patient, by logical id.
func (s Scopes) OfPatient(id string) Scopes {
	if fhir.IsID(id) {
		s.patient = id
	}
	return s
}

func (s *Scopes) addOperation(scope Scope) {
	events := scope.Events
	if events == nil {
		events = []string{anyEvent}
	}
	s.operations[scope.Operation] = append(s.operations[scope.Operation], events...)
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

// Allow reports whether the permission is granted on all resources of a type. With
// the type "*" it asks for all types at once, but for those that are granted by name
// only.
func (s Scopes) Allow(typ string, p Permission) bool {
	return s.full || s.whole(typ, p) && !slices.ContainsFunc(s.some(typ, p), Scope.patients)
}

// AllowSome reports whether the permission is granted on some resources of a type
// at least. Which ones [Scopes.Within] says.
func (s Scopes) AllowSome(typ string, p Permission) bool {
	return s.full || s.whole(typ, p) || len(s.some(typ, p)) > 0
}

// whole reports whether a scope without a query and outside the context patient
// grants the permission.
func (s Scopes) whole(typ string, p Permission) bool {
	if strings.IndexByte(s.types[typ], byte(p)) >= 0 {
		return true
	}
	return wildcard(typ, p) && strings.IndexByte(s.types["*"], byte(p)) >= 0
}

// wildcard reports whether a scope on every type grants the permission on a type.
func wildcard(typ string, p Permission) bool {
	left, ok := explicit[typ]
	return !ok || strings.IndexByte(left, byte(p)) >= 0
}

func (s Scope) patients() bool { return s.Context == "patient" }

// some are the scopes that grant the permission on some resources of a type. Of the
// context patient they grant nothing without a patient, and nothing of types that
// are not of a patient's compartment.
func (s Scopes) some(typ string, p Permission) (list []Scope) {
	if len(s.confined) == 0 {
		return nil
	}
	add := func(scopes []Scope) {
		for _, scope := range scopes {
			if strings.IndexByte(scope.Letters, byte(p)) >= 0 && (!scope.patients() || s.patient != "" && ofPatient(typ)) {
				list = append(list, scope)
			}
		}
	}
	add(s.confined[typ])
	if wildcard(typ, p) && typ != "*" {
		add(s.confined["*"])
	}
	return list
}

// Confined reports whether any scope grants some resources of a type alone.
func (s Scopes) Confined() bool { return !s.full && len(s.confined) > 0 }

// Within is the rule of [fhir.Reach]. Where the context patient grants a letter on a
// type, it decides: scopes of a user or a system do not add others' resources.
func (s Scopes) Within(typ string, letter byte) (queries []string, all bool) {
	if letter == 0 {
		return s.referable(typ)
	}
	p := Permission(letter)
	some := s.some(typ, p)
	if slices.ContainsFunc(some, Scope.patients) {
		some = slices.DeleteFunc(slices.Clone(some), func(c Scope) bool { return !c.patients() })
	} else if s.full || s.whole(typ, p) {
		return nil, true
	}
	for _, scope := range some {
		queries = append(queries, scope.queries(typ, s.patient)...)
	}
	return queries, false
}

func (s Scope) queries(typ, patient string) []string {
	if !s.patients() {
		return []string{s.Query}
	}
	list := patientQueries(typ, patient)
	if s.Query != "" {
		for i := range list {
			list[i] += "&" + s.Query
		}
	}
	return list
}

// referable is what resources of a type may be referred to: whatever is reached by
// any letter, and where a type is not granted at all, what a token without scopes
// on it may refer to: everything but the records of other patients.
func (s Scopes) referable(typ string) (queries []string, all bool) {
	granted := false
	for _, p := range []Permission{Create, Read, Update, Delete, Search} {
		if !s.AllowSome(typ, p) {
			continue
		}
		granted = true
		list, all := s.Within(typ, byte(p))
		if all {
			return nil, true
		}
		queries = append(queries, list...)
	}
	if granted {
		return queries, false
	}
	if s.patient != "" && ofPatient(typ) {
		return patientQueries(typ, s.patient), false
	}
	return nil, true
}

// AllowOperation reports whether a scope names the operation: "Task/$accept", or
// "$process-message" with the event of the message.
func (s Scopes) AllowOperation(name, event string) bool {
	events := s.operations[name]
	return s.full || slices.Contains(events, anyEvent) || event != "" && slices.Contains(events, event)
}
