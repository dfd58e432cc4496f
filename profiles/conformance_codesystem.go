package profiles

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// codeSystemRules compares what a code system says of its content with the
// content (CodeSystem.content, CodeSystem.count).
func codeSystemRules(w *walk, n fhir.Node, _ *r4.Type) {
	content, concepts := n.Get("content"), n.Get("concept")
	if n.Get("supplements").Exists() && content.Kind() == fhir.String && content.Text() != "supplement" {
		w.add(content, fhir.Issue{Code: fhir.BusinessRule, Rule: "code-system", Message: "A code system that supplements another is a supplement.",
			Expected: "supplement", Found: short(content.Text())})
	}
	if content.Text() == "supplement" && !has(n, "supplements") {
		w.add(content, fhir.Issue{Code: fhir.Required, Rule: "code-system", Message: "The code system is a supplement, but does not say of what.",
			Expected: "supplements, with the canonical of the code system", Found: "none"})
	}
	if content.Text() == "not-present" && concepts.Exists() {
		w.add(concepts.Item(0), fhir.Issue{Code: fhir.Invalid, Rule: "code-system", Message: "The code system says that its content is not present, but it has concepts.",
			Expected: "no concept, or content fragment or complete", Found: "concepts"})
	}
	w.conceptProperties(n)
	count := n.Get("count")
	stated, err := strconv.Atoi(count.Text())
	if err != nil || !concepts.Exists() {
		return
	}
	actual := countConcepts(concepts)
	if content.Text() == "complete" && stated != actual {
		w.add(count, fhir.Issue{Code: fhir.Invalid, Rule: "code-system", Message: "The code system is complete, but count is not the number of its concepts.",
			Expected: strconv.Itoa(actual), Found: count.Text()})
	}
	if content.Text() != "complete" && content.Text() != "supplement" && stated < actual {
		w.add(count, fhir.Issue{Code: fhir.Invalid, Rule: "code-system", Message: "The code system has more concepts than count says.",
			Expected: fmt.Sprintf("at least %d", actual), Found: count.Text()})
	}
}

func countConcepts(list fhir.Node) int {
	count := 0
	for c := range list.Items() {
		count += 1 + countConcepts(c.Get("concept"))
	}
	return count
}

// standardProperties are the types of the properties that every code system may
// use by their uri (R4, FHIR concept properties). R4's own code systems add the
// last two.
var standardProperties = map[string]string{
	"inactive": "boolean", "deprecated": "dateTime", "notSelectable": "boolean", "parent": "code", "child": "code",
	"status": "code", "deprecationDate": "dateTime",
}

// conceptProperties holds the declarations of properties to be unique and of the
// types that are set for them, and the properties of concepts to what is declared.
func (w *walk) conceptProperties(n fhir.Node) {
	types, uris := map[string]string{}, map[string]bool{}
	for p := item(n.Get("property")); p.Exists(); p = p.Next() {
		code, uri, typ := p.Get("code").Text(), p.Get("uri").Text(), p.Get("type").Text()
		if _, twice := types[code]; twice && code != "" {
			w.add(p, propertyIssue("The property is declared twice.", "a code of its own", code))
		} else if uris[uri] && uri != "" {
			w.add(p, propertyIssue("Two properties have the same uri.", "a uri of its own", uri))
		}
		name, standard := strings.CutPrefix(uri, "http://hl7.org/fhir/concept-properties#")
		if want := standardProperties[name]; standard && want != "" && typ != want && typ != "" {
			w.add(p, propertyIssue("The uri is that of a standard property, which has another type.", want, typ))
		}
		types[code], uris[uri] = typ, true
	}
	w.conceptValues(n.Get("concept"), types, n.Get("content").Text() != "supplement")
}

// conceptValues looks at the properties of concepts. A supplement may use what
// the system that it supplements declares.
func (w *walk) conceptValues(list fhir.Node, types map[string]string, alone bool) {
	for c := item(list); c.Exists(); c = c.Next() {
		for p := item(c.Get("property")); p.Exists(); p = p.Next() {
			code := p.Get("code").Text()
			_, typ := variant(p, "value")
			switch want, declared := types[code]; {
			case !declared && alone && code != "":
				i := propertyIssue("The code system does not declare this property.", "a CodeSystem.property with this code", code)
				i.Severity = fhir.Warning
				w.add(p, i)
			case declared && typ != "" && want != "" && typ != want:
				w.add(p, propertyIssue("The value is of another type than the code system declares for the property.", want, typ))
			}
		}
		w.conceptValues(c.Get("concept"), types, alone)
	}
}

func propertyIssue(message, expected, found string) fhir.Issue {
	return fhir.Issue{Code: fhir.Invalid, Rule: "code-system-property", Message: message, Expected: expected, Found: short(found)}
}
