package prescription

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Said is the state that a notification says the prescription is in, and where it
// says so.
type Said struct {
	Business   string // a code of EPS-task-business-status
	Expression string
	Position   fhir.Position
}

// Judge is how supplies are judged that a request makes.
func (r Rules) Judge(q Request) Judge {
	return Judge{Medicines: r.Medicines, Law: r.Law, FromReceipt: r.FromReceipt, When: q.When, Now: nhs.DateOf(q.Now), Taken: q.Taken, Past: q.Past, Policy: r.Policy, Amends: q.Event == Amend, Waits: q.Event == Bagging, Bagged: q.Bagged, HandedOver: q.HandedOver, Caller: q.Caller}
}

// supply makes the supplies of one notification part of the prescription.
func supply(r Rules, p *Prescription, q Request) (Outcome, []fhir.Issue) {
	if p.State == Expired && q.Taken.IsZero() { // no pharmacy had it while it could be supplied
		return Outcome{}, []fhir.Issue{forbidden(Expired, Dispense, q.Place)}
	}
	r.Classify(p)
	if issues := p.Apply(q.Supplies, r.Judge(q)); len(issues) > 0 {
		return Outcome{Met: p.Met}, issues
	}
	to, issue := p.becomes(q.Said)
	if issue != nil {
		return Outcome{Met: p.Met}, []fhir.Issue{*issue}
	}
	if p.State == Expired && to == NoneDispensed {
		to = Expired
	}
	p.State = to
	return Outcome{After: p, Met: p.Met}, nil
}

// becomes is the state that supplies lead to, as far as the notification of them
// bears it out: it may leave the prescription open where everything is done, and
// not close it where something is outstanding.
func (p *Prescription) becomes(said []Said) (State, *fhir.Issue) {
	to := p.Settle()
	for _, s := range said {
		switch s.Business {
		case Active.Business:
			if to == Dispensed || to == NoneDispensed {
				to = Active
				if p.State == PendingCancellation || p.State == PendingCancellationActive {
					to = PendingCancellationActive
				}
			}
		case Dispensed.Business, NoneDispensed.Business:
			if to != Dispensed && to != NoneDispensed {
				// 0012: not all items are settled.
				return to, &fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: "0012", Message: "The prescription is not finished.",
					Expected: "0003 With Dispenser - Active, as items are outstanding", Found: s.Business, Expression: s.Expression, Position: s.Position,
					Details: nhs.EPS("PRESCRIPTION_INVALID_STATE_TRANSITION")}
			}
		}
	}
	return to, nil
}
