package prescription

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Queue is a list of work that waits for somebody at the pharmacy: a code of the
// server's own code system.
type Queue string

// The queues.
const (
	LegalHold        Queue = "legal-hold"        // an item is held for a reason of law
	ClinicalHold     Queue = "clinical-hold"     // an item is held for the patient's sake
	AwaitingOriginal Queue = "awaiting-original" // the paper original of a private prescription is not recorded
	QueryQueue       Queue = "query"             // the prescriber has been asked
	SecondCheck      Queue = "second-check"      // it is approved, and a second person has to count it
	OwingQueue       Queue = "owing"             // a part, or all, of an item is owed to the patient
	CollectionQueue  Queue = "collection"        // it is in the bag, to be collected
	DeliveryQueue    Queue = "delivery"          // it is in the bag, to be delivered
	InTransit        Queue = "in-transit"        // a courier has it
	FailedDelivery   Queue = "failed-delivery"   // nobody took it: it is sent again, or put back
)

// Work is a piece of open work on one item of a prescription.
type Work struct {
	Queue Queue
	Item  string
	Holds []Hold    // that keep the item in the queue; none where it waits for something else
	Bag   []*Bagged // what waits to be handed over
	Owed  *Owed     // when the rest is expected, nil where nobody told
	Last  nhs.Date  // the last day on which the item may be supplied; zero where nothing limits it
}

//go:embed holds.tsv
var holdsTSV string

// holdKind is a row of holds.tsv.
type holdKind struct {
	from  nhs.Date
	code  string
	queue Queue
	by    string // server or pharmacist
}

var holdKinds = func() (list []holdKind) {
	for cells := range rows(holdsTSV, 5) {
		list = append(list, holdKind{nhs.ReadDate(cells[0]), cells[1], Queue(cells[2]), cells[3]})
	}
	return list
}()

// queueOf is the queue in which a hold waits. One that the table does not have is
// for a pharmacist to look at like one of law.
func queueOf(code string, on nhs.Date) Queue {
	kind, ok := inForce(holdKinds, func(k holdKind) nhs.Date { return k.from }, func(k holdKind) bool { return k.code == code }, on)
	if !ok {
		return LegalHold
	}
	return kind.queue
}

// holdsByPeople are the codes of holds that a pharmacist sets.
func holdsByPeople(on nhs.Date) (codes []string) {
	for _, k := range holdKinds {
		if k.by == "pharmacist" && !on.Before(k.from) && !slices.Contains(codes, k.code) {
			codes = append(codes, k.code)
		}
	}
	return codes
}

// HoldsByPeople are the holds that a pharmacist sets on a day, with why.
func HoldsByPeople(on nhs.Date) (list []fhir.Coding) {
	codes := holdsByPeople(on)
	for cells := range rows(holdsTSV, 5) {
		if i := slices.Index(codes, cells[1]); i >= 0 && cells[3] == "pharmacist" {
			why, _, _ := strings.Cut(cells[4], ": medicationrequest-status-reason")
			list = append(list, fhir.Coding{System: nhs.Own + "CodeSystem/hold", Code: cells[1], Display: why})
		}
	}
	return list
}

// Classify sets what follows of the lines from the law and from what is known of
// their medicines: schedules, holds, and the last days on which they may be supplied.
func (r Rules) Classify(p *Prescription) {
	p.classify(r.Medicines, r.Law)
	p.OnPaper = false
	for i := range p.Lines {
		l := &p.Lines[i]
		l.Last, _ = p.Expiry(r.Law, l, r.FromReceipt)
		p.OnPaper = p.OnPaper || r.onPaper(p, l)
	}
}

// Work lists what waits for somebody before the outstanding items of a
// prescription are supplied in full, item by item. The prescription is classified.
func (r Rules) Work(p *Prescription) (list []Work) {
	for i := range p.Lines { // also of an item that has expired, until it is put back
		if waits := p.InBag(&p.Lines[i]); len(waits) > 0 {
			list = append(list, Work{Queue: waits[0].queue(), Item: p.Lines[i].Item, Bag: waits, Last: p.Lines[i].Last})
		}
	}
	if !p.State.Open() && !p.State.WithDispenser() {
		return list
	}
	on := p.Appropriate(false)
	for i := range p.Lines {
		l := &p.Lines[i]
		if !l.Status.Outstanding() || l.PendingCancellation {
			continue
		}
		held := map[Queue][]Hold{}
		for _, h := range p.Standing(l) {
			q := queueOf(h.Code, on)
			held[q] = append(held[q], h)
		}
		for _, q := range []Queue{LegalHold, ClinicalHold, QueryQueue} {
			if len(held[q]) > 0 {
				list = append(list, Work{Queue: q, Item: l.Item, Holds: held[q], Last: l.Last})
			}
		}
		if r.onPaper(p, l) && len(p.Originals) == 0 {
			list = append(list, Work{Queue: AwaitingOriginal, Item: l.Item, Last: l.Last})
		}
		if len(held) == 0 && len(p.InBag(l)) == 0 && p.State.WithDispenser() && p.Approved(l) && p.Checked(l) == nil && r.Policy.asks(CheckStep, l, p.Private(), on) {
			list = append(list, Work{Queue: SecondCheck, Item: l.Item, Last: l.Last})
		}
		if l.Status == PartDispensed || l.Status == Owing {
			list = append(list, Work{Queue: OwingQueue, Item: l.Item, Owed: p.OwedOf(l), Last: l.Last})
		}
	}
	return list
}
