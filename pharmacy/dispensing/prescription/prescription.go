package prescription

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Prescription is one issue of a prescription: what was ordered, and where its
// dispensing is.
type Prescription struct {
	Order string // short-form id
	UUID  string
	Issue int // 1, 2, … for repeat dispensing; 1 otherwise
	// Issues is how many there will be, 1 unless it is repeat dispensing.
	Issues int

	Type    string      // prescription-type: 0101 …
	Therapy fhir.Coding // course of therapy
	Patient Party       // NHS number
	Nominee Party       // the pharmacy that the patient chose, ODS code
	Sender  Party       // the prescriber's organisation, ODS code

	Signed   nhs.Date // when it was signed, or authored
	Start    nhs.Date // not before
	Received time.Time

	State State
	Owner Party // the pharmacy that holds it
	Lines []Line

	Originals    []Original    // records of the paper original of a private prescription; the last one counts
	Approvals    []Approval    // of items for supply
	Checks       []Check       // second checks of what is handed over
	Bags         []Bagged      // what is in the bag, or was
	Owings       []Owed        // when the rest of items is expected; the last one of an item counts
	Corrections  []Correction  // of the paper original
	Answers      []Answer      // of the prescriber's organisation to queries
	Met          []Hold        // holds that supplies have met
	HoldReleases []HoldRelease // what pharmacists have decided on holds
	OnPaper      bool          // an item is supplied on a paper original alone, see [Rules.Classify]
}

// Line is one item of a prescription.
type Line struct {
	Item     string // prescription-order-item-number
	Ref      string // MedicationRequest/…
	Product  fhir.Coding
	Quantity Quantity // of one issue
	// Medicines is all that the order says of its medicine: its codes and its
	// words. Product is the first.
	Medicines []fhir.Coding
	// Schedule is CD1 … CD5, "" for none: as the server knows it, see
	// [Rules.Classify]; Claimed is what the order says.
	Schedule, Claimed string
	Words             string // the quantity in words, of a controlled drug
	Status            LineStatus
	// PendingCancellation is set when the prescriber wants the item cancelled while it is
	// with the dispenser.
	PendingCancellation bool
	Supplied            Quantity // so far, of this issue
	First, LastSupply   nhs.Date // on which something of it was supplied, zero for none
	Instalment          Instalment
	Last                nhs.Date // on which it may be supplied, see [Rules.Classify]; zero where nothing limits it

	computed []Hold // that follow from what the order says
}

// Private reports whether the patient pays the pharmacy.
func (p *Prescription) Private() bool { return nhs.Private(p.Type) }

// Appropriate is the date from which validity counts: the later of signature
// and start. With fromReceipt, the arrival counts where it is later still.
func (p *Prescription) Appropriate(fromReceipt bool) nhs.Date {
	d := nhs.Later(p.Signed, p.Start)
	if fromReceipt || d.IsZero() {
		d = nhs.Later(d, nhs.DateOf(p.Received))
	}
	return d
}

// Expiry is the last day on which a line may be supplied and the rule that
// says so.
func (p *Prescription) Expiry(law Law, l *Line, fromReceipt bool) (last nhs.Date, rule string) {
	if until, ok := l.lastInstalment(); ok && needsWords(l.Schedule) {
		return until, "MDR-16-2"
	}
	from := p.Appropriate(fromReceipt)
	if last, rule = law.expiry(l.Schedule, from); p.Issue > 1 {
		return law.regimeEnd(from)
	}
	return last, rule
}

// ExpireLines marks the lines whose time is over, and reports whether that
// leaves nothing to supply. An owing of a controlled drug dies with its item.
func (p *Prescription) ExpireLines(law Law, today nhs.Date, fromReceipt bool) (allOver bool) {
	for i := range p.Lines {
		l := &p.Lines[i]
		if last, _ := p.Expiry(law, l, fromReceipt); l.Status.Outstanding() && !last.IsZero() && last.Before(today) {
			l.Status = LineExpired
		}
	}
	return !slices.ContainsFunc(p.Lines, func(l Line) bool { return l.Status.Outstanding() })
}

// Line finds an item.
func (p *Prescription) Line(item string) *Line {
	for i := range p.Lines {
		if nhs.SameUUID(p.Lines[i].Item, item) {
			return &p.Lines[i]
		}
	}
	return nil
}

// Settle is the state that the lines amount to, among those that a move may
// lead to: done when nothing is outstanding, dispensed when anything was
// supplied; active otherwise.
func (p *Prescription) Settle() State {
	outstanding := slices.ContainsFunc(p.Lines, func(l Line) bool { return l.Status.Outstanding() })
	supplied := slices.ContainsFunc(p.Lines, func(l Line) bool { return l.Supplied.Value.IsPositive() })
	switch {
	case outstanding && p.AllPendingCancellation():
		return PendingCancellationActive
	case outstanding:
		return Active
	case supplied:
		return Dispensed
	}
	return NoneDispensed
}

// AllPendingCancellation reports whether the prescriber wants all that is left cancelled.
func (p *Prescription) AllPendingCancellation() bool {
	any := false
	for _, l := range p.Lines {
		if l.Status.Outstanding() {
			if !l.PendingCancellation {
				return false
			}
			any = true
		}
	}
	return any
}

// Rest is where an issue waits that no pharmacy holds.
func (p *Prescription) Rest() State {
	if p.Nominee.ID != "" {
		return Nominated
	}
	return Waiting
}

// RemarkOnHold is how a remark on a hold begins.
const RemarkOnHold = "HOLD-"

// Remarks are what the pharmacist should look at before anything is supplied.
func (p *Prescription) Remarks() []string {
	var list []string
	for i := range p.Lines {
		l := &p.Lines[i]
		for _, h := range p.Standing(l) {
			list = append(list, RemarkOnHold+h.Code+": "+l.Product.Display+" needs a pharmacist's decision before it is supplied. "+h.Text)
		}
	}
	return list
}

// OrderStatus is the status of the order that a line amounts to. An order that
// is issued again stays active until its last issue is done.
func (p *Prescription) OrderStatus(l *Line) string {
	switch {
	case l.Status == LineCancelled:
		return "cancelled"
	case l.Status == LineExpired && p.State == Expired:
		return "stopped"
	case p.Issue < p.Issues:
		return "active"
	case l.Status == FullyDispensed:
		return "completed"
	case l.Status == NotDispensed || l.Status == LineExpired:
		return "stopped"
	}
	return "active"
}

// AnyLeft reports whether there is an item that was not cancelled.
func (p *Prescription) AnyLeft() bool {
	for _, l := range p.Lines {
		if l.Status != LineCancelled {
			return true
		}
	}
	return false
}

// RepeatInformation counts from zero, as EPS does: allowed after the first
// issue, issued before this one.
func (p *Prescription) RepeatInformation() fhir.Value {
	return fhir.Obj("url", nhs.ExtRepeat, "extension", fhir.List(
		fhir.Obj("url", "numberOfRepeatsAllowed", "valueInteger", p.Issues-1),
		fhir.Obj("url", "numberOfRepeatsIssued", "valueInteger", p.Issue-1)))
}

// Restart is the prescription as its next issue, waiting.
func (p *Prescription) Restart(issue int) *Prescription {
	next := *p
	next.Issue, next.Owner, next.State = issue, Party{}, p.Rest()
	next.Lines = nil
	next.leave()
	for _, l := range p.Lines {
		if l.Status != LineCancelled {
			l.Status, l.PendingCancellation, l.Supplied = ToBeDispensed, false, l.Quantity.Of(decimal.Zero)
			l.First, l.LastSupply = nhs.Date{}, nhs.Date{}
			next.Lines = append(next.Lines, l)
		}
	}
	return &next
}
