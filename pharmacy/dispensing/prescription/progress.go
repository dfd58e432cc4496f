package prescription

import (
	"slices"

	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Milestone is how far an item of a prescription is, for whoever is asked where it is: the
// code of the queue in which it waits, or one of these.
type Milestone string

// Those of an item that waits in no queue.
const (
	Sent         Milestone = "sent"          // to the pharmacy that the patient chose, which has not taken it
	Unclaimed    Milestone = "unclaimed"     // any pharmacy may take it
	Preparing    Milestone = "preparing"     // with the pharmacy: to be checked, approved and dispensed
	Cancelling   Milestone = "cancelling"    // the prescriber wants it back, and the pharmacy has it
	WasCollected Milestone = "collected"     // handed over at the pharmacy
	WasDelivered Milestone = "delivered"     // handed over at the door
	Refused      Milestone = "not-dispensed" // nothing of it will be supplied
	HasExpired   Milestone = "expired"
	WasCancelled Milestone = "cancelled"
)

// milestones are all of them. Of several items the one that is first here tells how far the
// prescription is: what somebody outside the pharmacy has to do comes first, and what
// has ended comes last.
var milestones = []Milestone{
	Milestone(FailedDelivery), Milestone(QueryQueue), Milestone(AwaitingOriginal), Milestone(LegalHold), Milestone(ClinicalHold), Cancelling,
	Milestone(CollectionQueue), Milestone(InTransit), Milestone(DeliveryQueue), Milestone(SecondCheck), Preparing, Milestone(OwingQueue), Sent, Unclaimed,
	WasDelivered, WasCollected, Refused, HasExpired, WasCancelled,
}

// Milestones are the codes of all milestones.
func Milestones() []Milestone { return slices.Clone(milestones) }

// Progress is how far one item is. It names no medicine and nothing that was found about
// the patient, so that it may be told to whom those are hidden from.
type Progress struct {
	Item        string // prescription-order-item-number
	Milestone   Milestone
	Queue       Queue    // in which it waits, "" for none
	Last        nhs.Date // on which it may be supplied; zero where nothing limits it, or nothing is outstanding
	Expected    nhs.Date // when the courier, or the rest, is expected; zero where nobody told
	Courier     string   // who has it, or tried to deliver it, with the number of the consignment
	Attempts    int      // to deliver it that failed
	Answered    bool     // of a query: the prescriber has replied
	Controlled  bool     // of Schedules 1 to 3
	Supplied    bool     // something of it was
	Outstanding Quantity // zero where nothing is
	App         TrackingStatus
}

// Progress lists how far each item of a prescription is, in their order, and which of
// them tells how far the prescription is. The prescription is classified.
func (r Rules) Progress(p *Prescription) (whole int, items []Progress) {
	work := r.Work(p)
	for i := range p.Lines {
		items = append(items, p.progress(&p.Lines[i], work))
		if slices.Index(milestones, items[i].Milestone) < slices.Index(milestones, items[whole].Milestone) {
			whole = i
		}
	}
	return whole, items
}

func (p *Prescription) progress(l *Line, work []Work) Progress {
	out := Progress{Item: l.Item, Milestone: p.without(l), Supplied: l.Supplied.Value.IsPositive(), App: p.Tracking(l), Controlled: slices.Contains([]string{"CD1", "CD2", "CD3"}, l.Schedule)}
	if l.Status.Outstanding() {
		out.Last, out.Outstanding = l.Last, l.Quantity.Of(l.Quantity.Value.Sub(l.Supplied.Value))
	}
	var found *Work
	for i := range work {
		if w := &work[i]; w.Item == l.Item && (found == nil || slices.Index(milestones, Milestone(w.Queue)) < slices.Index(milestones, Milestone(found.Queue))) {
			found = w
		}
	}
	if found == nil || slices.Index(milestones, Milestone(found.Queue)) > slices.Index(milestones, out.Milestone) {
		return out
	}
	out.Milestone, out.Queue = Milestone(found.Queue), found.Queue
	if found.Owed != nil {
		out.Expected = found.Owed.Expected
	}
	if len(found.Bag) > 0 {
		out.Expected, out.Courier, out.Attempts = found.Bag[0].Expected, found.Bag[0].Courier, found.Bag[0].Attempts
	}
	out.Answered = found.Queue == QueryQueue && !slices.ContainsFunc(found.Holds, func(h Hold) bool { return !p.Answered(h.About) })
	return out
}

// without is how far a line is, whatever queues it is in.
func (p *Prescription) without(l *Line) Milestone {
	switch l.Status {
	case FullyDispensed:
		if p.howTaken(l) == OnItsWay {
			return WasDelivered
		}
		return WasCollected
	case NotDispensed:
		return Refused
	case LineCancelled:
		return WasCancelled
	case LineExpired:
		return HasExpired
	}
	switch {
	case l.PendingCancellation:
		return Cancelling
	case p.State == Nominated:
		return Sent
	case p.State == Waiting:
		return Unclaimed
	case p.State == Cancelled:
		return WasCancelled
	case p.State == Expired:
		return HasExpired
	case l.Status == PartDispensed || l.Status == Owing:
		return Milestone(OwingQueue)
	}
	return Preparing
}
