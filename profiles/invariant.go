package profiles

import (
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/fhirpath"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// elsewhere are the invariants that other rules of this package meet.
var elsewhere = map[string]bool{
	"dom-2": true, "dom-3": true, "dom-4": true, "dom-5": true, // containedRules
	"txt-1": true, "txt-2": true, // narrativeRules
}

// undecidable are the invariants that may be empty on data that is right:
// because what they look at is optional, or because dates of different
// precision and quantities of different units have no order. The same goes for
// the -0 rules on names.
var undecidable = map[string]bool{
	"bdl-8": true, "md-1": true, "per-1": true, "rng-2": true, "mdd-1": true, "inv-1": true, "ras-2": true,
	"tim-4": true, "tim-5": true, "ig-1": true, "ig-2": true, "eld-2": true,
}

// invariant gives the rule for a constraint of R4; nil when another rule meets
// it. The common ones are written in Go, the others are evaluated.
func (v *Validator) invariant(c *r4.Constraint) check {
	if elsewhere[c.Key] || c.Key == "dom-6" && !v.bestPractice {
		return nil
	}
	if holds := native[c.Key]; holds != nil {
		return func(w *walk, n fhir.Node, _ *r4.Type) {
			if !holds(w, n) {
				w.violation(n, n, c)
			}
		}
	}
	expr, err := fhirpath.Compile(c.Expression)
	if err != nil {
		panic(fmt.Sprintf("profiles: invariant %s: %v", c.Key, err))
	}
	holds := expr.Proven
	if undecidable[c.Key] || strings.HasSuffix(c.Key, "-0") {
		holds = expr.Test
	}
	named := c.Expression == computerName
	return func(w *walk, n fhir.Node, t *r4.Type) {
		if named && isComputerName(n.Get("name")) {
			return
		}
		holds, err := holds(w.ctx, fhirpath.TypedItem(n, t), w.env())
		if err != nil {
			w.undecided(n, c, err)
		} else if !holds {
			w.violation(n, n, c)
		}
	}
}

// env is what invariants of the innermost resource may use.
func (w *walk) env() *fhirpath.Env {
	if w.scope.env == nil {
		w.scope.env = &fhirpath.Env{Resource: fhirpath.TypedItem(w.scope.node, w.scope.typ),
			Root: fhirpath.NodeItem(w.scope.root, ""), HTMLChecks: func(string) bool { return true },
			JSONNames: true, Now: w.now}
		if w.v.library != nil {
			w.scope.env.Terminology, w.scope.env.Profiles = answers{w}, answers{w}
		}
	}
	return w.scope.env
}

func (w *walk) violation(n, place fhir.Node, c *r4.Constraint) {
	if w.misled(n, c.Expression) {
		return
	}
	severity := fhir.Err
	if c.Severity == "warning" {
		severity = fhir.Warning
	}
	w.addAt(n, place, fhir.Issue{Severity: severity, Code: fhir.Invariant, Rule: c.Key, Message: c.Human})
}

// broken reports an invariant by its key.
func (w *walk) broken(n, place fhir.Node, key string) {
	w.violation(n, place, r4.ConstraintByKey(key))
}

// undecided reports an invariant whose evaluation failed, which happens where
// the element is so malformed that other issues tell of it.
func (w *walk) undecided(n fhir.Node, c *r4.Constraint, err error) {
	if w.ctx.Err() != nil {
		w.ended = true
		return
	}
	if w.misled(n, c.Expression) {
		return
	}
	i := unjudgedIssue(c.Key, c.Severity, "The rule "+c.Key+" ("+c.Human+") could not be evaluated", err)
	if w.v.library != nil {
		for _, rule := range []string{c.Key, notJudged} {
			if s, ok := w.v.library.severity[rule]; ok {
				i.Severity = s
			}
		}
	}
	if i.Severity != Off {
		w.add(n, i)
	}
}
