package profiles

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/spelling"
)

// literal is a Reference.reference taken apart.
type literal struct {
	text     string
	base     string // of an absolute URL: what stands before the type
	typ, id  string // "" when the text does not say
	version  string
	fragment string // of a reference to a contained resource
	absolute bool
}

// readLiteral understands Type/id, Type/id/_history/version, the same behind a
// base URL, #id, urn:… and the conditional Type?query of a transaction.
func readLiteral(text string) literal {
	l := literal{text: text}
	if fragment, ok := strings.CutPrefix(text, "#"); ok {
		l.fragment = fragment
		return l
	}
	l.absolute = isAbsolute(text)
	if typ, _, ok := strings.Cut(text, "?"); ok {
		if !l.absolute && r4.IsResource(typ) {
			l.typ = typ
		}
		return l
	}
	rest, _, _ := strings.Cut(text, "#")
	if at := strings.Index(rest, "/_history/"); at >= 0 {
		if l.version = rest[at+len("/_history/"):]; l.version == "" {
			return l
		}
		rest = rest[:at]
	}
	slash := strings.LastIndexByte(rest, '/')
	if slash < 0 || strings.HasPrefix(text, "urn:") {
		return l
	}
	path, key := rest[:slash], rest[slash+1:]
	base, typ := "", path
	at := strings.LastIndexByte(path, '/')
	if at >= 0 {
		base, typ = path[:at], path[at+1:]
	}
	if (l.absolute || at < 0) && r4.IsResource(typ) && id(key).expected == "" && key != "" {
		l.base, l.typ, l.id = base, typ, key
	}
	return l
}

// isAbsolute reports whether a URI begins with a scheme.
func isAbsolute(text string) bool {
	at := strings.IndexByte(text, ':')
	if at <= 0 || !isLetter(text[0]) {
		return false
	}
	for i := 1; i < at; i++ {
		if c := text[i]; !isLetter(c) && !isDigit(c) && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// referenceTarget holds a reference to the types that its element may point
// to, as far as the text of the reference, the contained resource or
// Reference.type tells.
func referenceTarget(targets []string) check {
	for _, t := range targets {
		if t == "Resource" {
			return anyTarget
		}
	}
	return func(w *walk, n fhir.Node, t *r4.Type) {
		anyTarget(w, n, t)
		for _, source := range [...]string{"reference", "type"} {
			stated := w.targetType(n, source)
			if stated == "" || allowed(stated, targets) {
				continue
			}
			w.add(n, fhir.Issue{Code: fhir.Structure, Rule: "reference-target", Message: "The reference points to a resource of the wrong type.",
				Expected: anyOf(targets, 12), Found: stated + " (" + short(n.Get(source).Text()) + ")"})
			return
		}
	}
}

func allowed(typ string, targets []string) bool {
	for _, t := range targets {
		if t == typ {
			return true
		}
	}
	return false
}

// targetType is the resource type that a reference's literal or its type
// element states; "" when it states none.
func (w *walk) targetType(reference fhir.Node, source string) string {
	text := reference.Get(source).Text()
	if text == "" {
		return ""
	}
	if source == "type" {
		if r4.IsResource(text) {
			return text
		}
		return ""
	}
	l := readLiteral(text)
	if l.fragment != "" {
		return w.containedResource(l.fragment).Get("resourceType").Text()
	}
	if l.typ == "" && l.absolute {
		if b, at := w.bundleAround(); b != nil {
			if hits := b.find(l, at); len(hits) == 1 {
				return b.entries[hits[0]].resource.Get("resourceType").Text()
			}
		}
	}
	return l.typ
}

// anyTarget holds a reference to what is asked of every reference: a literal
// that can be read, and a type that agrees with it.
func anyTarget(w *walk, n fhir.Node, _ *r4.Type) {
	text := n.Get("reference").Text()
	l := readLiteral(text)
	urn, _, _ := strings.Cut(text, "/_history/") // a transaction may ask for the version that it makes
	switch {
	case strings.IndexFunc(text, func(r rune) bool { return r <= ' ' }) >= 0 && l.typ == "":
		w.add(n, fhir.Issue{Code: fhir.ValueCode, Rule: "reference", Message: "A reference has no white space: it is a URL.",
			Expected: "Type/id, an absolute URL, urn:uuid:… or #id of a contained resource", Found: short(text), Fix: "Write what is meant as display, or as identifier."})
	case l.absolute && uri(urn).expected != "" && uri(urn).severity != fhir.Warning:
		w.add(n, fhir.Issue{Code: fhir.ValueCode, Rule: "reference", Message: "The reference is not the URN that it begins as.", Expected: uri(urn).expected, Found: short(text)})
	case text != "" && !l.absolute && l.typ == "" && !strings.HasPrefix(text, "#"):
		w.badLiteral(n, text)
	}
	stated := n.Get("type").Text()
	if stated != "" && !r4.IsResource(stated) && !isAbsolute(stated) {
		i := fhir.Issue{Code: fhir.CodeInvalid, Rule: "reference-type", Message: "Reference.type names no type of resource.",
			Expected: "the name of a type of resource, or the URL of a logical model", Found: short(stated)}
		if near := spelling.Nearest(stated, r4.ResourceTypes(), 1); len(near) > 0 {
			i.Fix = "Write " + quoteShort(near[0]) + "."
		}
		w.add(n.Get("type"), i)
	}
	if actual := w.targetType(n, "reference"); stated != "" && actual != "" && r4.IsResource(stated) && stated != actual {
		w.add(n, fhir.Issue{Code: fhir.Structure, Rule: "reference-type", Message: "Reference.type and Reference.reference disagree.",
			Expected: actual, Found: stated, Fix: `Write "type": "` + actual + `", or leave type out.`})
	}
}

func (w *walk) badLiteral(n fhir.Node, text string) {
	i := fhir.Issue{Code: fhir.ValueCode, Rule: "reference", Message: "The reference does not say which resource is meant.",
		Expected: "Type/id, an absolute URL, urn:uuid:… or #id of a contained resource", Found: short(text)}
	typ, key, ok := strings.Cut(text, "/")
	if !ok || id(key).expected != "" || !isName(typ) {
		i.Severity = fhir.Warning // it may mean something to its sender
	} else {
		if near := spelling.Nearest(typ, r4.ResourceTypes(), 1); len(near) > 0 && near[0] != typ {
			i.Fix = "Write " + near[0] + text[len(typ):] + "."
		}
	}
	w.add(n, i)
}

// isName reports whether a text looks like the name of a type.
func isName(text string) bool {
	for i := 0; i < len(text); i++ {
		if !isLetter(text[i]) {
			return false
		}
	}
	return text != "" && text[0] <= 'Z'
}

// containedResource finds the contained resource that a fragment names, in the
// container of the current resource.
func (w *walk) containedResource(id string) fhir.Node {
	holder := w.scope
	for holder.node != holder.root {
		holder = holder.outer
	}
	return holder.node.Contained(id)
}
