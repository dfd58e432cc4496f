package dispensing

import (
	"slices"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Prescription is one issue of a prescription: what was ordered, and where its
// dispensing stands.
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

	met      []Hold    // holds that supplies have met
	releases []Release // what pharmacists have decided on holds
}

// Party is a person or organisation: an identifier, a name, and a reference
// where the server has a resource.
type Party struct{ ID, Name, Ref string }

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
	// [Prescription.classify]; Claimed is what the order says.
	Schedule, Claimed string
	Words             string // the quantity in words, of a controlled drug
	Status            LineStatus
	// Doomed is set when the prescriber wants the item cancelled while it is
	// with the dispenser.
	Doomed   bool
	Supplied Quantity // so far, of this issue

	computed []Hold // that follow from what the order says
}

// Private reports whether the patient pays the pharmacy; EPS prescription
// types of the 09 group.
func (p *Prescription) Private() bool { return len(p.Type) == 4 && p.Type[:2] == "09" }

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
	from := p.Appropriate(fromReceipt)
	if last, rule = law.expiry(l.Schedule, from); p.Issue > 1 {
		return law.regimeEnd(from)
	}
	return last, rule
}

// expireLines marks the lines whose time is over, and reports whether that
// leaves nothing to supply. An owing of a controlled drug dies with its item.
func (p *Prescription) expireLines(law Law, today nhs.Date, fromReceipt bool) (allOver bool) {
	for i := range p.Lines {
		l := &p.Lines[i]
		if last, _ := p.Expiry(law, l, fromReceipt); l.Status.outstanding() && !last.IsZero() && last.Before(today) {
			l.Status = LineExpired
		}
	}
	return !slices.ContainsFunc(p.Lines, func(l Line) bool { return l.Status.outstanding() })
}

// line finds an item.
func (p *Prescription) line(item string) *Line {
	for i := range p.Lines {
		if equalUUID(p.Lines[i].Item, item) {
			return &p.Lines[i]
		}
	}
	return nil
}

// settle is the state that the lines amount to, among those that a move may
// lead to: done when nothing is outstanding, dispensed when anything was
// supplied; active otherwise.
func (p *Prescription) settle() State {
	outstanding := slices.ContainsFunc(p.Lines, func(l Line) bool { return l.Status.outstanding() })
	supplied := slices.ContainsFunc(p.Lines, func(l Line) bool { return l.Supplied.Value.IsPositive() })
	switch {
	case outstanding && p.doomed():
		return doomedActive
	case outstanding:
		return active
	case supplied:
		return dispensed
	}
	return notDispensed
}

// doomed reports whether the prescriber wants all that is left cancelled.
func (p *Prescription) doomed() bool {
	any := false
	for _, l := range p.Lines {
		if l.Status.outstanding() {
			if !l.Doomed {
				return false
			}
			any = true
		}
	}
	return any
}

// rest is where an issue waits that no pharmacy holds.
func (p *Prescription) rest() State {
	if p.Nominee.ID != "" {
		return nominated
	}
	return waiting
}

// remarkOnHold is how a remark on a hold begins.
const remarkOnHold = "HOLD-"

// remarks are what the pharmacist should look at before anything is supplied.
func (p *Prescription) remarks() []string {
	var list []string
	for i := range p.Lines {
		l := &p.Lines[i]
		for _, h := range p.standing(l) {
			list = append(list, remarkOnHold+h.Code+": "+l.Product.Display+" needs a pharmacist's decision before it is supplied. "+h.Text)
		}
	}
	return list
}
