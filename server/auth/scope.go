package auth

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir/r4"
)

// Scope is one SMART scope on resources, or of an operation:
// https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
type Scope struct {
	Context string // "system", "user" or "patient"
	Type    string // a resource type, "*" for every one; "" for an operation
	Letters string // of cruds, in this order
	Query   string // "category=laboratory", which resources must meet; "" for all

	Operation string   // "Task/$accept", "$process-message"; "" for resources
	Events    []string // of messages; nil for every event

	first bool // written as version 1 has it: .read, .write or .*
}

// ParseScope reads a scope of a system, a user or a patient. What the server could
// not enforce as it is written is an error that says why: other contexts, letters
// out of order, and queries that more than the resource itself decides.
func ParseScope(text string) (Scope, error) {
	context, rest, ok := strings.Cut(text, "/")
	s := Scope{Context: context}
	switch {
	case !ok:
		return s, fmt.Errorf("%q is not a scope on resources, such as system/Patient.rs", text)
	case context != "system" && context != "user" && context != "patient":
		return s, fmt.Errorf("%q: expected the context system, user or patient", text)
	case strings.Contains(rest, "$") && !strings.Contains(rest, "."):
		return s, s.operation(text, rest)
	}
	return s, s.resources(text, rest)
}

func (s *Scope) resources(text, rest string) error {
	rest, query, asked := strings.Cut(rest, "?")
	typ, actions, _ := strings.Cut(rest, ".")
	if typ != "*" && !r4.IsResource(typ) {
		return fmt.Errorf("%q: %q is not a resource type of R4", text, typ)
	}
	s.Type, s.Letters = typ, letters(actions)
	s.first = actions == "read" || actions == "write" || actions == "*"
	if s.Letters == "" {
		return fmt.Errorf("%q: expected letters of cruds in this order, each once at most, behind the point", text)
	}
	if s.Context == "patient" && typ != "*" && !ofPatient(typ) {
		return fmt.Errorf("%q: resources of type %s are not of the compartment of a patient", text, typ)
	}
	if !asked {
		return nil
	}
	s.Query = query
	if err := checkQuery(typ, query); err != nil {
		return fmt.Errorf("%q: %w", text, err)
	}
	return nil
}

func (s *Scope) operation(text, rest string) error {
	if s.Context == "patient" {
		return fmt.Errorf("%q: an operation is not confined to one patient", text)
	}
	name, query, asked := strings.Cut(rest, "?")
	typ, operation, typed := strings.Cut(name, "/")
	if !typed {
		operation = typ
	}
	if typed && !r4.IsResource(typ) || !strings.HasPrefix(operation, "$") || len(operation) < 2 || strings.Trim(operation[1:], nameLetters) != "" {
		return fmt.Errorf("%q: expected an operation such as Task/$accept or $process-message", text)
	}
	s.Operation = name
	if !asked {
		return nil
	}
	values, err := url.ParseQuery(query)
	s.Events = strings.FieldsFunc(values.Get("event"), func(r rune) bool { return r == ',' })
	if err != nil || len(values) != 1 || len(values["event"]) != 1 || len(s.Events) == 0 || slices.Contains(s.Events, anyEvent) {
		return fmt.Errorf("%q: the query of an operation names events alone: ?event=a,b", text)
	}
	return nil
}

const nameLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"

// String writes the scope, in version 1 where it was read so.
func (s Scope) String() string {
	switch {
	case s.Operation != "" && s.Events != nil:
		return s.Context + "/" + s.Operation + "?event=" + strings.Join(s.Events, ",")
	case s.Operation != "":
		return s.Context + "/" + s.Operation
	case s.first && s.Query != "": // version 1 has no queries
	case s.first && s.Letters == "rs":
		return s.Context + "/" + s.Type + ".read"
	case s.first && s.Letters == "cud":
		return s.Context + "/" + s.Type + ".write"
	case s.first && s.Letters == "cruds":
		return s.Context + "/" + s.Type + ".*"
	}
	text := s.Context + "/" + s.Type + "." + s.Letters
	if s.Query != "" {
		text += "?" + s.Query
	}
	return text
}

// both is the query that a resource meets which meets two; false where it would be
// longer than one may be.
func both(a, b string) (string, bool) {
	switch {
	case a == "" || a == b:
		return b, true
	case b == "":
		return a, true
	}
	parts := strings.Split(a, "&")
	for part := range strings.SplitSeq(b, "&") {
		if !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "&"), len(parts) <= maxConditions
}

// Under reports whether what is granted in one context may be asked for in that of
// the scope: a patient's is a part of a user's.
func (s Scope) Under(context string) bool {
	return s.Context == context || s.Context == "patient" && context == "user"
}

// Within returns what of the scope a list of scopes allows: never more than
// either. Contexts do not matter to it; the result has that of s.
func (s Scope) Within(allowed []Scope) (out []Scope) {
	for _, a := range allowed {
		if both, ok := s.meet(a); ok && !slices.ContainsFunc(out, func(o Scope) bool { return o.String() == both.String() }) {
			out = append(out, both)
		}
	}
	return out
}

func (s Scope) meet(a Scope) (Scope, bool) {
	if s.Operation != a.Operation {
		return Scope{}, false
	}
	if s.Operation != "" {
		switch {
		case a.Events == nil:
			return s, true
		case s.Events == nil:
			s.Events = a.Events
		default:
			s.Events = common(s.Events, a.Events)
		}
		return s, len(s.Events) > 0
	}
	granted := s.reach(a.Type, a)
	switch {
	case s.Type == a.Type:
	case s.Type == "*":
		s.Type, s.Letters = a.Type, s.reach(a.Type, s)
	case a.Type != "*":
		return Scope{}, false
	default:
		granted = s.reach(s.Type, a)
	}
	s.Letters = string(common([]byte(s.Letters), []byte(granted)))
	var ok bool
	s.Query, ok = both(s.Query, a.Query)
	return s, ok && s.Letters != ""
}

// reach is the letters that a scope grants on a type: of those that wildcards do
// not reach, fewer.
func (Scope) reach(typ string, by Scope) string {
	if left, ok := explicit[typ]; ok && by.Type == "*" {
		return string(common([]byte(by.Letters), []byte(left)))
	}
	return by.Letters
}

func common[T comparable](a, b []T) (out []T) {
	for _, v := range a {
		if slices.Contains(b, v) {
			out = append(out, v)
		}
	}
	return out
}
