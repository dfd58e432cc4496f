package profiles

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/spelling"
)

// extensionRules holds an extension to its definition, where one is known:
// where it may stand, the type of its value, its parts. An unknown extension is
// let pass with a note, an unknown modifier is refused, because it may turn
// the meaning of what holds it.
func extensionRules(w *walk, n fhir.Node, _ *r4.Type) {
	url := n.Get("url")
	if url.Kind() != fhir.String || url.Text() == "" {
		return
	}
	holder, modifier := holderOf(n)
	if outer := holder.Get("url"); outer.Exists() && isExtension(holder) {
		w.part(n, holder, url.Text())
		return
	}
	text := url.Text()
	if !isAbsolute(text) {
		w.add(n, fhir.Issue{Code: fhir.Invalid, Rule: "extension-url", Message: "The url of an extension is absolute.",
			Expected: "an absolute URL, such as https://example.org/StructureDefinition/name", Found: short(text)})
		return
	}
	if bare, _, ok := strings.Cut(text, "|"); ok {
		w.add(n, fhir.Issue{Code: fhir.Invalid, Rule: "extension-url", Message: "The url of an extension has no version.",
			Expected: bare, Found: short(text), Fix: "Leave out | and what follows."})
		text = bare
	}
	x := w.extension(text)
	if x == nil {
		w.unknownExtension(n, text, modifier)
		return
	}
	w.extensionUse(n, x, modifier)
	w.extensionPlace(n, holder, x)
	w.extensionContent(n, x)
}

// holderOf gives the object that holds an extension, and whether it holds it
// as a modifier.
func holderOf(n fhir.Node) (holder fhir.Node, modifier bool) {
	member := n
	if member.Name() == "" {
		member = n.Parent()
	}
	return member.Parent(), member.Name() == "modifierExtension"
}

func isExtension(n fhir.Node) bool {
	member := n
	if member.Name() == "" {
		member = n.Parent()
	}
	return member.Name() == "extension" || member.Name() == "modifierExtension"
}

// extension finds a definition, among those of R4 and those given.
func (w *walk) extension(url string) *r4.Extension {
	if x := r4.ExtensionByURL(url); x != nil {
		return x
	}
	if x := w.v.library.extension(url); x != nil {
		return x
	}
	return readExtension(w.definition("StructureDefinition", url))
}

// crossVersion are the extensions that stand for elements of other versions of
// FHIR (R4, Extending FHIR, versions): known in principle, though not in detail.
var crossVersion = regexp.MustCompile(`^http://hl7\.org/fhir/[1-5]\.0/StructureDefinition/extension-[A-Z]`)

func (w *walk) unknownExtension(n fhir.Node, url string, modifier bool) {
	if modifier && !crossVersion.MatchString(url) {
		w.add(n, fhir.Issue{Code: fhir.ExtensionCode, Rule: "modifier-extension", Message: "The modifier extension is not known here, and it may change the meaning of the data.",
			Expected: "an extension whose definition is loaded", Found: short(url), Fix: "Leave it out, or ask the server's operator to load its definition."})
		return
	}
	if w.noted[url] {
		return
	}
	if w.noted == nil {
		w.noted = map[string]bool{}
	}
	w.noted[url] = true
	if near := w.v.library.nearExtensions(url); len(near) > 0 {
		w.add(n, fhir.Issue{Severity: fhir.Warning, Code: fhir.ExtensionCode, Rule: "extension-unknown",
			Message: "The extension is stored, but not checked: no definition of this url is known here.", Found: short(url), Fix: "Did you mean " + near[0] + "?"})
		return
	}
	w.add(n, fhir.Issue{Severity: fhir.Information, Code: fhir.ExtensionCode, Rule: "extension-unknown",
		Message: "The extension is stored, but not checked: its definition is not known here.", Found: short(url)})
}

func (w *walk) extensionUse(n fhir.Node, x *r4.Extension, modifier bool) {
	if modifier == x.Modifier {
		return
	}
	i := fhir.Issue{Code: fhir.Structure, Rule: "extension-modifier", Found: short(x.URL)}
	if modifier {
		i.Message, i.Fix = "The extension modifies nothing, so it does not stand in modifierExtension.", "Move it to extension."
	} else {
		i.Message, i.Fix = "The extension may change the meaning of the data, so it stands in modifierExtension.", "Move it to modifierExtension."
	}
	w.add(n, i)
}

// extensionContent holds value and parts of the extension to its definition:
// with a library to the program of that, which checks nested extensions too.
func (w *walk) extensionContent(n fhir.Node, x *r4.Extension) {
	if w.v.library != nil {
		if p := w.v.library.program(x.URL); p != nil {
			w.conform(n, r4.TypeOf("Extension"), p)
			return
		}
	}
	value, typ := extensionValue(n)
	switch {
	case value.Exists() && len(x.Types) == 0 && len(x.Parts) > 0:
		w.add(n, fhir.Issue{Code: fhir.Structure, Rule: "extension-value", Message: "This extension has parts instead of a value.",
			Expected: "nested extensions " + anyOf(partNames(x), 8), Found: value.Name()})
	case value.Exists() && len(x.Types) > 0 && !slices.Contains(x.Types, typ):
		i := fhir.Issue{Code: fhir.Structure, Rule: "extension-value", Message: "The value of this extension is of the wrong type.",
			Expected: anyOf(x.Types, 8), Found: typ}
		if slices.ContainsFunc(x.Types, r4.TypeOf(typ).Is) {
			i.Severity = fhir.Warning // a narrower type can do no harm to a reader
		}
		w.add(n, i)
	case value.Kind() == fhir.String && x.Codes != nil && typ == "code" && !x.Codes.Has(value.Text()):
		w.add(value, fhir.Issue{Code: fhir.CodeInvalid, Rule: "code", Message: "The code is not in the value set " + x.Codes.URL + ".", Found: short(value.Text())})
	}
	w.partCounts(n, x)
}

func extensionValue(n fhir.Node) (value fhir.Node, typ string) {
	for m := n.First(); m.Exists(); m = m.Next() {
		if p := r4.TypeOf("Extension").Property(m.Name()); p != nil && p.Element.Name == "value" {
			return m, p.Type
		}
	}
	return fhir.Node{}, ""
}

func partNames(x *r4.Extension) []string {
	var names []string
	for _, p := range x.Parts {
		names = append(names, p.URL)
	}
	return names
}

func (w *walk) partCounts(n fhir.Node, x *r4.Extension) {
	for i := range x.Parts {
		p := &x.Parts[i]
		count := 0
		for e := range n.Get("extension").Items() {
			if e.Get("url").Text() == p.URL {
				count++
			}
		}
		switch {
		case count == 0 && p.Required:
			w.add(n, fhir.Issue{Code: fhir.Required, Rule: "extension-part", Message: "A part of the extension is missing.",
				Expected: "a nested extension with the url " + p.URL, Found: "none"})
		case count > 1 && !p.Repeats:
			w.add(n, fhir.Issue{Code: fhir.Structure, Rule: "extension-part", Message: "A part of the extension is there twice.",
				Expected: "one nested extension with the url " + p.URL})
		}
	}
}

// part holds a nested extension to the definition of the one it stands in.
func (w *walk) part(n, holder fhir.Node, name string) {
	outer := w.extension(holder.Get("url").Text())
	if outer == nil {
		return
	}
	if p := outer.Part(name); p != nil {
		if w.v.library == nil || w.v.library.program(outer.URL) == nil {
			w.extensionContent(n, p)
		}
		return
	}
	if isAbsolute(name) {
		if x := w.extension(name); x != nil {
			w.extensionPlace(n, holder, x)
			w.extensionContent(n, x)
		}
		return
	}
	i := fhir.Issue{Code: fhir.Invalid, Rule: "extension-part", Message: "The extension " + short(outer.URL) + " has no part of this name.",
		Expected: anyOf(partNames(outer), 8), Found: short(name)}
	if near := spelling.Nearest(name, partNames(outer), 1); len(near) > 0 {
		i.Fix = "Write " + quoteShort(near[0]) + "."
	}
	w.add(n, i)
}
