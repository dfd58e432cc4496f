package prescription

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Over reports whether nothing of the prescription may be supplied any more. It
// classifies the prescription, and marks the lines whose time is over.
func (r Rules) Over(p *Prescription, today nhs.Date) bool {
	r.Classify(p)
	return p.ExpireLines(r.Law, today, r.FromReceipt) && p.AnyLeft()
}

// expire ends the items whose time is over, and the prescription with the last of
// them: one of which something was supplied is dispensed, and is claimed for. An item
// that the prescriber wanted cancelled is cancelled.
func expire(r Rules, p *Prescription, q Request) (Outcome, []fhir.Issue) {
	before := slices.Clone(p.Lines)
	over := r.Over(p, nhs.DateOf(q.Now))
	out := Outcome{After: p, Event: Expire}
	for i := range p.Lines {
		if l := &p.Lines[i]; l.Status == LineExpired && l.PendingCancellation {
			l.Status, l.PendingCancellation = LineCancelled, false
			out.Verdicts = append(out.Verdicts, ItemVerdict{l.Item, VerdictCancelled})
		}
	}
	switch supplied := slices.ContainsFunc(p.Lines, func(l Line) bool { return l.Supplied.Value.IsPositive() }); {
	case slices.EqualFunc(before, p.Lines, func(a, b Line) bool { return a.Status == b.Status }):
		// 0002: only what has expired ends.
		return out, []fhir.Issue{{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: "0002", Message: "No item of the prescription has expired.", Expression: q.Place}}
	case !p.AnyLeft():
		p.State = Cancelled
	case over && supplied:
		p.State = Dispensed
	case over:
		p.State = Expired
	}
	return out, nil
}

// ended takes a prescription that has expired to its end.
func ended(p *Prescription) (Outcome, []fhir.Issue) {
	p.State = Expired
	return Outcome{After: p, Event: Expire}, nil
}
