package profiles

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/spelling"
)

// codeForm gives the check of a code by its binding: membership where the codes
// can be listed, the grammar where a grammar defines them.
func codeForm(e *r4.Element) check {
	b := e.Binding
	switch {
	case b.Codes != nil:
		return requiredCode(b)
	case b.ValueSet == allLanguages || b.ValueSet == "http://hl7.org/fhir/ValueSet/languages":
		return grammar(isLanguage, "a language tag of BCP 47, such as en-GB", func(text string) string { return strings.ReplaceAll(text, "_", "-") })
	case b.ValueSet == "http://hl7.org/fhir/ValueSet/currencies":
		return grammar(isCurrency, "a currency of ISO 4217, such as GBP", strings.ToUpper)
	case b.ValueSet == "http://hl7.org/fhir/ValueSet/mimetypes":
		return grammar(isMIME, "a MIME type, such as application/pdf", nil)
	}
	return nil
}

// requiredCode holds a code to the value set that R4 binds it to.
func requiredCode(b *r4.Binding) check {
	return func(w *walk, n fhir.Node, _ *r4.Type) {
		if n.Kind() != fhir.String || b.Codes.Has(n.Text()) || n.Text() == "" {
			return
		}
		w.notInSet(n, "", n.Text(), b)
	}
}

// notInSet says which codes there are and which was perhaps meant: one that is
// written nearly so, the one that a letter stands for, the same of another system.
func (w *walk) notInSet(n fhir.Node, system, code string, b *r4.Binding) {
	var all, systems, initial []string
	for _, s := range b.Codes.Systems {
		all = append(all, s.Codes...)
		if system != "" {
			systems = append(systems, s.System)
		}
		for _, c := range s.Codes {
			if c == code && system != "" {
				w.add(n, fhir.Issue{Code: fhir.CodeInvalid, Rule: "code", Message: "The code is of another system than the value set " + b.ValueSet + " takes it from.",
					Expected: s.System + "#" + code, Found: short(system + "#" + code), Fix: "Write system " + s.System + "."})
				return
			}
			if len(code) == 1 && strings.EqualFold(c[:1], code) {
				initial = append(initial, c)
			}
		}
	}
	i := fhir.Issue{Code: fhir.CodeInvalid, Rule: "code", Message: "The code is not in the value set " + b.ValueSet + ".",
		Expected: "one of " + anyOf(all, 20), Found: short(strings.TrimPrefix(system+"#"+code, "#"))}
	if systems != nil {
		i.Expected += " of the system " + anyOf(systems, 4)
	}
	if near := spelling.Nearest(code, all, 1); len(near) > 0 {
		i.Fix = "Write " + quoteShort(near[0]) + "."
	} else if len(initial) == 1 {
		i.Fix = "Write " + quoteShort(initial[0]) + "."
	}
	w.add(n, i)
}

// requiredConcept holds a CodeableConcept to a required binding: one of its
// codings has to be in the value set. Text alone names no code.
func requiredConcept(b *r4.Binding) check {
	return func(w *walk, n fhir.Node, _ *r4.Type) {
		var first fhir.Node
		for c := n.Get("coding").First(); c.Exists(); c = c.Next() {
			if b.Codes.Contains(c.Get("system").Text(), c.Get("code").Text()) {
				return
			}
			if !first.Exists() {
				first = c
			}
		}
		if !first.Exists() {
			w.add(n, fhir.Issue{Code: fhir.CodeInvalid, Rule: "code", Message: "A code of the value set " + b.ValueSet + " has to be given.",
				Expected: "a coding", Found: "none"})
			return
		}
		w.notInSet(n, first.Get("system").Text(), first.Get("code").Text(), b)
	}
}

// requiredCoding holds a Coding to a required binding.
func requiredCoding(b *r4.Binding) check {
	return func(w *walk, n fhir.Node, _ *r4.Type) {
		system, code := n.Get("system").Text(), n.Get("code").Text()
		if !b.Codes.Contains(system, code) {
			w.notInSet(n, system, code, b)
		}
	}
}

// allLanguages is the one maximum value set of R4 itself, the limit of its preferred
// bindings of languages: all tags of BCP 47.
const allLanguages = "http://hl7.org/fhir/ValueSet/all-languages"

// languageConcept holds the codings of a language to the maximum value set: where there
// are any, one of them is of BCP 47.
// http://hl7.org/fhir/R4/extension-elementdefinition-maxvalueset.html
func languageConcept(w *walk, n fhir.Node, _ *r4.Type) {
	var first fhir.Node
	for c := range n.Get("coding").Items() {
		if !c.Get("code").Exists() {
			continue
		}
		if c.Get("system").Text() == "urn:ietf:bcp:47" {
			return // whose codes are judged with those of all systems
		}
		if !first.Exists() {
			first = c
		}
	}
	if first.Exists() {
		w.add(first, fhir.Issue{Code: fhir.CodeInvalid, Rule: "code", Message: "No coding is in the maximum value set " + allLanguages + ".",
			Expected: "a coding with the system urn:ietf:bcp:47 and a language tag, such as en-GB", Found: short(first.Get("system").Text() + "#" + first.Get("code").Text())})
	}
}

// grammar holds a code to the form of the language it is taken from.
func grammar(ok func(string) bool, expected string, mend func(string) string) check {
	return func(w *walk, n fhir.Node, _ *r4.Type) {
		text := n.Text()
		if n.Kind() != fhir.String || text == "" || ok(text) {
			return
		}
		i := fhir.Issue{Code: fhir.CodeInvalid, Rule: "code", Message: "The code is not of the form that is required.", Expected: expected, Found: short(text)}
		if mend != nil && ok(mend(text)) {
			i.Fix = "Write " + quoteShort(mend(text)) + "."
		}
		w.add(n, i)
	}
}

// isLanguage reports whether a tag is well-formed by BCP 47 (RFC 5646 2.1), as
// far as the shape of its subtags goes.
func isLanguage(tag string) bool {
	first := true
	for part := range strings.SplitSeq(tag, "-") {
		if len(part) == 0 || len(part) > 8 {
			return false
		}
		for i := 0; i < len(part); i++ {
			if !isLetter(part[i]) && (first || !isDigit(part[i])) {
				return false
			}
		}
		if first && (len(part) == 1 && part != "x" && part != "i" || len(part) > 3) {
			return false // languages of four letters and more are reserved, and none is registered
		}
		first = false
	}
	return true
}

// isCurrency reports whether a code has the form of ISO 4217: three capitals.
func isCurrency(code string) bool {
	for i := 0; i < len(code); i++ {
		if code[i] < 'A' || code[i] > 'Z' {
			return false
		}
	}
	return len(code) == 3
}

// isMIME reports whether a text is type/subtype with parameters (RFC 2045
// 5.1), or one of the short names that a CapabilityStatement may use.
func isMIME(text string) bool {
	switch text {
	case "xml", "json", "ttl", "rdf":
		return true
	}
	media, _, _ := strings.Cut(text, ";")
	kind, subtype, ok := strings.Cut(strings.TrimSpace(media), "/")
	return ok && isToken(kind) && isToken(subtype)
}

func isToken(text string) bool {
	for i := 0; i < len(text); i++ {
		if c := text[i]; c <= ' ' || c >= 0x7F || strings.IndexByte(`()<>@,;:\"/[]?=`, c) >= 0 {
			return false
		}
	}
	return text != ""
}
