package prescription

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// cancel cancels the items that were asked for, or marks them for cancellation
// while they are with a dispenser. It is refused where nothing becomes of any.
func cancel(_ Rules, p *Prescription, q Request) (Outcome, []fhir.Issue) {
	out, done, issues := Outcome{After: p}, false, []fhir.Issue(nil)
	for i := range p.Lines {
		l := &p.Lines[i]
		if q.Item != "" && !nhs.SameUUID(q.Item, l.Item) {
			continue
		}
		v := VerdictOn(p.State, l)
		out.Verdicts = append(out.Verdicts, ItemVerdict{l.Item, v})
		switch v {
		case VerdictCancelled:
			l.Status, done = LineCancelled, true
		case VerdictWithDispenser, VerdictDispenserActive:
			l.PendingCancellation, done = true, true
		default:
			issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: v.Code, Message: "The item was not cancelled.",
				Found: l.Status.String(), Expression: "Task.input", Details: nhs.Coding(nhs.CSHistory, v.Code)})
		}
	}
	if len(out.Verdicts) == 0 {
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.NotFound, Rule: "R-0008", Message: "The prescription has no such item.", Found: q.Item, Details: nhs.Coding(nhs.CSHistory, "R-0008")})
	}
	if !done {
		return out, issues
	}
	p.State = p.afterCancel()
	return out, nil
}

// afterCancel is the state of a prescription of which items were cancelled, or
// marked: it moves when nothing is left to supply, or nothing that the prescriber
// still wants supplied.
func (p *Prescription) afterCancel() State {
	switch {
	case p.State.Open() && !p.AnyLeft():
		return Cancelled
	case p.State == Accepted && p.AllPendingCancellation():
		return PendingCancellation
	case p.State == Active && p.AllPendingCancellation():
		return PendingCancellationActive
	}
	return p.State
}
