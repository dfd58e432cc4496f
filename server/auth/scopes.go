package auth

import "strings"

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

// Scopes is what a caller may do: permissions by resource type, where "*"
// stands for every type.
type Scopes map[string]string

// Full is the scope of a caller who may do everything.
var Full = Scopes{"*": "cruds"}

// ParseScopes reads a list of scopes parted by blanks. It keeps those of the
// system/ and user/ contexts, in the form of v2 (.cruds) or v1 (.read, .write,
// .*). Every other scope grants nothing here: openid and the like, the patient/
// context, which this server does not confine to a compartment, and granular
// scopes with a query, which would grant too much without their query.
func ParseScopes(list string) Scopes {
	scopes := Scopes{}
	for _, scope := range strings.Fields(list) {
		context, rest, _ := strings.Cut(scope, "/")
		typ, actions, ok := strings.Cut(rest, ".")
		if !ok || context != "system" && context != "user" {
			continue
		}
		scopes[typ] += letters(actions)
	}
	return scopes
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
// it asks for all types at once.
func (s Scopes) Allow(typ string, p Permission) bool {
	return strings.IndexByte(s["*"], byte(p)) >= 0 || strings.IndexByte(s[typ], byte(p)) >= 0
}
