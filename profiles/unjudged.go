package profiles

import (
	"github.com/pestle-fhir/pestle/fhir"
)

// notJudged is the rule that every rule is judged: it has the severity of the
// rule that could not be, because it costs too much on this data or its
// definition is at fault. Where it is configured otherwise (--rule
// not-judged=warning), or the rule itself is, that holds.
const notJudged = "not-judged"

// definitionRule is the key of the rule of a profile that cannot be built.
const definitionRule = "definition"

// unjudged reports a rule of a profile that could not be judged.
func (w *walk) unjudged(p *position, place fhir.Node, r *rule, what string, err error) {
	i := unjudgedIssue(r.Key, r.Severity, what, err)
	if s, ok := w.v.library.severity[r.Key]; ok {
		i.Severity = s
	}
	if r.Key == definitionRule && w.trials > 0 {
		i.Severity = fhir.Warning // one of several profiles, of which the others may fit
	}
	w.say(p, place, i)
}

func unjudgedIssue(key, severity, what string, err error) fhir.Issue {
	i := fhir.Issue{Severity: fhir.Err, Code: fhir.Processing, Rule: notJudged, Message: what + ", and was not judged: " + err.Error() + ".", Expected: "rule " + key + " to be judged"}
	if severity == "warning" {
		i.Severity = fhir.Warning
	}
	if fhir.KindOf(err) == fhir.TooCostly {
		i.Code = fhir.TooCostly
	}
	return i
}
