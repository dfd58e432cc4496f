// Package policy holds the table of roles: which role may do what on which
// resource types and with which operations. What no line of the table grants is
// refused. The table is data, roles.tsv; a server may be given another one.
package policy

import (
	_ "embed"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
)

//go:embed roles.tsv
var builtin []byte

// Builtin is the table that the program carries.
func Builtin() (*Table, error) { return Parse("roles.tsv", builtin) }

// Table is the roles by name. It may be used by any number of goroutines.
type Table struct {
	roles map[string]*role
	names []string // in the order of the file

	replaced atomic.Pointer[Table]
}

// Replace puts the roles of another table in the place of those of this one, for whatever
// is decided from then on.
func (t *Table) Replace(by *Table) { t.replaced.Store(by) }

// now is the table by which is decided.
func (t *Table) now() *Table {
	if by := t.replaced.Load(); by != nil {
		return by
	}
	return t
}

// Sight is whose resources a role sees.
type Sight string

// Whose resources a role sees.
const (
	Own  Sight = "own"  // of the organisations that the principal acts for
	All  Sight = "all"  // of every organisation
	None Sight = "none" // of none: what belongs to nobody, such as definitions
)

type role struct {
	sees       Sight
	types      map[string]string   // letters of cruds by resource type; "*" for every type that has no line
	operations map[string][]string // events by operation, "Task/$accept"; anyEvent for all of them
	is         []string
	reads      []string // types that its own lines allow to read or to search; "*" for every type that no line names
}

const anyEvent = "*"

// Names returns the names of the roles in the order of the table.
func (t *Table) Names() []string { return slices.Clone(t.now().names) }

// Known reports whether the table has a role.
func (t *Table) Known(name string) bool { return t.now().roles[name] != nil }

// Within returns the names of roles with those that they are, each once.
func (t *Table) Within(names ...string) (out []string) {
	t = t.now()
	for _, name := range names {
		if r := t.roles[name]; r != nil && !slices.Contains(out, name) {
			out = append(append(out, name), t.Within(r.is...)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Reads reports whether a role's own lines, without those of the roles that it is,
// allow to read or to search a resource type.
func (t *Table) Reads(name, typ string) bool {
	r := t.now().roles[name]
	return r != nil && (slices.Contains(r.reads, typ) || slices.Contains(r.reads, "*") && !slices.Contains(explicit, typ))
}

// Grants are the rights of several roles together. The zero value may do
// nothing.
type Grants struct{ roles []*role }

// Of returns the grants of roles by their names. A name that the table does not
// have grants nothing.
func (t *Table) Of(names ...string) Grants {
	var g Grants
	t = t.now()
	for _, name := range names {
		if r := t.roles[name]; r != nil {
			g.roles = append(g.roles, r)
		}
	}
	return g
}

// explicit are the types that a line for every type ("*") does not reach: who
// did what, who is told and who has consented are granted by name.
var explicit = []string{"AuditEvent", "Consent", "Provenance", "Subscription"}

// Allow reports whether a letter of cruds is granted on a resource type. With
// the type "*" it asks for every type.
func (g Grants) Allow(typ string, letter byte) bool {
	return slices.ContainsFunc(g.roles, func(r *role) bool {
		letters, named := r.types[typ]
		if !named && !slices.Contains(explicit, typ) {
			letters = r.types["*"]
		}
		return strings.IndexByte(letters, letter) >= 0
	})
}

// AllowOperation reports whether an operation is granted: "Task/$accept", or
// "$process-message" with the event of the message.
func (g Grants) AllowOperation(name, event string) bool {
	return slices.ContainsFunc(g.roles, func(r *role) bool {
		events := r.operations[name]
		return slices.Contains(events, anyEvent) || event != "" && slices.Contains(events, event)
	})
}

// Operations are the operations that some role is granted, in order.
func (t *Table) Operations() []string {
	all := map[string]bool{}
	for _, r := range t.now().roles {
		for op := range r.operations {
			all[op] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// Scopes are the scopes of SMART App Launch v2 that together grant what the roles
// grant, in order, under a context: "user" or "system".
func (g Grants) Scopes(context string) []string {
	var out []string
	for _, r := range g.roles {
		for typ, letters := range r.types {
			if letters != "" {
				out = append(out, context+"/"+typ+"."+letters)
			}
		}
		for op, events := range r.operations {
			for _, event := range events {
				scope := context + "/" + op
				if event != anyEvent {
					scope += "?event=" + event
				}
				out = append(out, scope)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// SeesNone reports whether none of the roles sees what belongs to an organisation.
func (g Grants) SeesNone() bool {
	return !slices.ContainsFunc(g.roles, func(r *role) bool { return r.sees != None })
}

// SeesAll reports whether one of the roles sees what belongs to every
// organisation.
func (g Grants) SeesAll() bool {
	return slices.ContainsFunc(g.roles, func(r *role) bool { return r.sees == All })
}
