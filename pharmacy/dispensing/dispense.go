package dispensing

import (
	"context"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
)

// dispenseTask is Task/…/$dispense. Parameters, all optional:
//
//   - item, repeated, with the parts number (prescription-order-item-number),
//     status (code of medicationdispense-type: 0001 fully, 0002 not, 0003 in
//     part, 0004 owing), quantity (Quantity handed over now), product (Coding of
//     what was supplied, when it is not what was ordered), reason (code of
//     medicationdispense-status-reason, for 0002) and batch (string). Without
//     any item, everything outstanding is supplied in full.
//   - whenHandedOver (dateTime), the time of the call by default.
//   - agent (PractitionerRole), who hands over; by default who accepted.
//   - original (string), a note on the paper original that the pharmacy holds.
//
// The answer is Parameters with the parts task and notification.
func (s *Service) dispenseTask(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	if call.Body != nil && call.Body.Type() != "Parameters" {
		return nil, fhir.E("dispense", fhir.Invalid, fhir.Issue{Message: "The body must be Parameters.", Expected: "Parameters", Found: call.Body.Type(), Expression: call.Body.Type()})
	}
	return s.onTask(ctx, call, "dispense", func(state fhir.State, x *execution) ([]fhir.Change, *fhir.Reply, error) {
		if id, _ := moves(x.State, Dispense); id == "" {
			return nil, nil, forbidden(x.State, Dispense, "Task")
		}
		x.noteOriginal(call.Body)
		h := s.handing(call, x)
		handed, issues := x.handed(call.Body)
		if len(handed) == 0 {
			issues = append(issues, fhir.Issue{Rule: "DN-6", Message: "Nothing of the prescription is left to supply.", Expected: "items that are outstanding",
				Fix: "Name the items that will not be dispensed, or return the prescription.", Expression: "Task.input"})
		}
		if today := DateOf(call.Time); today.Before(readDate(h.when)) {
			issues = append(issues, fhir.Issue{Rule: "DN-8", Message: "A supply is recorded when it is made.", Expected: "a whenHandedOver up to " + today.String(),
				Found: h.when, Fix: "Send it on that day.", Expression: "Parameters.parameter"})
		}
		if len(issues) > 0 {
			return nil, nil, refusal("dispense", issues...)
		}
		j := Judge{Law: s.law, FromReceipt: s.fromReceipt, When: readDate(h.when), Original: x.original != ""}
		trial := x.copy()
		if issues := trial.Apply(supplies(handed), j); len(issues) > 0 {
			return nil, nil, refusal("dispense", issues...)
		}
		bundle, err := s.notification(state, x, trial, handed, h)
		if err != nil {
			return nil, nil, err
		}
		changes, err := s.record(state, x, readMessage(bundle, s.law), j, call.Time)
		if err != nil {
			return nil, nil, err
		}
		reply := fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(
			fhir.Obj("name", "task", "resource", x.shown(call.Time)),
			fhir.Obj("name", "notification", "resource", bundle)))
		return changes, &fhir.Reply{Resource: reply.Resource()}, nil
	})
}

// handing is who hands over, when, and by which call.
type handing struct {
	when  string
	role  *fhir.Resource // PractitionerRole, nil where only the agent is known
	agent Party
	// profile is the SDS role profile of the call, "" where it is not known.
	profile string
	id      string // identifier of the notification
}

func (s *Service) handing(call *fhir.Call, x *execution) handing {
	h := handing{when: stamp(call.Time), agent: x.agent, profile: profileOf(call), id: pharmacy.ID("dispense-notification", x.version.ID, x.version.VersionID)}
	if call.Body != nil {
		if w := parameter(call.Body, "whenHandedOver").Get("valueDateTime"); w.Exists() {
			h.when = w.Text()
		}
		if role := parameter(call.Body, "agent").Get("resource"); typeOf(role) == "PractitionerRole" {
			h.role, h.agent = call.Body.Sub(role), partyOf(role.Get("practitioner"))
		}
	}
	if h.agent.ID == "" {
		h.agent = agentOf(call)
	}
	return h
}

// handedItem is one item of a $dispense.
type handedItem struct {
	Supply
	batch string
}

func supplies(items []handedItem) []Supply {
	list := make([]Supply, len(items))
	for i := range items {
		list[i] = items[i].Supply
	}
	return list
}

// handed reads the items of a $dispense; several may be of one line, each with
// what those before it leave.
func (x *execution) handed(p *fhir.Resource) (items []handedItem, issues []fhir.Issue) {
	if p != nil {
		so := &execution{Prescription: x.copy()}
		for n := range p.Get("parameter").Items() {
			if n.Get("name").Text() == "item" {
				item, issue := so.handedItem(n)
				if issue != nil {
					issues = append(issues, *issue)
				}
				if l := so.line(item.Item); l != nil {
					l.Supplied.Value = l.Supplied.Value.Add(item.Quantity.Value)
				}
				items = append(items, item)
			}
		}
	}
	if len(items) == 0 {
		for i := range x.Lines {
			if l := &x.Lines[i]; l.Status.outstanding() && !l.Doomed {
				items = append(items, handedItem{Supply: x.full(l)})
			}
		}
	}
	return items, issues
}

// full is the supply of all that is outstanding of a line.
func (x *execution) full(l *Line) Supply {
	return Supply{Item: l.Item, Status: FullyDispensed, Quantity: l.Quantity.Of(l.Quantity.Value.Sub(l.Supplied.Value)), Product: l.Product, Place: "Task.input"}
}

func (x *execution) handedItem(n node) (handedItem, *fhir.Issue) {
	part := func(name string) node {
		for q := range n.Get("part").Items() {
			if q.Get("name").Text() == name {
				return q
			}
		}
		return node{}
	}
	number := part("number")
	text := number.Get("valueString").Text()
	if text == "" {
		text = number.Path("valueIdentifier", "value").Text()
	}
	var l *Line
	for i := range x.Lines {
		if equalUUID(x.Lines[i].Item, text) || x.Lines[i].Ref == number.Path("valueReference", "reference").Text() {
			l = &x.Lines[i]
		}
	}
	if l == nil {
		return handedItem{}, &fhir.Issue{Code: fhir.NotFound, Rule: "0014", Message: "The prescription has no such item.", Found: orNothing(text),
			Expression: n.Expression(), Position: n.Position(), Expected: x.items(), Details: eps("MEDICATIONREQUEST_NOT_FOUND")}
	}
	item := handedItem{Supply: x.full(l), batch: part("batch").Get("valueString").Text()}
	item.Place = n.Expression()
	if st := part("status").Get("valueCode").Text(); st != "" {
		item.Status = LineStatus(st)
	}
	item.Reason = part("reason").Get("valueCode").Text()
	if c := part("product").Get("valueCoding"); c.Exists() {
		item.Product = fhir.Coding{System: c.Get("system").Text(), Code: c.Get("code").Text(), Display: c.Get("display").Text()}
	}
	if q := part("quantity").Get("valueQuantity"); q.Exists() {
		item.Quantity = x.inUnit(l, readQuantity(q))
	}
	return item, item.check(l, n)
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
func (x *execution) inUnit(l *Line, q Quantity) Quantity {
	if q.Unit == "" && q.Code == "" {
		return l.Quantity.Of(q.Value)
	}
	return q
}

// check holds an item of a $dispense to what its status means.
func (h *handedItem) check(l *Line, n node) *fhir.Issue {
	wrong := func(rule, message, expected, found string) *fhir.Issue {
		return &fhir.Issue{Code: fhir.BusinessRule, Rule: rule, Message: message, Expected: expected, Found: found, Expression: n.Expression(), Position: n.Position()}
	}
	total := l.Supplied.Value.Add(h.Quantity.Value)
	switch h.Status {
	case FullyDispensed, PartDispensed:
		if total.GreaterThan(l.Quantity.Value) && h.Quantity.Code == l.Quantity.Code {
			return wrong("DN-2", "More would be supplied than was prescribed.", "at most "+l.Quantity.Value.String()+" "+l.Quantity.Unit+" in all", total.String())
		}
		if h.Status == PartDispensed && total.Equal(l.Quantity.Value) {
			return wrong("DN-3", "Nothing would be left of the item.", "status 0001, fully dispensed", string(h.Status))
		}
		return nil
	case Owing:
		h.Quantity = h.Quantity.Of(decimal.Zero)
		return nil
	case NotDispensed:
		h.Quantity = h.Quantity.Of(decimal.Zero)
		// 0003 is for owings, which have a status of their own.
		if h.Reason == "0003" || display(csNotDispensed, h.Reason) == "" {
			return wrong("DN-4", "An item that is not dispensed needs a reason.", "a code of "+csNotDispensed+" other than 0003", orNothing(h.Reason))
		}
		return nil
	}
	return wrong("DN-5", "This status cannot be recorded.", "0001, 0002, 0003 or 0004", string(h.Status))
}

// copy is the prescription to try something on.
func (x *execution) copy() *Prescription {
	p := *x.Prescription
	p.Lines = append([]Line(nil), x.Lines...)
	return &p
}
