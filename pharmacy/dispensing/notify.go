package dispensing

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
)

// receiveNotification records what a dispenser says it supplied, or what it
// says instead of its last notification.
func (s *Service) receiveNotification(call *fhir.Call, m *message, state fhir.State) (*outcome, error) {
	first := m.list("MedicationDispense")[0]
	number := authorizing(first).Path("groupIdentifier", "value")
	x, err := issueWith(state, number.Text(), extension(m.header, extReplacement).Path("valueIdentifier", "value").Text())
	if err != nil {
		return nil, err
	}
	if x == nil {
		return nil, notFound(m.event(), number)
	}
	if err := m.mayNotify(x, first); err != nil {
		return nil, err
	}
	j := Judge{Law: s.law, FromReceipt: s.fromReceipt, Past: true, Original: x.original != "", When: readDate(first.Get("whenHandedOver").Text())}
	changes, err := s.record(state, x, m, j, call.Time)
	if err != nil {
		return nil, err
	}
	return &outcome{changes: changes, reply: informational(call)}, nil
}

// notFound refuses what names a prescription that is not here.
func notFound(op string, number node) error {
	// 0005: no such prescription.
	return refusal(op, fhir.Issue{Code: fhir.NotFound, Rule: "0005", Message: "There is no such prescription.", Found: orNothing(number.Text()),
		Expression: number.Expression(), Position: number.Position(), Details: eps("PRESCRIPTION_NOT_FOUND")})
}

// mayNotify refuses a notification of another dispenser or of another patient
// than the prescription's.
func (m *message) mayNotify(x *execution, dispense node) error {
	org := identifier(m.organization(dispense, m.performer(dispense)), idODS)
	if x.State.withDispenser() && x.Owner.ID != org.Text() {
		return elsewhere(m.event(), x, org)
	}
	subject := dispense.Path("subject", "identifier", "value")
	if nhs := subject.Text(); nhs != "" && x.Patient.ID != "" && nhs != x.Patient.ID {
		return refusal(m.event(), fhir.Issue{Code: fhir.BusinessRule, Rule: "D1", Message: "The prescription is for another patient.", Found: nhs,
			Expression: subject.Expression(), Position: subject.Position(), Fix: "Check the NHS number and the prescription id.",
			Details: spine("INVALID_VALUE", "Patient does not match the prescription")})
	}
	return nil
}

// elsewhere refuses an act on a prescription that another pharmacy holds.
func elsewhere(op string, x *execution, asked node) error {
	// 0004: with another dispenser.
	return refusal(op, fhir.Issue{Code: fhir.BusinessRule, Rule: "0004", Message: "Another dispenser holds the prescription.",
		Expected: x.Owner.ID + " " + x.Owner.Name, Found: orNothing(asked.Text()), Expression: asked.Expression(), Position: asked.Position(),
		Fix: "Ask them to return it.", Details: eps("PRESCRIPTION_WITH_ANOTHER_DISPENSER")})
}

// record makes the changes of a notification: the message, its supplies, and
// what they make of the prescription.
func (s *Service) record(state fhir.State, x *execution, m *message, j Judge, now time.Time) ([]fhir.Change, error) {
	by := Dispense
	var replaced record
	if ext := extension(m.header, extReplacement); ext.Exists() {
		by = Amend
		var err error
		if replaced, err = x.lastIs(m.event(), ext.Path("valueIdentifier", "value")); err != nil {
			return nil, err
		}
	}
	if slices.ContainsFunc(x.supplies, func(r record) bool { return r.id == m.id() }) {
		return nil, refusal(m.event(), fhir.Issue{Code: fhir.Duplicate, Rule: "0002", Message: "This notification was sent before.", Found: m.id(),
			Fix: "Repeat a request with its own X-Request-ID; amend a notification with Extension-replacementOf.", Expression: "Bundle.identifier"})
	}
	if id, _ := moves(x.State, by); id == "" {
		return nil, forbidden(x.State, by, m.header.Expression())
	}
	if by == Amend {
		x.supplies = x.supplies[:len(x.supplies)-1]
		if err := x.rewind(state); err != nil {
			return nil, err
		}
	}
	if issues := x.Apply(readSupplies(m), j); len(issues) > 0 {
		return nil, refusal(m.event(), issues...)
	}
	to, err := x.claimed(m)
	if err != nil {
		return nil, err
	}
	changes, written := x.dispenses(m)
	if by == Amend {
		old, err := x.revoke(state, replaced, written)
		if err != nil {
			return nil, err
		}
		changes = append(changes, old...)
	}
	bundle := notificationID(m.id())
	x.supplies = append(x.supplies, record{id: m.id(), ref: "Bundle/" + bundle, when: handedOver(m, now)})
	changes = append(changes, m.keep(bundle))
	after, err := x.finish(state, by, to, now)
	return append(changes, after...), err
}

// notificationID is the id of the Bundle that keeps a dispense notification.
func notificationID(id string) string {
	return pharmacy.ID("Bundle", "dispense-notification", strings.ToLower(id))
}

func handedOver(m *message, now time.Time) string {
	for d := range m.all("MedicationDispense") {
		if when := d.Get("whenHandedOver").Text(); when != "" {
			return when
		}
	}
	return stamp(now)
}

// lastIs holds an amendment or withdrawal to the last notification.
func (x *execution) lastIs(op string, id node) (record, error) {
	if last := x.lastSupply(); last.id != "" && (id.Text() == "" || equalUUID(last.id, id.Text())) {
		return last, nil
	}
	// 0021: only the last notification can be amended or withdrawn.
	return record{}, refusal(op, fhir.Issue{Code: fhir.BusinessRule, Rule: "0021", Message: "Only the last dispense notification can be changed.",
		Expected: orNothing(x.lastSupply().id), Found: orNothing(id.Text()), Expression: id.Expression(), Position: id.Position(),
		Fix: "Withdraw the later notifications first.", Details: eps("DISPENSE_AMEND_IDENTIFIER_MISMATCH")})
}

// rewind sets the lines to what the notifications that stand make of them.
func (x *execution) rewind(state fhir.State) error {
	for i := range x.Lines {
		l := &x.Lines[i]
		l.Status = WithDispenser
		if o := x.orderFor(l); o != nil && o.cancelled() {
			l.Status = LineCancelled
		}
		l.Supplied = l.Quantity.Of(l.Quantity.Value.Sub(l.Quantity.Value))
	}
	for _, r := range x.supplies {
		b, err := read(state, r.ref, "Bundle")
		if err != nil {
			return err
		}
		if b == nil {
			continue
		}
		for _, s := range readSupplies(readMessage(b, Law{})) {
			if l := x.line(s.Item); l != nil {
				if to, moved := s.outcome(l.Status); moved {
					l.Status = to
				}
				l.Supplied.Value = l.Supplied.Value.Add(s.Quantity.Value)
			}
		}
	}
	return nil
}

// claimed is the state that a notification says the prescription is in; it may
// leave it open where everything is done, and not close it where something is
// outstanding.
func (x *execution) claimed(m *message) (State, error) {
	to := x.settle()
	for d := range m.all("MedicationDispense") {
		status := extension(d, extBusinessStatus).Path("valueCoding", "code")
		switch status.Text() {
		case active.Business:
			if to == dispensed || to == notDispensed {
				to = active
				if x.State == doomed || x.State == doomedActive {
					to = doomedActive
				}
			}
		case dispensed.Business, notDispensed.Business:
			if to != dispensed && to != notDispensed {
				// 0012: not all items are settled.
				return to, refusal(m.event(), fhir.Issue{Code: fhir.BusinessRule, Rule: "0012", Message: "The prescription is not finished.",
					Expected: "0003 With Dispenser - Active, as items are outstanding", Found: status.Text(), Expression: status.Expression(), Position: status.Position(),
					Details: eps("PRESCRIPTION_INVALID_STATE_TRANSITION")})
			}
		}
	}
	return to, nil
}

// dispenses stores the MedicationDispenses of a notification under ids that
// follow from their own numbers, so that an amendment makes new versions of
// them, and the organisations and patients it brings.
func (x *execution) dispenses(m *message) (changes []fhir.Change, ids []string) {
	for i, e := range m.entries {
		c := fhir.Change{Method: fhir.Create, Type: typeOf(e.resource), Resource: m.bundle.Sub(e.resource), FullURL: e.fullURL, Expression: "Bundle.entry[" + strconv.Itoa(i) + "]"}
		switch systems, shared := matched[c.Type]; {
		case c.Type == "MedicationDispense":
			c.Method, c.ID, c.Resource = fhir.Update, x.dispenseID(e, i), x.linked(c.Resource)
			ids = append(ids, c.ID)
		case shared:
			if c.Condition = condition(e.resource, systems); c.Condition == "" {
				c.ID = m.partID(x.Order, e, i)
			}
		default:
			c.ID = m.partID(x.Order, e, i)
		}
		changes = append(changes, c)
	}
	return changes, ids
}

func (x *execution) dispenseID(e entry, i int) string {
	number := identifier(e.resource, idDispense).Text()
	if number == "" {
		number = e.fullURL + "#" + strconv.Itoa(i)
	}
	return pharmacy.ID("MedicationDispense", x.Order, strconv.Itoa(x.Issue), number)
}

// linked adds to a MedicationDispense the references by which the server's own
// resources are found: the order beside its contained copy, and the patient.
func (x *execution) linked(d *fhir.Resource) *fhir.Resource {
	var refs []any
	for r := range d.Get("authorizingPrescription").Items() {
		refs = append(refs, r)
	}
	if l := x.line(identifier(authorizing(d.Root()), idItem).Text()); l != nil {
		refs = append(refs, fhir.Obj("reference", l.Ref))
	}
	var subject []any
	subject = append(subject, "reference", x.Patient.Ref)
	for m := range d.Get("subject").Members() {
		if m.Name() != "reference" || x.Patient.Ref == "" {
			subject = append(subject, m.Name(), m)
		}
	}
	return revise(d, "authorizingPrescription", fhir.List(refs...), "subject", fhir.Obj(subject...))
}

// revoke marks the MedicationDispenses of a notification as made in error, but
// for those that were written anew.
func (x *execution) revoke(state fhir.State, r record, except []string) ([]fhir.Change, error) {
	b, err := read(state, r.ref, "Bundle")
	if err != nil || b == nil {
		return nil, err
	}
	var changes []fhir.Change
	for i, e := range readMessage(b, Law{}).entries {
		if typeOf(e.resource) != "MedicationDispense" {
			continue
		}
		id := x.dispenseID(e, i)
		v, err := state.Current("MedicationDispense", id)
		if err != nil {
			return nil, err
		}
		if v == nil || v.Deleted() || slices.Contains(except, id) {
			continue
		}
		d, err := v.Resource()
		if err != nil {
			return nil, err
		}
		changes = append(changes, fhir.Change{Method: fhir.Update, Type: "MedicationDispense", ID: id, Resource: revise(d, "status", "entered-in-error"),
			IfMatch: v.VersionID, Expression: "MedicationDispense"})
	}
	return changes, nil
}
