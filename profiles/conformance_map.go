package profiles

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/profiles/terminology"
)

// conceptMapRules holds the codes of each group to the systems that they are
// mapped from and to, where these are at hand and complete (R4,
// ConceptMap.group.element.code), and to the value set that is mapped.
func conceptMapRules(w *walk, n fhir.Node, _ *r4.Type) {
	for g := item(n.Get("group")); g.Exists(); g = g.Next() {
		source, target := g.Get("source").Text(), g.Get("target").Text()
		from, to := g.Get("sourceVersion").Text(), g.Get("targetVersion").Text()
		for e := item(g.Get("element")); e.Exists(); e = e.Next() {
			w.listedCode(e, source, from, fhir.Err)
			w.mappedFrom(e.Get("code"), n, source, from)
			for t := item(e.Get("target")); t.Exists(); t = t.Next() {
				w.listedCode(t, target, to, fhir.Err)
			}
		}
		w.listedCode(g.Get("unmapped"), target, to, fhir.Err)
	}
}

// mappedFrom holds a code to the value set that the map says it maps (R4,
// ConceptMap.source[x]), where that is known and its system has the code.
func (w *walk) mappedFrom(code, of fhir.Node, system, version string) {
	set, _ := variant(of, "source")
	if w.v.library == nil || set.Text() == "" || code.Text() == "" || w.blamed(code) {
		return
	}
	a := w.v.library.terms.Member(set.Text(), system, version, code.Text())
	if a.Verdict != terminology.Out || a.InSystem == terminology.Out {
		return
	}
	w.rated(code, fhir.Issue{Code: fhir.CodeInvalid, Rule: unknownCode, Message: "The value set that is mapped does not have this code.",
		Expected: "a code of " + short(set.Text()), Found: short(code.Text())})
}
