package profiles

import (
	"fmt"
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// measureRules asks for a library where criteria are written in CQL, since CQL
// that is no library has no names to offer.
func measureRules(w *walk, n fhir.Node, _ *r4.Type) {
	if n.Get("library").Exists() {
		return
	}
	for g := range n.Get("group").Items() {
		for _, part := range [...]string{"population", "stratifier"} {
			for p := range g.Get(part).Items() {
				c := p.Get("criteria")
				switch c.Get("language").Text() {
				case "text/cql", "text/cql-identifier", "text/cql.identifier":
					w.add(c, fhir.Issue{Code: fhir.Invalid, Rule: "measure-library", Message: "The criteria are in CQL, but the measure names no library.",
						Expected: "a library", Found: "none"})
				}
			}
		}
	}
}

// measureReportRules compares a report with its measure: groups, populations
// and stratifiers are matched by code, and a list of subjects by its length.
func measureReportRules(w *walk, n fhir.Node, _ *r4.Type) {
	for g := range n.Get("group").Items() {
		for p := range g.Get("population").Items() {
			w.subjectCount(p)
		}
	}
	measure := w.definition("Measure", n.Get("measure").Text())
	if measure == nil || n.Get("type").Text() == "data-collection" {
		return
	}
	w.matched(n, n.Get("group"), measure.Get("group"), "group", func(mine, theirs fhir.Node) {
		w.matched(mine, mine.Get("population"), theirs.Get("population"), "population", nil)
		w.matched(mine, mine.Get("stratifier"), theirs.Get("stratifier"), "stratifier", nil)
	})
}

// subjectCount compares a population's count with the contained list of its
// subjects.
func (w *walk) subjectCount(p fhir.Node) {
	list := w.localTarget(p.Path("subjectResults", "reference").Text())
	stated, err := strconv.Atoi(p.Get("count").Text())
	if err != nil || list.Get("resourceType").Text() != "List" {
		return
	}
	if actual := list.Get("entry").Len(); actual != stated {
		w.add(p, fhir.Issue{Code: fhir.BusinessRule, Rule: "measure-report", Message: "The count is not the number of subjects listed.",
			Expected: strconv.Itoa(actual), Found: p.Get("count").Text()})
	}
}

// localTarget follows a reference to a contained resource.
func (w *walk) localTarget(reference string) fhir.Node {
	if l := readLiteral(reference); l.fragment != "" {
		return w.containedResource(l.fragment)
	}
	return fhir.Node{}
}

// matched pairs what a report lists with what its measure defines. A single one
// needs no code; of several, each has the code of its definition.
func (w *walk) matched(holder, reported, defined fhir.Node, what string, each func(mine, theirs fhir.Node)) {
	if !defined.Exists() {
		return
	}
	met := map[int]bool{}
	for r := range reported.Items() {
		d := w.definedAs(r, reported, defined)
		if !d.Exists() {
			w.add(r, fhir.Issue{Code: fhir.BusinessRule, Rule: "measure-report", Message: "The measure has no " + what + " of this code.",
				Expected: "the code of a " + what + " of the measure", Found: codeText(r.Get("code"))})
			continue
		}
		met[d.Index()] = true
		if each != nil {
			each(r, d)
		}
	}
	for d := range defined.Items() {
		if !met[d.Index()] && what != "population" {
			w.add(holder, fhir.Issue{Code: fhir.BusinessRule, Rule: "measure-report", Message: "The report lacks a " + what + " that the measure defines.",
				Expected: fmt.Sprintf("a %s with the code %s", what, codeText(d.Get("code"))), Found: "none"})
		}
	}
}

func (w *walk) definedAs(r, reported, defined fhir.Node) fhir.Node {
	code := r.Get("code")
	if reported.Len() == 1 && defined.Len() == 1 && !code.Exists() && !defined.Item(0).Get("code").Exists() {
		return defined.Item(0)
	}
	for d := range defined.Items() {
		if sharesCoding(code, d.Get("code")) {
			return d
		}
	}
	return fhir.Node{}
}

// sharesCoding reports whether two concepts, or lists of them, have a coding in
// common, or failing codings the same text.
func sharesCoding(a, b fhir.Node) bool {
	for ac := range a.Items() {
		for bc := range b.Items() {
			if t := ac.Get("text").Text(); t != "" && t == bc.Get("text").Text() {
				return true
			}
			for x := range ac.Get("coding").Items() {
				for y := range bc.Get("coding").Items() {
					if x.Get("code").Text() == y.Get("code").Text() && x.Get("system").Text() == y.Get("system").Text() {
						return true
					}
				}
			}
		}
	}
	return false
}

func codeText(concept fhir.Node) string {
	for c := range concept.Items() {
		if code := c.Get("coding").Get("code").Text(); code != "" {
			return short(code)
		}
		if text := c.Get("text").Text(); text != "" {
			return short(text)
		}
	}
	return "no code"
}
