package prescription

import (
	"slices"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Rules are what decisions are made by: the law with the days from which it holds,
// and what is known of medicines.
type Rules struct {
	Law       Law
	Medicines Formulary
	Policy    Policy // the steps that the pharmacy wants before a supply
	// FromReceipt counts the validity of a prescription from its arrival where that
	// is later than its dates. It is for training.
	FromReceipt bool
}

// Caller is who asks: as authenticated, and what they are to the prescription. A
// caller who is bound to no organisation may do everything.
type Caller struct {
	fhir.Principal
	Prescribes bool // their organisation sent the prescription
	Dispenses  bool // their pharmacy holds it, or may take it
}

// Request is what a caller wants done with a prescription. Which fields count
// beside the first three depends on the event.
type Request struct {
	Event Event
	Now   time.Time
	Place string // where issues about the prescription as a whole point to

	Owner Party // Accept: the pharmacy that takes it

	// Dispense and Amend. The prescription is as the notifications before make it.
	Supplies []Supply
	When     nhs.Date // the day on which they were or are handed over
	Taken    nhs.Date // the day on which the pharmacy took the prescription
	Past     bool     // see [Judge.Past]
	Said     []Said   // what the notification says the prescription becomes
	Owed     []Owed   // Owe
	Courier  string   // Dispatching
	Expected nhs.Date // Dispatching: when it is to be delivered
	Bagged   bool     // the supplies come from the bag

	HandedOver string // when they were handed over, as it was told
	For        string // Bagging: what the bag waits for

	Caller fhir.Principal // who asks; Decide sets it

	// The acts: see acts.
	By         Party      // who acts
	Items      []string   // the numbers of the items that are meant; none for all that are outstanding
	Reason     string     // HoldItem: a code of holds.tsv
	Words      string     // what there is to say of it
	Original   Original   // RecordOriginal
	Query      Query      // Ask
	Answer     Answer     // Answering
	Correction Correction // Correcting
	Counts     []Count    // Checking
	Alone      bool       // Checking: by who approved, because nobody else is there

	Item string // Cancel: the number of one item, "" for all
	Left int    // Withdraw: how many notifications stand without the last
}

// Outcome is what becomes of a prescription.
type Outcome struct {
	// After is the prescription afterwards, nil where the request is refused. A
	// prescription whose time is over becomes [Expired] whatever was asked, and
	// Event is then [Expire].
	After *Prescription
	Event Event
	// Met are the holds that a supply has met, also where it is refused.
	Met []Hold
	// Verdicts are what becomes of each item that was to be cancelled.
	Verdicts []ItemVerdict
}

// ItemVerdict is a verdict on one item.
type ItemVerdict struct {
	Item string
	Verdict
}

// decisions are what is decided on each event. Each has a copy of the prescription
// for itself.
var decisions = map[Event]func(r Rules, p *Prescription, q Request) (Outcome, []fhir.Issue){
	Accept:   accept,
	Dispense: supply,
	Amend:    supply,
	Return:   giveBack,
	Withdraw: withdraw,
	Cancel:   cancel,
	Expire:   expire,

	HoldItem:       holdItems,
	Approve:        approve,
	RecordOriginal: recordOriginal,
	Ask:            ask,
	Answering:      answer,
	Correcting:     correct,
	Checking:       check,
	Owe:            owe,
	Bagging:        bag,
	Dispatching:    dispatch,
	FailDelivery:   failDelivery,
	PutBack:        putBack,
}

// Decide is the one decision on what may become of a prescription: by the law of
// the day, what is known of its medicines, its state, who asks and what for. It
// returns the prescription as it becomes, or every reason why it must not. The
// prescription that is given stays as it is. Operations, messages and guards ask
// it alike.
func (r Rules) Decide(p *Prescription, who Caller, q Request) (Outcome, []fhir.Issue) {
	if issue := who.may(q); issue != nil {
		return Outcome{}, []fhir.Issue{*issue}
	}
	q.Caller = who.Principal
	from := p.State
	if issue := Forbidden(from, q.Event, q.Place); issue != nil && q.Event != Cancel { // of a cancellation the items say why not
		return Outcome{}, []fhir.Issue{*issue}
	}
	out, issues := decisions[q.Event](r, p.Copy(), q)
	if out.Event == "" {
		out.Event = q.Event
	}
	if out.After == nil || len(issues) > 0 {
		out.After = nil
		return out, issues
	}
	if stays := from == out.After.State && (q.Event == Cancel || q.Event == Expire || acts[q.Event] != nil); !stays && !Allowed(from, out.Event, out.After.State) {
		out.After = nil
		return out, []fhir.Issue{forbidden(from, out.Event, q.Place)}
	}
	return out, nil
}

// may refuses what another organisation does with a prescription: its prescriber
// cancels it, its pharmacy does the rest.
func (c Caller) may(q Request) *fhir.Issue {
	allowed, expected := c.Dispenses, "the pharmacy that has the prescription"
	if q.Event == Cancel || q.Event == Answering {
		allowed, expected = c.Prescribes, "the prescriber's organisation"
	}
	if allowed || !c.Bound() {
		return nil
	}
	return &fhir.Issue{Severity: fhir.Err, Code: fhir.Forbidden, Rule: "actor", Message: "The caller's organisation does not do this.", Expression: q.Place, Found: c.OnBehalf, Expected: expected}
}

// Copy is the prescription to try something on.
func (p *Prescription) Copy() *Prescription {
	c := *p
	c.Lines, c.Met = slices.Clone(p.Lines), slices.Clone(p.Met)
	return &c
}

// accept moves the prescription to a pharmacy.
func accept(r Rules, p *Prescription, q Request) (Outcome, []fhir.Issue) {
	if r.Over(p, nhs.DateOf(q.Now)) {
		return ended(p)
	}
	p.State, p.Owner = Accepted, q.Owner
	for i := range p.Lines {
		if l := &p.Lines[i]; l.Status == ToBeDispensed {
			l.Status = WithDispenser
		}
	}
	return Outcome{After: p}, nil
}

// giveBack returns a prescription: to those who may take it next, or to its end
// when it was cancelled or its time is over.
func giveBack(r Rules, p *Prescription, q Request) (Outcome, []fhir.Issue) {
	if issue := p.bagStays(q); issue != nil {
		return Outcome{}, []fhir.Issue{*issue}
	}
	out := Outcome{After: p}
	for i := range p.Lines {
		switch l := &p.Lines[i]; {
		case l.Status == LineCancelled:
		case l.PendingCancellation:
			l.Status, l.PendingCancellation = LineCancelled, false
			out.Verdicts = append(out.Verdicts, ItemVerdict{l.Item, VerdictCancelled})
		default:
			l.Status = ToBeDispensed
		}
	}
	switch {
	case !p.AnyLeft():
		p.State = Cancelled
	case r.Over(p, nhs.DateOf(q.Now)):
		p.State = Expired
	default:
		p.State = p.Rest()
	}
	p.Owner = p.Nominee
	p.leave()
	return out, nil
}

// leave takes from a prescription what the pharmacy that had it has decided and
// holds of it: the next one decides by itself, and gets the paper with it. What was
// recorded stays in the history of the Task.
func (p *Prescription) leave() {
	p.Approvals, p.Checks, p.Originals, p.Corrections, p.Answers, p.Bags, p.Owings = nil, nil, nil, nil, nil, nil, nil
	p.Met = slices.DeleteFunc(slices.Clone(p.Met), func(h Hold) bool { return h.Since != "" })
}

// withdraw takes the last notification back: the prescription, whose lines are as
// the others make them, is with the dispenser again as it was before.
func withdraw(_ Rules, p *Prescription, q Request) (Outcome, []fhir.Issue) {
	switch {
	case q.Left == 0 && p.AllPendingCancellation():
		p.State = PendingCancellation
	case p.AllPendingCancellation():
		p.State = PendingCancellationActive
	case q.Left > 0:
		p.State = Active
	default:
		p.State = Accepted
	}
	return Outcome{After: p}, nil
}
