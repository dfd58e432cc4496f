package profiles

import (
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// add reports an issue of the element at n.
func (w *walk) add(n fhir.Node, i fhir.Issue) { w.addAt(n, n, i) }

// addAt reports an issue of the element at n whose place in the text is that
// of another node: the unknown member, the second variant.
func (w *walk) addAt(n, place fhir.Node, i fhir.Issue) {
	if i.Severity == "" {
		i.Severity = fhir.Err
	}
	if w.blamed(n) || w.blamed(place) {
		return
	}
	if !w.tally.Lists(i.Severity) {
		w.tally.Skip(i.Severity, 1)
		return
	}
	i.Expression = Expression(n)
	i.Position = place.Position()
	w.tally.Add(i)
}

// result orders the issues and says what was left out.
func (w *walk) result() []fhir.Issue {
	issues := w.tally.List(w.fold(w.tally.Kept()))
	if w.ended {
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.Timeout, Rule: "timeout",
			Message: "The validation was stopped before it was complete.", Fix: "Send a smaller resource or allow more time."})
	}
	return issues
}

func (w *walk) wrongKind(n fhir.Node, expected string) {
	w.add(n, fhir.Issue{Code: fhir.Invalid, Rule: "json-type", Message: "The JSON type does not fit.",
		Expected: expected, Found: foundKind(n)})
}

// foundKind names what stands there, with its text where it is short.
func foundKind(n fhir.Node) string {
	switch n.Kind() {
	case fhir.String, fhir.Number:
		return n.Kind().String() + ", " + n.Brief()
	}
	return n.Kind().String()
}

// longest is how much of a value an issue quotes.
const longest = 120

func short(text string) string {
	if len(text) <= longest {
		return text
	}
	return strings.ToValidUTF8(text[:longest], "") + "…"
}

func (w *walk) notArray(m fhir.Node, p *slot) {
	w.add(m, fhir.Issue{Code: fhir.Invalid, Rule: "json-type", Message: m.Name() + " repeats, so its value is an array.",
		Expected: "an array of " + p.Type, Found: foundKind(m), Fix: "Put the value into square brackets."})
}

func (w *walk) notSingle(m fhir.Node, p *slot) {
	w.add(m, fhir.Issue{Code: fhir.Invalid, Rule: "json-type", Message: m.Name() + " does not repeat, so its value is no array.",
		Expected: "one " + p.Type, Found: fmt.Sprintf("an array of %d", m.Len()), Fix: "Leave the square brackets out and keep one value."})
}

func (w *walk) emptyObject(n, place fhir.Node) {
	w.addAt(n, place, fhir.Issue{Code: fhir.Invalid, Rule: "ele-1", Message: "The object is empty.",
		Expected: "a value, children or an extension", Fix: "Leave it out."})
}

func (w *walk) missing(n fhir.Node, s *shape, missing uint64) {
	for i := range s.typ.Elements {
		if missing&(1<<i) == 0 {
			continue
		}
		e := &s.typ.Elements[i]
		w.add(n, fhir.Issue{Code: fhir.Required, Rule: "cardinality", Message: e.Path() + " is missing.",
			Expected: expectedElement(e), Found: "no " + e.Name, Fix: "Add " + jsonNames(e) + "."})
	}
}

func expectedElement(e *r4.Element) string {
	what := "one"
	if e.Repeats() {
		what = "at least one"
	}
	if e.Choice {
		return what + " of " + strings.Join(e.Types, ", ")
	}
	return what + " " + strings.Join(e.Types, ", ")
}

// jsonNames lists how an element may be written: medicationCodeableConcept or
// medicationReference.
func jsonNames(e *r4.Element) string {
	if !e.Choice {
		return e.Name
	}
	names := make([]string, len(e.Types))
	for i, t := range e.Types {
		names[i] = e.Name + strings.ToUpper(t[:1]) + t[1:]
	}
	return anyOf(names, 6)
}

// anyOf joins alternatives, and leaves out what goes beyond the limit.
func anyOf(names []string, limit int) string {
	if len(names) > limit {
		return strings.Join(names[:limit], ", ") + ", …"
	}
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

func (w *walk) twoVariants(parent, m fhir.Node, p *slot) {
	w.addAt(parent, m, fhir.Issue{Code: fhir.Structure, Rule: "choice", Message: "Only one type of " + p.Element.Name + "[x] may be there.",
		Expected: "one of " + jsonNames(p.Element), Found: m.Name() + " beside another", Fix: "Keep the one that is meant."})
}
