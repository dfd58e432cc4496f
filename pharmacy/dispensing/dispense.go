package dispensing

import (
	"context"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// dispenseTask is Task/…/$dispense. Parameters:
//
//   - item, repeated, with the parts number (prescription-order-item-number,
//     required), status (code of medicationdispense-type: 0001 fully, 0002 not,
//     0003 in part, 0004 owing; 0001 by default), quantity (Quantity handed over
//     now, all that is outstanding by default), product (Coding of what was
//     supplied, when it is not what was ordered), difference (code of
//     [Law.Differences], where 0001 is said of another quantity than was
//     ordered) and protocol (string, the shortage protocol that allows it),
//     reason (code of medicationdispense-status-reason, for 0002) and batch
//     (string). Several items may be of one number.
//   - all (boolean true) in the place of items: everything outstanding is
//     supplied in full.
//   - whenHandedOver (dateTime), the time of the call by default.
//   - bag (code: collection or delivery): nothing is handed over yet. What is dispensed
//     waits in the bag until Task/$hand-over, and is supplied by that. The answer is
//     the Task.
//   - who collects, where it is handed over now: see collectionInputs.
//   - exemption (code of prescription-charge-exemption: why the patient pays no
//     charge, or 0001 that they paid) and exemptionEvidence (code: evidence-seen
//     or no-evidence-seen), for the claim; and as the part endorsement of an
//     item, repeated, a CodeableConcept of medicationdispense-endorsement with
//     its supporting information as text.
//   - agent (PractitionerRole), who hands over. A caller who is
//     known is always recorded as the one; another person is noted beside them.
//
// Anything else is refused. The answer is Parameters with the parts task and
// notification, and outcome where something is asked for: where the claim will
// say that the patient paid the charge for want of an exemption.
func (s *Service) dispenseTask(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	if err := whatToDispense(call.Body); err != nil {
		return nil, err
	}
	return s.onTask(ctx, call, "dispense", func(state fhir.State, x *execution) ([]fhir.Change, *fhir.Reply, error) {
		return s.dispense(state, x, call)
	})
}

func (s *Service) dispense(state fhir.State, x *execution, call *fhir.Call) ([]fhir.Change, *fhir.Reply, error) {
	if issue := prescription.Forbidden(x.State, prescription.Dispense, "Task"); issue != nil {
		return nil, nil, x.suppliedBefore(state, refusal(string(prescription.Dispense), *issue))
	}
	handed, issues := x.handed(call.Body)
	if len(handed) == 0 {
		issues = append(issues, fhir.Issue{Rule: "DN-6", Message: "Nothing of the prescription is left to supply.", Expected: "items that are outstanding",
			Fix: "Name the items that will not be dispensed, or return the prescription.", Expression: "Task.input"})
	}
	if message.Parameter(call.Body, "bag").Exists() {
		return s.intoBag(state, x, call, handed, issues)
	}
	return s.handOverItems(state, x, call, handed, issues)
}

// handOverItems records that items are handed over: from the bag, where they come
// from there.
func (s *Service) handOverItems(state fhir.State, x *execution, call *fhir.Call, handed []message.HandedItem, issues []fhir.Issue) ([]fhir.Change, *fhir.Reply, error) {
	h, err := s.handing(state, call, x)
	if err != nil {
		return nil, nil, err
	}
	unclaimed, err := s.noteClaim(state, x, call, h.When)
	if err != nil {
		return nil, nil, err
	}
	if issues = append(issues, unclaimed...); len(issues) > 0 {
		return nil, nil, x.suppliedBefore(state, refusal("dispense", issues...))
	}
	collection := collectionIn(call.Body)
	for i := range handed {
		handed[i].Collection = collection
	}
	q := supplying(x, h.When, call.Time)
	q.Event, q.Supplies, q.Bagged = prescription.Dispense, message.Supplies(handed), len(handed) > 0 && handed[0].Prepared != ""
	trial, issues := s.rules().Decide(x.Prescription, x.caller, q)
	if len(issues) > 0 {
		o, err := s.heldBack(state, call, x, trial.Met, x.suppliedBefore(state, refusal("dispense", issues...)), call.Time)
		if err != nil {
			return nil, nil, err
		}
		return o.changes, o.reply, nil
	}
	bundle, err := s.notification(state, x, trial.After, handed, h)
	if err != nil {
		return nil, nil, err
	}
	changes, _, err := s.record(state, x, message.Read(bundle, s.rules().Law), q)
	if err != nil {
		return nil, nil, err
	}
	parts := []any{fhir.Obj("name", "task", "resource", x.shown(call.Time)), fhir.Obj("name", "notification", "resource", bundle)}
	asked, err := s.askForExemption(state, x, h.When)
	if err != nil {
		return nil, nil, err
	}
	if len(asked) > 0 {
		parts = append(parts, fhir.Obj("name", "outcome", "resource", fhir.Outcome(asked)))
	}
	return changes, &fhir.Reply{Resource: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(parts...)).Resource()}, nil
}

// whatToDispense refuses a call that names neither items nor all of them, or
// both: nothing is supplied that nobody asked for.
func whatToDispense(p *fhir.Resource) error {
	all, item := node{}, node{}
	if p != nil {
		all, item = message.Parameter(p, "all").Get("valueBoolean"), message.Parameter(p, "item")
	}
	issue := fhir.Issue{Rule: "DN-13", Expression: "Parameters.parameter", Expected: "the parameter item for each item, or all = true for everything that is outstanding"}
	switch {
	case all.Exists() && !all.Bool():
		issue.Message, issue.Found = "The parameter all is true or left out.", all.Text()
	case all.Exists() && item.Exists():
		issue.Message, issue.Found = "Either all is supplied or the items that are named.", "both"
	case !all.Exists() && !item.Exists():
		issue.Message, issue.Found = "It is not clear what to dispense.", "neither"
	default:
		return quantitiesKnown(p)
	}
	return refusal("dispense", issue)
}

// quantitiesKnown refuses the quantities of items that are not amounts of a medicine.
func quantitiesKnown(p *fhir.Resource) error {
	var f message.Findings
	for item := range p.Get("parameter").Items() {
		for part := range item.Get("part").Items() {
			if q := part.Get("valueQuantity"); q.Exists() {
				message.AmountKnown(q, &f)
			}
		}
	}
	if f.Issues == nil {
		return nil
	}
	return refusal("dispense", f.Issues...)
}

func (s *Service) handing(state fhir.State, call *fhir.Call, x *execution) (message.Handing, error) {
	h := message.Handing{When: nhs.Stamp(call.Time), Agent: x.agent, Profile: profileOf(call), ID: pharmacy.ID("dispense-notification", x.version.ID, x.version.VersionID)}
	if call.Body != nil {
		if w := message.Parameter(call.Body, "whenHandedOver").Get("valueDateTime"); w.Exists() {
			h.When = w.Text()
		}
		if role := message.Parameter(call.Body, "agent").Get("resource"); nhs.TypeOf(role) == "PractitionerRole" {
			h.Role, h.Agent = call.Body.Sub(role), prescription.ReadParty(role.Get("practitioner"))
		}
	}
	who, err := agentOf(state, call)
	if call.Requester.Bound() {
		h.ActedBy(who)
	} else if h.Agent.ID == "" {
		h.Agent = who
	}
	return h, err
}

// handed reads the items of a $dispense; several may be of one line, each with
// what those before it leave. Without items, all that is outstanding is meant.
func (x *execution) handed(p *fhir.Resource) (items []message.HandedItem, issues []fhir.Issue) {
	if !message.Parameter(p, "item").Exists() {
		for i := range x.Lines {
			if l := &x.Lines[i]; l.Status.Outstanding() && !l.PendingCancellation {
				items = append(items, message.HandedItem{Supply: x.full(l)})
			}
		}
		return items, nil
	}
	so := &execution{Prescription: x.Copy()}
	for n := range p.Get("parameter").Items() {
		if n.Get("name").Text() != "item" {
			continue
		}
		item, issue := so.handedItem(n)
		if issue != nil {
			issues = append(issues, *issue)
		}
		if l := so.Line(item.Item); l != nil {
			l.Supplied.Value = l.Supplied.Value.Add(item.Quantity.Value)
		}
		items = append(items, item)
	}
	return items, issues
}

// full is the supply of all that is outstanding of a line.
func (x *execution) full(l *prescription.Line) prescription.Supply {
	return prescription.Supply{Item: l.Item, Status: prescription.FullyDispensed, Quantity: l.Quantity.Of(l.Quantity.Value.Sub(l.Supplied.Value)), Product: l.Product, Place: "Task.input"}
}

// named is the line that a parameter item names, nil where there is none, with
// the number that was given.
func (x *execution) named(n node) (line *prescription.Line, text string) {
	number := message.Part(n, "number")
	text = number.Get("valueString").Text()
	if text == "" {
		text = number.Path("valueIdentifier", "value").Text()
	}
	for i := range x.Lines {
		if nhs.SameUUID(x.Lines[i].Item, text) || x.Lines[i].Ref == number.Path("valueReference", "reference").Text() {
			line = &x.Lines[i]
		}
	}
	return line, text
}

func (x *execution) handedItem(n node) (message.HandedItem, *fhir.Issue) {
	part := func(name string) node { return message.Part(n, name) }
	l, text := x.named(n)
	if l == nil {
		return message.HandedItem{}, &fhir.Issue{Code: fhir.NotFound, Rule: "0014", Message: "The prescription has no such item.", Found: fhir.OrNothing(text),
			Expression: n.Expression(), Position: n.Position(), Expected: x.items(), Details: nhs.EPS("MEDICATIONREQUEST_NOT_FOUND")}
	}
	item := message.HandedItem{Supply: x.full(l)}
	item.Place = n.Expression()
	pack, issue := packOf(n)
	if issue != nil {
		return item, issue
	}
	item.Pack = pack
	if st := part("status").Get("valueCode").Text(); st != "" {
		item.Status = prescription.LineStatus(st)
	}
	item.Reason = part("reason").Get("valueCode").Text()
	item.Difference, item.Reference = part("difference").Get("valueCode").Text(), part("protocol").Get("valueString").Text()
	if c := part("product").Get("valueCoding"); c.Exists() {
		item.Product = fhir.Coding{System: c.Get("system").Text(), Code: c.Get("code").Text(), Display: c.Get("display").Text()}
	}
	if q := part("quantity").Get("valueQuantity"); q.Exists() {
		item.Quantity = x.inUnit(l, prescription.ReadQuantity(q))
	}
	if issue := item.Check(n); issue != nil {
		return item, issue
	}
	return item, finished(l, item.Supply)
}

// finished refuses to record once more what has become of an item: a repeat that
// hands nothing over would be a supply that nobody made.
func finished(l *prescription.Line, s prescription.Supply) *fhir.Issue {
	if !l.Status.Settled() || !s.Quantity.Value.IsZero() {
		return nil
	}
	// DN-6: a second supply is never silent.
	return &fhir.Issue{Rule: "DN-6", Message: "Nothing of the item is left to supply.", Expected: "an item that is outstanding", Found: l.Status.String(),
		Fix: "Leave the item out. To correct what was recorded, withdraw the supply or amend its notification.", Expression: s.Place}
}

// items lists the numbers of the prescription's items, for messages.
func (x *execution) items() string {
	list := make([]string, len(x.Lines))
	for i, l := range x.Lines {
		list[i] = l.Item
	}
	return strings.Join(list, ", ")
}

// inUnit completes a quantity that was given as a bare number.
func (x *execution) inUnit(l *prescription.Line, q prescription.Quantity) prescription.Quantity {
	if q.Unit == "" && q.Code == "" {
		return l.Quantity.Of(q.Value)
	}
	return q
}

// supplying is a request for supplies of a prescription that were handed over on a
// day and are recorded at a time.
func supplying(x *execution, when string, now time.Time) prescription.Request {
	return prescription.Request{Now: now, Place: "Task", When: nhs.ReadDate(when), HandedOver: when, Taken: nhs.ReadDate(x.release.when)}
}
