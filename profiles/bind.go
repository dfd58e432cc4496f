package profiles

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/profiles/terminology"
)

// coded is one code of a value with the place it stands at.
type coded struct {
	node                  fhir.Node
	system, version, code string
}

// codesOf lists the codes of a value. A plain code has no system: it is asked
// for in whatever system the value set has it in.
func codesOf(o occurrence) []coded {
	if o.typ == nil || !o.node.Exists() {
		return nil
	}
	one := func(n fhir.Node) coded {
		return coded{n, n.Get("system").Text(), n.Get("version").Text(), n.Get("code").Text()}
	}
	switch {
	case o.typ.Name == "CodeableConcept":
		var out []coded
		for c := range o.node.Get("coding").Items() {
			if x := one(c); x.code != "" {
				out = append(out, x)
			}
		}
		return out
	case o.typ.Name == "Coding" || o.typ.Is("Quantity"):
		if x := one(o.node); x.code != "" {
			return []coded{x}
		}
		return nil
	case o.primitive():
		return []coded{{node: o.node, code: o.node.Text()}}
	}
	return nil
}

// holdBinding holds a coded value to the value set of the profile.
func (w *walk) holdBinding(o occurrence, p *position) {
	b := p.binding
	if o.typ == nil || !o.node.Exists() {
		return
	}
	codes := codesOf(o)
	if b.ValueSet != "" && (b.Strength == "required" || b.Strength == "extensible") {
		w.holdSet(o, p, codes, b.ValueSet, b.Strength)
	}
	if b.Max != "" {
		w.holdSet(o, p, codes, b.Max, "required")
	}
	for _, a := range b.More {
		switch a.Purpose {
		case "required", "maximum":
			w.holdSet(o, p, codes, a.ValueSet, "required")
		case "extensible":
			w.holdSet(o, p, codes, a.ValueSet, "extensible")
		}
	}
}

func (w *walk) holdSet(o occurrence, p *position, codes []coded, valueSet, strength string) {
	if len(codes) == 0 {
		if strength == "required" && (o.typ.Name == "CodeableConcept" || o.typ.Name == "Coding") && !p.told(o) {
			w.say(p, o.place(), fhir.Issue{Code: fhir.CodeInvalid, Rule: "binding", Message: p.title() + " names no code, and the profile asks for one of a value set.",
				Expected: "a code of " + valueSet + w.sample(valueSet, ""), Found: foundValue(o.node)})
		}
		return
	}
	var first, open terminology.Answer
	for i := range codes {
		a := w.v.library.terms.Member(valueSet, codes[i].system, codes[i].version, codes[i].code)
		switch {
		case a.Verdict == terminology.In:
			return
		case a.Verdict == terminology.Unknown && open.Reason == "":
			open = a
		case i == 0:
			first = a
		}
	}
	if open.Reason != "" {
		w.unchecked(o.place(), p, valueSet, open.Reason)
		return
	}
	if !p.mismatched(o.node) {
		w.notOfSet(o, p, codes[0], first, valueSet, strength)
	}
}

func (w *walk) notOfSet(o occurrence, p *position, c coded, a terminology.Answer, valueSet, strength string) {
	i := fhir.Issue{Code: fhir.CodeInvalid, Rule: "binding", Message: p.title() + " has a code that the profile does not allow.",
		Expected: "a code of " + valueSet + w.sample(valueSet, c.system), Found: strings.TrimPrefix(c.system+"#"+c.code, "#")}
	if strength == "extensible" {
		i.Severity = fhir.Warning
		i.Fix = "Use a code of the value set unless none of them fits."
	}
	if systems := w.systemsOf(valueSet, c.code); len(systems) > 0 {
		i.Fix = "The code is one of the value set, the system is not: write system " + anyOf(systems, 3) + "."
	} else if len(a.Nearest) > 0 {
		i.Fix = "Did you mean " + anyOf(a.Nearest, 3) + "?"
	}
	w.say(p, o.place(), i)
}

// told reports whether the cardinality of coding or code says what is missing of
// a value without codes.
func (p *position) told(o occurrence) bool {
	switch {
	case o.typ.Name == "Coding":
		return p.asks("code")
	case o.node.Get("coding").Exists():
		return p.asks("coding", "code")
	}
	return p.asks("coding")
}

// asks reports whether the profile asks that there be something on a path below
// the position, or below the same element unsliced.
func (p *position) asks(path ...string) bool {
	for ; p != nil; p = p.like {
		for _, k := range p.kids {
			if k.name == path[0] && (len(path) > 1 && k.asks(path[1:]...) || len(path) == 1 && k.counted && k.min > 0) {
				return true
			}
		}
	}
	return false
}

// mismatched reports whether what is fixed below the position says already that
// the code is another one.
func (p *position) mismatched(n fhir.Node) bool {
	for _, k := range p.kids {
		switch k.name {
		case "system", "code":
			if v := k.el.Fixed; v != nil && n.Get(k.name).Exists() && !equal(v.Node, n.Get(k.name)) {
				return true
			}
		case "coding":
			for c := range n.Get("coding").Items() {
				if k.mismatched(c) {
					return true
				}
			}
		}
	}
	return false
}

// sample lists the codes of a value set, of one with many systems those of the
// system that was used; "" for one that cannot be listed.
func (w *walk) sample(valueSet, system string) string {
	x, err := w.v.library.terms.Expand(valueSet, "", 0, 400)
	if err != nil || x.Total == 0 {
		return ""
	}
	same := slices.DeleteFunc(slices.Clone(x.Contains), func(c definition.Coding) bool { return c.System != system })
	if len(same) == 0 {
		same = x.Contains
	}
	most := 12
	if len(same) > most {
		most = 6
	}
	var text strings.Builder
	for i, c := range same[:min(most, len(same))] {
		if i > 0 {
			text.WriteString(", ")
		}
		text.WriteString(c.Code)
		if c.Display != "" {
			text.WriteString(" (" + c.Display + ")")
		}
		if i+1 == min(most, len(same)) || same[i+1].System != c.System {
			text.WriteString(" of the system " + c.System)
		}
	}
	if more := x.Total - min(most, len(same)); more > 0 {
		fmt.Fprintf(&text, ", and %d more", more)
	}
	return ": " + text.String()
}

// systemsOf gives the systems in which a value set has a code.
func (w *walk) systemsOf(valueSet, code string) (out []string) {
	x, err := w.v.library.terms.Expand(valueSet, code, 0, 100)
	if err != nil {
		return nil
	}
	for _, c := range x.Contains {
		if c.Code == code {
			out = append(out, c.System)
		}
	}
	return out
}

// unchecked notes, once for each reason, that a binding could not be decided.
func (w *walk) unchecked(n fhir.Node, p *position, valueSet, reason string) {
	key := "binding " + valueSet + reason
	if w.noted[key] || w.trials > 0 {
		return
	}
	if w.noted == nil {
		w.noted = map[string]bool{}
	}
	w.noted[key] = true
	w.say(p, n, fhir.Issue{Severity: fhir.Information, Code: fhir.Informational, Rule: "binding",
		Message: fmt.Sprintf("The code of %s was not checked: %s.", p.title(), reason)})
}

// inSet reports whether a value is in a value set, for telling slices apart.
func (w *walk) inSet(o occurrence, b *definition.Binding) bool {
	for _, c := range codesOf(o) {
		if w.v.library.terms.Member(b.ValueSet, c.system, c.version, c.code).Verdict == terminology.In {
			return true
		}
	}
	return false
}
