package profiles

import (
	"maps"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// SetSeverity gives rules, by their id, another severity than their definition:
// invariant keys, named rules, or binding, fixed, cardinality … of profiles. [Off]
// switches a rule off. What was set before of other rules stays.
func (l *Library) SetSeverity(byRule map[string]fhir.Severity) { maps.Copy(l.severity, byRule) }

// StatesRule reports whether a definition of the library or of R4 has an invariant with
// a key, or a named rule has that id.
func (l *Library) StatesRule(id string) bool {
	if r4.ConstraintByKey(id) != nil {
		return true
	}
	for _, r := range l.rules {
		if r.ID == id {
			return true
		}
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, s := range l.own.Structures {
		for _, elements := range [][]*definition.Element{s.Differential, s.Snapshot} {
			for _, e := range elements {
				for _, c := range e.Constraints {
					if c.Key == id {
						return true
					}
				}
			}
		}
	}
	return false
}
