package profiles

import (
	"crypto/sha1" //nolint:gosec // Attachment.hash is SHA-1 by R4
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// codingRules asks for a system that says where the code is defined.
func codingRules(w *walk, n fhir.Node, _ *r4.Type) {
	system := n.Get("system")
	text := system.Text()
	switch {
	case w.wrongSystem(system):
	case text == "":
		if n.Get("code").Exists() && !has(n, "system") {
			w.add(n, fhir.Issue{Severity: fhir.Warning, Code: fhir.Invalid, Rule: "system", Message: "A code without its system means nothing to a receiver.",
				Expected: "a system", Found: "none"})
		}
	case w.supplements(text) != "":
		w.add(system, fhir.Issue{Code: fhir.Invalid, Rule: "system", Message: "This code system supplements another one, of which the codes are.",
			Expected: w.supplements(text), Found: short(text)})
	default:
		w.codeOfSystem(n, n.Get("code"))
	}
}

// wrongSystem says what is wrong with the URL of a code system, whatever its codes,
// and reports whether anything is.
func (w *walk) wrongSystem(system fhir.Node) bool {
	text := system.Text()
	edition, isEdition := strings.CutPrefix(text, snomedSystem+"/")
	switch {
	case text == "":
		return false
	case !isAbsolute(text) && !strings.HasPrefix(text, "#"):
		w.add(system, fhir.Issue{Code: fhir.Invalid, Rule: "system", Message: "The system of a code is an absolute URI.",
			Expected: "the URL of a code system, such as http://snomed.info/sct", Found: short(text)})
	case w.isValueSet(text):
		w.add(system, valueSetAsSystem(text))
	case isEdition && edition != "":
		w.add(system, fhir.Issue{Code: fhir.Invalid, Rule: "system", Message: "An edition of SNOMED CT is a version of the system.",
			Expected: snomedSystem, Found: short(text), Fix: "Write this URL as version."})
	case isPage(text):
		w.add(system, fhir.Issue{Code: fhir.Invalid, Rule: "system", Message: "This is the address of a page about a code system, not its URL.",
			Expected: "the URL in the definition of the code system", Found: short(text)})
	default:
		return false
	}
	return true
}

// isPage reports whether a URL is that of a page of the FHIR specification.
func isPage(url string) bool {
	host := strings.TrimPrefix(strings.TrimPrefix(url, "http://"), "https://")
	return strings.HasPrefix(host, "build.fhir.org/") || strings.HasPrefix(host, "hl7.org/fhir/") && strings.HasSuffix(host, ".html")
}

// isValueSet reports whether a URL is surely that of a value set: of one that is
// known here, of HL7's own, or of the whole or a part of SNOMED CT.
func (w *walk) isValueSet(url string) bool {
	if strings.Contains(url, "/ValueSet/") && (strings.HasPrefix(url, "http://hl7.org/fhir/") || strings.HasPrefix(url, "http://terminology.hl7.org/")) ||
		strings.HasPrefix(url, "http://snomed.info/sct?fhir_vs") || strings.HasPrefix(url, "http://loinc.org/vs/") {
		return true
	}
	return w.v.library != nil && w.v.library.terms.IsValueSet(url)
}

func (w *walk) supplements(system string) string {
	if w.v.library == nil {
		return ""
	}
	return w.v.library.terms.Supplements(system)
}

func valueSetAsSystem(url string) fhir.Issue {
	return fhir.Issue{Code: fhir.Invalid, Rule: "system", Message: "This is the URL of a value set, not of a code system.",
		Expected: "the URL of the code system that defines the code", Found: short(url)}
}

// quantityRules holds the code of a quantity to its system, above all to UCUM.
func quantityRules(w *walk, n fhir.Node, _ *r4.Type) {
	if !w.wrongSystem(n.Get("system")) {
		w.codeOfSystem(n, n)
	}
}

const rfc3986 = "urn:ietf:rfc:3986"

// identifierRules asks for an absolute system, and for a URI as value where the
// system says that the value is one.
func identifierRules(w *walk, n fhir.Node, _ *r4.Type) {
	system, value := n.Get("system"), n.Get("value")
	if text := system.Text(); text != "" && !isAbsolute(text) {
		w.add(system, fhir.Issue{Code: fhir.Invalid, Rule: "system", Message: "The system of an identifier is an absolute URI.",
			Expected: "a URI, such as https://fhir.nhs.uk/Id/nhs-number", Found: short(text)})
	}
	if system.Text() == rfc3986 && value.Kind() == fhir.String && !isAbsolute(value.Text()) {
		i := fhir.Issue{Code: fhir.CodeInvalid, Rule: "identifier-uri", Message: "With the system " + rfc3986 + " the value is a whole URI.",
			Expected: "a URI with its scheme, such as urn:uuid:… or urn:oid:…", Found: short(value.Text())}
		switch {
		case isOID(value.Text()):
			i.Fix = `Write "urn:oid:` + value.Text() + `".`
		case isUUID(strings.ToLower(value.Text())):
			i.Fix = `Write "urn:uuid:` + strings.ToLower(value.Text()) + `".`
		}
		w.add(n, i)
	}
}

// metaRules holds the security labels to be a set (R4, Meta.security).
func metaRules(w *walk, n fhir.Node, _ *r4.Type) {
	labels := n.Get("security")
	if labels.Len() < 2 {
		return
	}
	type label struct{ system, code string }
	seen := map[label]bool{}
	for l := range labels.Items() {
		key := label{l.Get("system").Text(), l.Get("code").Text()}
		if key.code == "" {
			continue
		}
		if seen[key] {
			w.add(l, fhir.Issue{Code: fhir.Duplicate, Rule: "security-label", Message: "The resource has the same security label twice.",
				Expected: "each label once", Found: short(key.system + "#" + key.code), Fix: "Leave the second one out."})
		}
		seen[key] = true
	}
}

// attachmentRules compares the stated size and hash with the data.
func attachmentRules(w *walk, n fhir.Node, _ *r4.Type) {
	data := n.Get("data")
	if data.Kind() != fhir.String || w.blamed(data) {
		return
	}
	size, hash := n.Get("size"), n.Get("hash")
	if stated, err := strconv.Atoi(size.Text()); err == nil && !w.blamed(size) {
		if actual := decodedLen(data.Text()); actual != stated {
			w.add(n, fhir.Issue{Code: fhir.Structure, Rule: "attachment-size", Message: "The stated size is not that of the data.",
				Expected: fmt.Sprintf("%d, the bytes that data decodes to", actual), Found: size.Text()})
		}
	}
	if hash.Kind() != fhir.String || w.blamed(hash) {
		return
	}
	content, err := base64.StdEncoding.DecodeString(withoutSpace(data.Text()))
	if err != nil {
		return // said of data
	}
	sum := sha1.Sum(content) //nolint:gosec // Attachment.hash is SHA-1 by R4
	if actual := base64.StdEncoding.EncodeToString(sum[:]); actual != withoutSpace(hash.Text()) {
		w.add(n, fhir.Issue{Code: fhir.Structure, Rule: "attachment-hash", Message: "The stated hash is not that of the data.",
			Expected: actual + ", the SHA-1 of what data decodes to", Found: short(hash.Text())})
	}
}

// withoutSpace drops the white space that base64 text may be broken by.
func withoutSpace(text string) string { return strings.Join(strings.Fields(text), "") }

// decodedLen is how many bytes base64 text stands for.
func decodedLen(text string) int {
	digits := 0
	for i := 0; i < len(text); i++ {
		if c := text[i]; c != '=' && !isSpace(c) {
			digits++
		}
	}
	return digits * 3 / 4
}

// simpleQuantity refuses a comparator where the quantity has to be exact.
func simpleQuantity(w *walk, n fhir.Node, _ *r4.Type) {
	if c := n.Get("comparator"); c.Exists() {
		w.add(n, fhir.Issue{Code: fhir.Structure, Rule: "sqty-1", Message: "This quantity is exact, so it has no comparator.",
			Found: c.Text(), Fix: "Leave comparator out."})
	}
}

// absoluteCanonical holds for every element of type canonical. A relative one
// is let pass with a warning: R4's own examples have them, though nothing can
// resolve them.
func absoluteCanonical(w *walk, n fhir.Node, _ *r4.Type) {
	if text := n.Text(); n.Kind() == fhir.String && text != "" && !isAbsolute(text) && text[0] != '#' {
		w.add(n, notAbsolute(text, fhir.Warning))
	}
}

func notAbsolute(text string, severity fhir.Severity) fhir.Issue {
	return fhir.Issue{Severity: severity, Code: fhir.Invalid, Rule: "canonical", Message: "A canonical URL is absolute.",
		Expected: "an absolute URL, such as https://example.org/fhir/Questionnaire/1, or # and the id of a contained resource", Found: short(text)}
}

// canonicalURL gives the rule for the url of a conformance resource, which is
// its canonical; nil for resources that have none.
func canonicalURL(t *r4.Type) check {
	url, status := t.Property("url"), t.Property("status")
	if url == nil || status == nil || url.Type != "uri" || status.Element.Binding == nil ||
		status.Element.Binding.ValueSet != "http://hl7.org/fhir/ValueSet/publication-status" {
		return func(*walk, fhir.Node, *r4.Type) {}
	}
	return func(w *walk, n fhir.Node, _ *r4.Type) {
		if u := n.Get("url"); u.Kind() == fhir.String && u.Text() != "" && !isAbsolute(u.Text()) {
			w.add(u, notAbsolute(u.Text(), fhir.Err))
		}
	}
}

// tagLike is what a browser would take for a tag.
var tagLike = regexp.MustCompile(`<[/!]?[A-Za-z]`)

// noHTML refuses tags in text that will be shown.
func noHTML(w *walk, n fhir.Node, _ *r4.Type) {
	text := n.Text()
	if strings.IndexByte(text, '<') < 0 {
		return
	}
	if at := tagLike.FindStringIndex(text); at != nil {
		w.add(n, fhir.Issue{Code: fhir.Invalid, Rule: "html", Message: "The text holds what a browser would take for HTML.",
			Expected: "text without tags", Found: short(text[at[0]:]), Fix: "Write < as &lt; or leave the tag out."})
	}
}
