package profiles

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// Rule is a named fact that no profile states, such as a check digit. It looks at
// every value of one R4 type, wherever it stands.
type Rule struct {
	ID string
	// On is the type: Identifier, Patient, Address.
	On string
	// Severity is that of its issues where nothing else is set by
	// [Library.SetSeverity].
	Severity fhir.Severity
	// Covers are the keys of invariants that ask for the same: where the rule has
	// spoken of a part of an element, they are silent about the element.
	Covers []string
	// Check looks at a value and says what is wrong with it, at a node of it.
	// Rule, severity, expression and position are filled in.
	Check func(n fhir.Node, say func(at fhir.Node, i fhir.Issue))
}

// AddRules adds named rules. It is for the time before the library is used.
func (l *Library) AddRules(rules ...Rule) {
	l.rules = append(l.rules, rules...)
	for _, r := range rules {
		for _, key := range r.Covers {
			l.covers[key] = r.ID
		}
	}
}

// Rules lists the named rules.
func (l *Library) Rules() []Rule { return l.rules }

// rulesOn gives the rules of a type as checks.
func (l *Library) rulesOn(t *r4.Type) (out []check) {
	if l == nil {
		return nil
	}
	for i := range l.rules {
		if r := &l.rules[i]; r.On == t.Name {
			out = append(out, func(w *walk, n fhir.Node, _ *r4.Type) {
				r.Check(n, func(at fhir.Node, i fhir.Issue) { w.rule(r, at, i) })
			})
		}
	}
	return out
}

// rule reports an issue of a named rule.
func (w *walk) rule(r *Rule, at fhir.Node, i fhir.Issue) {
	i.Rule = r.ID
	if i.Severity == "" {
		i.Severity = r.Severity
	}
	if s, ok := w.v.library.severity[r.ID]; ok {
		i.Severity = s
	}
	if i.Severity != Off {
		w.add(at, i)
	}
}

// Off is the severity, for [Library.SetSeverity], of a rule that is not wanted.
const Off fhir.Severity = "off"
