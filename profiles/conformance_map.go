package profiles

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// conceptMapRules holds the codes of each group to the systems that they are
// mapped from and to, where these are at hand and complete (R4,
// ConceptMap.group.element.code).
func conceptMapRules(w *walk, n fhir.Node, _ *r4.Type) {
	for g := item(n.Get("group")); g.Exists(); g = g.Next() {
		source, target := g.Get("source").Text(), g.Get("target").Text()
		from, to := g.Get("sourceVersion").Text(), g.Get("targetVersion").Text()
		for e := item(g.Get("element")); e.Exists(); e = e.Next() {
			w.listedCode(e, source, from, fhir.Err)
			for t := item(e.Get("target")); t.Exists(); t = t.Next() {
				w.listedCode(t, target, to, fhir.Err)
			}
		}
		w.listedCode(g.Get("unmapped"), target, to, fhir.Err)
	}
}
