package dispensing

import (
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// record makes the changes of a notification: the message, its supplies, and
// what they make of the prescription. met are the holds that it has met, also where
// it is refused.
func (s *Service) record(state fhir.State, x *execution, m *message.Message, q prescription.Request) (changes []fhir.Change, met []prescription.Hold, err error) {
	by, replaced, err := x.replaces(state, m)
	if err != nil {
		return nil, nil, err
	}
	q.Event, q.Supplies, q.Said = by, message.ReadSupplies(m), m.Said()
	out, issues := s.rules().Decide(x.Prescription, x.caller, q)
	if len(issues) > 0 {
		return nil, out.Met, refusal(m.Event(), issues...)
	}
	x.Prescription = out.After
	changes, err = s.recorded(state, x, m, replaced, by, q.Now)
	return changes, out.Met, err
}

// recorded makes the changes of a notification that may be recorded.
func (s *Service) recorded(state fhir.State, x *execution, m *message.Message, replaced taskOutput, by prescription.Event, now time.Time) (changes []fhir.Change, err error) {
	changes, written := x.dispenses(m)
	if by == prescription.Dispense {
		changes, err = newNumbers(state, m, changes)
	} else {
		var old []fhir.Change
		old, err = x.revoke(state, replaced, written)
		if err == nil {
			err = keepCollections(state, changes)
		}
		changes = append(changes, old...)
	}
	if err != nil {
		return nil, err
	}
	bundle := message.NotificationBundleID(m.ID())
	x.supplies = append(x.supplies, taskOutput{id: m.ID(), ref: "Bundle/" + bundle, when: handedOver(m, now)})
	changes = append(changes, m.Keep(bundle))
	after, err := s.finish(state, x, now)
	return append(changes, after...), err
}

// keepCollections adds to supplies that are told anew who took them, where they do not
// say it: an amendment takes nothing from the register.
func keepCollections(state fhir.State, changes []fhir.Change) error {
	for i, c := range changes {
		if c.Type != "MedicationDispense" || !prescription.HandedOver(c.Resource.Root()).IsPositive() || nhs.Extension(c.Resource.Root(), nhs.ExtOwnCollection).Exists() {
			continue
		}
		v, err := state.Current(c.Type, c.ID)
		if err != nil || v == nil || v.Deleted() {
			if err != nil {
				return err
			}
			continue
		}
		was, err := v.Resource()
		if err != nil {
			return err
		}
		if told := nhs.Extension(was.Root(), nhs.ExtOwnCollection); told.Exists() {
			changes[i].Resource = fhir.Revise(c.Resource, "extension", fhir.List(append(nhs.WithoutExtension(c.Resource.Root(), nhs.ExtOwnCollection), told)...))
		}
	}
	return nil
}

// newNumbers refuses a supply under a number that another supply has, whose
// place it would take; what only repeats that number, with nothing supplied, is
// left out.
func newNumbers(state fhir.State, m *message.Message, changes []fhir.Change) (fresh []fhir.Change, err error) {
	for _, c := range changes {
		replacing, err := replaces(state, c)
		switch {
		case err != nil:
			return nil, err
		case !replacing:
			fresh = append(fresh, c)
		case prescription.HandedOver(c.Resource.Root()).IsPositive():
			number := nhs.Identifier(c.Resource.Root(), nhs.IDDispense)
			return nil, refusal(m.Event(), fhir.Issue{Code: fhir.Duplicate, Rule: "DN-7", Message: "Another supply of the prescription has this number.", Found: number.Text(),
				Expression: c.Expression + ".resource.identifier", Fix: "Give each supply a prescription-dispense-item-number of its own.", Details: nhs.EPS("INVALID_MESSAGE")})
		}
	}
	return fresh, nil
}

// replaces reports whether a change would replace a supply that was not taken back.
func replaces(state fhir.State, c fhir.Change) (bool, error) {
	if c.Type != "MedicationDispense" {
		return false, nil
	}
	v, err := state.Current(c.Type, c.ID)
	if err != nil || v == nil || v.Deleted() {
		return false, err
	}
	r, err := v.Resource()
	if err != nil {
		return false, err
	}
	return r.Get("status").Text() != "entered-in-error", nil
}

// replaces decides whether a notification is new or amends the last one, which
// it then takes back; one that cannot be recorded now is refused.
func (x *execution) replaces(state fhir.State, m *message.Message) (by prescription.Event, replaced taskOutput, err error) {
	by = prescription.Dispense
	if ext := nhs.Extension(m.Header, nhs.ExtReplacement); ext.Exists() {
		by = prescription.Amend
		if replaced, err = x.lastIs(m.Event(), ext.Path("valueIdentifier", "value")); err != nil {
			return by, replaced, err
		}
	}
	known, err := state.Current("Bundle", message.NotificationBundleID(m.ID()))
	if err != nil {
		return by, replaced, err
	}
	if known != nil {
		return by, replaced, refusal(m.Event(), fhir.Issue{Code: fhir.Duplicate, Rule: "0002", Message: "This notification was sent before.", Found: m.ID(), Details: nhs.EPS("INVALID_MESSAGE"),
			Fix: "Repeat a request with its own X-Request-ID; amend a notification with Extension-replacementOf.", Expression: "Bundle.identifier"})
	}
	if issue := prescription.Forbidden(x.State, by, m.Header.Expression()); issue != nil {
		return by, replaced, refusal(string(by), *issue)
	}
	if by == prescription.Amend {
		x.supplies = x.supplies[:len(x.supplies)-1]
		err = x.rewind(state)
	}
	return by, replaced, err
}

func handedOver(m *message.Message, now time.Time) string {
	for d := range m.All("MedicationDispense") {
		if when := d.Get("whenHandedOver").Text(); when != "" {
			return when
		}
	}
	return nhs.Stamp(now)
}

// lastIs holds an amendment or withdrawal to the last notification.
func (x *execution) lastIs(op string, id node) (taskOutput, error) {
	if last := x.lastSupply(); last.id != "" && (id.Text() == "" || nhs.SameUUID(last.id, id.Text())) {
		return last, nil
	}
	// 0021: only the last notification can be amended or withdrawn.
	return taskOutput{}, refusal(op, fhir.Issue{Code: fhir.BusinessRule, Rule: "0021", Message: "Only the last dispense notification can be changed.",
		Expected: fhir.OrNothing(x.lastSupply().id), Found: fhir.OrNothing(id.Text()), Expression: id.Expression(), Position: id.Position(),
		Fix: "Withdraw the later notifications first.", Details: nhs.EPS("DISPENSE_AMEND_IDENTIFIER_MISMATCH")})
}

// rewind sets the lines to what the notifications that stand make of them.
func (x *execution) rewind(state fhir.State) error {
	for i := range x.Lines {
		l := &x.Lines[i]
		l.Status = prescription.WithDispenser
		if o := x.orderFor(l); o != nil && o.Cancelled() {
			l.Status = prescription.LineCancelled
		}
		l.Supplied = l.Quantity.Of(l.Quantity.Value.Sub(l.Quantity.Value))
		l.First, l.LastSupply = nhs.Date{}, nhs.Date{}
	}
	for _, r := range x.supplies {
		b, err := read(state, r.ref, "Bundle")
		if err != nil {
			return err
		}
		if b == nil {
			continue
		}
		for _, s := range message.ReadSupplies(message.Read(b, prescription.Law{})) {
			if l := x.Line(s.Item); l != nil {
				if to, moved := s.Outcome(l.Status); moved {
					l.Become(to)
				}
				l.Supplied.Value = l.Supplied.Value.Add(s.Quantity.Value)
				if s.Quantity.Value.IsPositive() {
					l.SuppliedOn(nhs.ReadDate(r.when))
				}
			}
		}
	}
	return nil
}
