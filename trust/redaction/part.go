package redaction

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/checkdigit"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// A view is a part of a resource that is being made.
type view struct {
	*Redactor
	besides         map[string]sight // what is shown of this resource besides
	removed, masked bool
}

// part is a resource with what is shown of it. What R4 requires and is hidden has
// the reason in its place.
func (r *Redactor) part(n fhir.Node, typ *r4.Type) fhir.Value {
	v := &view{Redactor: r, besides: r.besides(n, typ.Name)}
	members := []any{"resourceType", n.Get("resourceType"), "id", r.unnumbered(n.Get("id")), "meta", nil}
	for m := range n.Members() {
		switch m.Name() {
		case "resourceType", "id", "meta":
		default:
			name, value := v.member(typ, m)
			members = append(members, name, value)
		}
	}
	members[5] = v.meta(n.Get("meta"))
	return fhir.Obj(members...)
}

// member is a member of a resource as it is shown, nil for one that is not.
func (v *view) member(typ *r4.Type, m fhir.Node) (name string, value any) {
	name, extended := strings.CutPrefix(m.Name(), "_")
	s, p := v.sight(typ, name)
	if p != nil {
		s = s.with(v.besides[p.Element.Name])
	}
	if extended || p == nil {
		v.removed = true
		if p != nil && p.Element.Min > 0 && !m.Parent().Get(name).Exists() {
			return absent(p)
		}
		return name, nil
	}
	switch s.how {
	case generic:
		v.masked = true
		return strings.TrimSuffix(name, p.Type) + choiceOf(p), repeated(p, fhir.Obj("text", s.text))
	case initials:
		v.masked = true
		return name, firstLetters(m)
	case part, coded, show:
		if out := v.scrub(m, p, s.how); len(fhir.List(out).JSON()) > 0 {
			return name, out
		}
	}
	v.removed = true
	if p.Element.Min > 0 {
		return absent(p)
	}
	return name, nil
}

// choiceOf is the end of the name of a choice whose value is a text, "" where the
// element is not a choice.
func choiceOf(p *r4.Property) string {
	if p.Element.Choice {
		return "CodeableConcept"
	}
	return ""
}

func repeated(p *r4.Property, value fhir.Value) any {
	if p.Element.Repeats() {
		return fhir.List(value)
	}
	return value
}

// absent is what replaces a required element:
// http://hl7.org/fhir/StructureDefinition/data-absent-reason
func absent(p *r4.Property) (name string, value any) {
	name = p.JSON
	if p.Of != nil && p.Of.Kind == r4.Primitive {
		name = "_" + name
	}
	return name, repeated(p, fhir.Obj("extension", masked()))
}

// masked is the extension that says that something is hidden.
func masked() fhir.Value {
	return fhir.List(fhir.Obj("url", "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode", "masked"))
}

// meta says what the version is, and that it is not shown whole.
func (v *view) meta(n fhir.Node) fhir.Value {
	var tags, security []any
	for tag := range n.Get("tag").Items() {
		if tag.Get("system").Text() == fhir.SubsetSystem && tag.Get("code").Text() == fhir.SubsetCode {
			tags = append(tags, tag)
		}
	}
	label := func(set bool, code string) {
		if set {
			security = append(security, fhir.Obj("system", fhir.SubsetSystem, "code", code))
		}
	}
	label(v.removed, "REDACTED")
	label(v.masked, "MASKED")
	return fhir.Obj("versionId", n.Get("versionId"), "lastUpdated", n.Get("lastUpdated"), "profile", n.Get("profile"), "security", fhir.List(security...), "tag", fhir.List(tags...))
}

// texts are the types of R4 whose values are text that anybody may have written.
var texts = []string{"string", "markdown", "xhtml", "base64Binary", "Annotation", "Narrative", "Attachment"}

// codes are the elements of such a type that hold codes and numbers.
var codes = []string{"Identifier.value", "Coding.version", "Reference.reference"}

// written reports whether a property is a text that is not shown where codes alone
// are.
func written(p *r4.Property) bool {
	return p == nil || slices.Contains(texts, p.Type) && !slices.Contains(codes, p.Element.Path())
}

// scrub is a value without what is never shown in part of a resource.
func (v *view) scrub(n fhir.Node, p *r4.Property, as how) any {
	switch n.Kind() {
	case fhir.Array:
		var items []any
		for item := range n.Items() {
			if out := v.scrub(item, p, as); out != nil {
				items = append(items, out)
			}
		}
		return fhir.List(items...)
	case fhir.Object:
		var members []any
		for m := range n.Members() {
			var of *r4.Property
			if p != nil && p.Of != nil {
				of = p.Of.Property(m.Name())
			}
			if v.unshown(n, m, of, as) {
				v.removed = true
				continue
			}
			members = append(members, m.Name(), v.value(n, m, of, as))
		}
		return fhir.Obj(members...)
	}
	if as != show && written(p) {
		return nil
	}
	return n
}

// unshown reports whether a member of a data type is left out: extensions, what
// references say besides where they lead to, and texts where codes alone are shown.
func (v *view) unshown(object, m fhir.Node, p *r4.Property, as how) bool {
	switch name := m.Name(); {
	case name == "extension", name == "modifierExtension", strings.HasPrefix(name, "_"):
		return true
	case name == "display" && !object.Get("code").Exists() && !object.Get("system").Exists():
		return true
	case name == "reference" && strings.HasPrefix(m.Text(), "#"):
		return true
	default:
		return as != show && (name == "userSelected" || written(p))
	}
}

// value is a member of a data type, an NHS number in part.
func (v *view) value(object, m fhir.Node, p *r4.Property, as how) any {
	if m.Name() == "reference" && m.Kind() == fhir.String {
		out := v.unnumbered(m)
		v.masked = v.masked || out != any(m)
		return out
	}
	if m.Name() == "value" && m.Kind() == fhir.String && isNumber(object.Get("system").Text(), m.Text()) {
		v.masked = true
		return hide(m.Text(), v.digits)
	}
	return v.scrub(m, p, as)
}

// word is what may be an NHS number within an id or an address.
var word = regexp.MustCompile(`[0-9A-Za-z]+`)

// unnumbered is an id or an address in which NHS numbers are hidden.
func (r *Redactor) unnumbered(n fhir.Node) any {
	if out := withoutNumbers(n.Text(), r.digits); n.Exists() && out != n.Text() {
		return out
	}
	return n
}

func withoutNumbers(text string, last int) string {
	return word.ReplaceAllStringFunc(text, func(digits string) string {
		if !checkdigit.NHSNumber(digits) {
			return digits
		}
		return strings.ReplaceAll(hide(digits, last), "*", "x") // as an id is written
	})
}

// numberSystems are the names under which NHS numbers are written.
var numberSystems = []string{"https://fhir.nhs.uk/Id/nhs-number", "https://fhir.hl7.org.uk/Id/nhs-number", "http://fhir.nhs.net/Id/nhs-number", "urn:oid:2.16.840.1.113883.2.1.4.1"}

// isNumber reports whether an identifier is an NHS number: by its system, or
// because it has the form of one under a system that is not of contacts.
func isNumber(system, value string) bool {
	if slices.Contains(numberSystems, strings.TrimSuffix(system, "/")) {
		return true
	}
	digits := strings.NewReplacer(" ", "", "-", "").Replace(value)
	return (system == "" || strings.Contains(system, ":")) && checkdigit.NHSNumber(digits)
}

// hide is a text of which the last characters are left.
func hide(text string, last int) string {
	n := utf8.RuneCountInString(text)
	runes := []rune(text)
	last = min(last, n)
	return strings.Repeat("*", n-last) + string(runes[n-last:])
}

// firstLetters are names of which the first letters are left.
func firstLetters(names fhir.Node) any {
	var out []any
	for name := range names.Items() {
		words := []string{}
		for given := range name.Get("given").Items() {
			words = append(words, strings.Fields(given.Text())...)
		}
		words = append(words, strings.Fields(name.Get("family").Text())...)
		if len(words) == 0 {
			words = strings.Fields(name.Get("text").Text())
		}
		var letters strings.Builder
		for _, word := range words {
			first, _ := utf8.DecodeRuneInString(word)
			letters.WriteString(string(first) + ".")
		}
		out = append(out, fhir.Obj("text", letters.String()))
	}
	return fhir.List(out...)
}
