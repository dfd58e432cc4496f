package profiles

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// typeChecks lists what is checked on every value of a type.
func typeChecks(t *r4.Type) []check {
	var out []check
	if t.Kind == r4.Resource {
		out = append(out, containedRules)
	}
	return out
}

// slotChecks lists what is checked on each value of one element.
func slotChecks(p *r4.Property) []check {
	var out []check
	e := p.Element
	if p.Type == "code" && e.Binding != nil && e.Binding.Codes != nil {
		out = append(out, requiredCode(e.Binding))
	}
	if p.Type == "Reference" && len(e.Targets) > 0 {
		out = append(out, referenceTarget(e.Targets))
	}
	return out
}

// typeRules lists the rules of a type that look beyond its form.
func typeRules(*r4.Type) []check { return nil }

// slotRules lists the rules of one element that look beyond its form.
func slotRules(*r4.Property) []check { return nil }

// requiredCode holds a code to the value set that R4 binds it to.
func requiredCode(b *r4.Binding) check {
	return func(w *walk, n fhir.Node, _ *r4.Type) {
		if n.Kind() != fhir.String || b.Codes.Has(n.Text()) || n.Text() == "" {
			return
		}
		var all []string
		for _, s := range b.Codes.Systems {
			all = append(all, s.Codes...)
		}
		i := fhir.Issue{Code: fhir.CodeInvalid, Rule: "code", Message: "The code is not in the value set " + b.ValueSet + ".",
			Expected: "one of " + anyOf(all, 20), Found: short(n.Text())}
		if near := nearest(n.Text(), all, 1); len(near) > 0 {
			i.Fix = "Write " + quoteShort(near[0]) + "."
		}
		w.add(n, i)
	}
}
