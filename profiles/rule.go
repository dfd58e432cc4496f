package profiles

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/fhirpath"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// rule is an invariant of a profile.
type rule struct {
	definition.Constraint
	expr *fhirpath.Expr
	err  error // the expression is no FHIRPath
}

// holdRule evaluates an invariant of the profile.
func (w *walk) holdRule(o occurrence, p *position, r *rule) {
	place := o.place()
	if r.err != nil {
		w.unjudged(p, place, r, "The definition is at fault", r.err)
		return
	}
	if !o.node.Exists() {
		return
	}
	ok, err := r.expr.Test(w.ctx, fhirpath.TypedItem(o.node, o.typ), w.env())
	switch {
	case err != nil && w.ctx.Err() != nil:
		w.ended = true
	case (err != nil || !ok) && w.misled(o.node, r.Expression):
	case err != nil:
		w.unjudged(p, place, r, "The rule "+r.Key+" could not be evaluated", err)
	case !ok:
		severity := fhir.Err
		if r.Severity == "warning" {
			severity = fhir.Warning
		}
		w.say(p, place, fhir.Issue{Severity: severity, Code: fhir.Invariant, Rule: r.Key, Message: firstOf(r.Human, "The rule "+r.Key+" does not hold: "+r.Expression)})
	}
}
