package profiles

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// structureRules holds a profile to its base: it can be built of it, allows nothing
// that the base does not, and gives its elements no types that they do not have
// there. A profile narrows and adds nothing (R4, Profiling FHIR, limitations of use).
func structureRules(w *walk, n fhir.Node, _ *r4.Type) {
	if n.Get("derivation").Text() != "constraint" {
		return
	}
	w.structureKind(n)
	if w.v.library != nil && n.Get("kind").Text() != "logical" {
		if err := w.narrows(n); err != nil {
			w.addAt(n, n.Get("differential"), unbuildable(err))
			return
		}
	}
	base := w.profileBase(n)
	for _, part := range [...]string{"differential", "snapshot"} {
		for e := item(n.Path(part, "element")); e.Exists(); e = e.Next() {
			of := base.types(e.Get("id").Text(), e.Get("path").Text())
			for t := item(e.Get("type")); t.Exists(); t = t.Next() {
				w.elementType(t, of)
			}
			w.refixed(e, base)
		}
	}
}

// refixed asks that an element of a profile leaves what its base fixes.
func (w *walk) refixed(e fhir.Node, base profileBase) {
	of := base.element(e.Get("id").Text())
	if of == nil || of.Fixed == nil {
		return
	}
	own := e.Get("fixed" + of.Fixed.Type)
	if own.Exists() && !equal(own, of.Fixed.Node) {
		w.add(e, fhir.Issue{Code: fhir.ValueCode, Rule: "profile-fixed", Message: "The base of the profile fixes another value of " + of.Path + ".",
			Expected: of.Fixed.Node.Brief(), Found: own.Brief(), Fix: "Leave the value of the base, or derive from another base."})
	}
}

// profileBase is what a profile is derived from.
type profileBase struct {
	typ      *r4.Type
	snapshot []*definition.Element // of a base that is a profile itself
}

func (w *walk) profileBase(n fhir.Node) profileBase {
	b := profileBase{typ: r4.TypeOf(n.Get("type").Text())}
	url := n.Get("baseDefinition").Text()
	if name, core := strings.CutPrefix(url, canonicalBase); w.v.library == nil || core && r4.TypeOf(name) != nil {
		return b
	}
	if s, err := w.v.library.Structure(url); err == nil && s != nil {
		b.snapshot = s.Snapshot
	}
	return b
}

// element is what a base that is a profile itself says of an element.
func (b profileBase) element(id string) *definition.Element {
	for _, e := range b.snapshot {
		if e.ID == id {
			return e
		}
	}
	return nil
}

// types are those that an element has in the base; none where nobody can tell.
func (b profileBase) types(id, path string) []definition.Type {
	for _, e := range b.snapshot {
		if (e.ID == id || e.Path == path && e.SliceName == "" && !strings.Contains(e.ID, ":")) && len(e.Types) > 0 {
			return e.Types
		}
	}
	if b.typ == nil {
		return nil
	}
	_, way, inside := strings.Cut(path, ".")
	if !inside {
		return nil
	}
	return elementTypes(b.typ, way)
}

// elementTypes follows a path below a type through the tables of R4.
func elementTypes(t *r4.Type, way string) []definition.Type {
	step, rest, deeper := strings.Cut(way, ".")
	name := strings.TrimSuffix(step, "[x]")
	e, codes := t.Element(name), []string(nil)
	if e != nil {
		codes = e.Types
	}
	if p := t.Property(name); p != nil && p.Element.Choice { // valueQuantity
		e, codes = p.Element, []string{p.Type}
	}
	if e == nil || len(codes) == 0 || e.Attribute && name == "id" {
		return nil
	}
	if deeper {
		next := r4.TypeOf(codes[0])
		if len(codes) > 1 || next == nil {
			return nil
		}
		return elementTypes(next, rest)
	}
	var out []definition.Type
	for _, code := range codes {
		of := r4.TypeOf(code)
		if of == nil || of.Kind == r4.Backbone {
			return nil // nothing can be asked of it but what it is
		}
		d := definition.Type{Code: code}
		if code == "Reference" || code == "canonical" {
			for _, target := range e.Targets {
				d.TargetProfiles = append(d.TargetProfiles, canonicalBase+target)
			}
		}
		out = append(out, d)
	}
	return out
}

// elementType holds one type of an element: the code is one of the base, its
// profiles are of that type, its targets of a type that the base points to.
func (w *walk) elementType(n fhir.Node, base []definition.Type) {
	code := n.Get("code").Text()
	typ := r4.TypeOf(code)
	if typ == nil && (strings.Contains(code, ":") || code == "" || w.blamed(n.Get("code"))) {
		return // System.String
	}
	at := slices.IndexFunc(base, func(t definition.Type) bool { return t.Code == code || typ.Is(t.Code) })
	if base != nil && at < 0 {
		w.add(n, fhir.Issue{Code: fhir.BusinessRule, Rule: "profile-type", Message: "The base does not let the element have this type.",
			Expected: anyOf(typeCodes(base), 8), Found: code})
		return
	}
	for p := range n.Get("profile").Items() {
		if of := w.describedType(p.Text()); of != nil && !of.Is(code) {
			w.add(p, fhir.Issue{Code: fhir.BusinessRule, Rule: "profile-type", Message: "The profile is one of another type.",
				Expected: "a profile of " + code, Found: of.Name + " (" + short(p.Text()) + ")"})
		}
	}
	if at < 0 || len(base[at].TargetProfiles) == 0 {
		return
	}
	var targets []string
	for _, c := range base[at].TargetProfiles {
		of := w.describedType(c)
		if of == nil || of.Name == "Resource" {
			return // any
		}
		targets = append(targets, of.Name)
	}
	for p := range n.Get("targetProfile").Items() {
		if of := w.describedType(p.Text()); of != nil && !slices.ContainsFunc(targets, of.Is) {
			w.add(p, fhir.Issue{Code: fhir.BusinessRule, Rule: "profile-target", Message: "The base does not let the element point to a resource of this type.",
				Expected: anyOf(targets, 8), Found: of.Name + " (" + short(p.Text()) + ")"})
		}
	}
}

func typeCodes(list []definition.Type) (out []string) {
	for _, t := range list {
		out = append(out, t.Code)
	}
	return out
}

// describedType is the R4 type that the StructureDefinition of a canonical
// describes; nil where it is not known.
func (w *walk) describedType(canonical string) *r4.Type {
	url, _, _ := strings.Cut(canonical, "#") // an element of the profile
	url, _ = definition.SplitCanonical(url)
	if name, core := strings.CutPrefix(url, canonicalBase); core {
		switch name {
		case "SimpleQuantity", "MoneyQuantity":
			name = "Quantity"
		}
		if t := r4.TypeOf(name); t != nil {
			return t
		}
	}
	if r4.ExtensionByURL(url) != nil {
		return r4.TypeOf("Extension")
	}
	if w.v.library != nil {
		if s, known := w.v.library.knows(url); known {
			return r4.TypeOf(s.Type)
		}
	}
	if r := w.definition("StructureDefinition", url); r != nil {
		return r4.TypeOf(r.Get("type").Text())
	}
	return nil
}
