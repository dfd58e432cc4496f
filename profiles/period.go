package profiles

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/fhirpath"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

var startsFirst = fhirpath.MustCompile("start <= end")

// periodRules warns where per-1 cannot be decided: of times of different precision
// R4 does not say which comes first, unless the part that both have tells.
func periodRules(w *walk, n fhir.Node, t *r4.Type) {
	start, end := n.Get("start"), n.Get("end")
	if start.Kind() != fhir.String || end.Kind() != fhir.String || len(start.Text()) == len(end.Text()) || w.blamed(start) || w.blamed(end) {
		return
	}
	focus := fhirpath.TypedItem(n, t)
	holds, err := startsFirst.Proven(w.ctx, focus, w.env())
	if holds || err != nil {
		return
	}
	if open, err := startsFirst.Test(w.ctx, focus, w.env()); !open || err != nil {
		return // per-1 is broken
	}
	w.add(n, fhir.Issue{Severity: fhir.Warning, Code: fhir.Invariant, Rule: "per-1", Message: "Whether the period ends after it starts cannot be told: its times are of different precision.",
		Expected: "start and end of the same precision", Found: short(start.Text() + " and " + end.Text()), Fix: "Write both as dates, or both as times."})
}
