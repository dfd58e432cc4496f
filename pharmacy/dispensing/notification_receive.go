package dispensing

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// receiveNotification records what a dispenser says it supplied, or what it
// says instead of its last notification.
func (s *Service) receiveNotification(call *fhir.Call, m *message.Message, state fhir.State) (*outcome, error) {
	first := m.List("MedicationDispense")[0]
	number := prescription.OrderWithin(first).Path("groupIdentifier", "value")
	x, err := issueWith(state, number.Text(), nhs.Extension(m.Header, nhs.ExtReplacement).Path("valueIdentifier", "value").Text())
	if err != nil {
		return nil, err
	}
	if x == nil || call.Requester.Bound() && !s.dispenserOf(x, call.Requester) {
		return nil, notFound(m.Event(), number)
	}
	if err := mayNotify(m, x, first); err != nil {
		return nil, err
	}
	x.caller = prescription.Caller{Principal: call.Requester, Dispenses: true}
	q := supplying(x, first.Get("whenHandedOver").Text(), call.Time)
	q.Past = true
	changes, met, err := s.record(state, x, m, q)
	if err != nil && len(met) > 0 {
		asStored, again := taskAt(state, m.Event(), x.version.ID)
		if again != nil {
			return nil, again
		}
		return s.heldBack(state, call, asStored, met, err, call.Time)
	}
	if err != nil {
		return nil, err
	}
	return &outcome{changes: changes, reply: informational(call)}, nil
}

// notFound refuses what names a prescription that is not here.
func notFound(op string, number node) error {
	// 0005: no such prescription.
	return refusal(op, fhir.Issue{Code: fhir.NotFound, Rule: "0005", Message: "There is no such prescription.", Found: fhir.OrNothing(number.Text()),
		Expression: number.Expression(), Position: number.Position(), Details: nhs.EPS("PRESCRIPTION_NOT_FOUND")})
}

// mayNotify refuses a notification of another dispenser or of another patient
// than the prescription's.
func mayNotify(m *message.Message, x *execution, dispense node) error {
	org := nhs.Identifier(m.Organization(dispense, m.Performer(dispense)), nhs.IDODS)
	if (x.State.WithDispenser() || len(x.supplies) > 0) && x.Owner.ID != org.Text() {
		return elsewhere(m.Event(), x, org)
	}
	subject := dispense.Path("subject", "identifier", "value")
	if number := subject.Text(); number != "" && x.Patient.ID != "" && number != x.Patient.ID {
		return refusal(m.Event(), fhir.Issue{Code: fhir.BusinessRule, Rule: "D1", Message: "The prescription is for another patient.", Found: number,
			Expression: subject.Expression(), Position: subject.Position(), Fix: "Check the NHS number and the prescription id.",
			Details: nhs.Spine("INVALID_VALUE", "Patient does not match the prescription")})
	}
	return nil
}

// elsewhere refuses an act on a prescription that another pharmacy holds.
func elsewhere(op string, x *execution, asked node) error {
	// 0004: with another dispenser.
	return refusal(op, fhir.Issue{Code: fhir.BusinessRule, Rule: "0004", Message: "Another dispenser holds the prescription.",
		Expected: x.Owner.ID + " " + x.Owner.Name, Found: fhir.OrNothing(asked.Text()), Expression: asked.Expression(), Position: asked.Position(),
		Fix: "Ask them to return it.", Details: nhs.EPS("PRESCRIPTION_WITH_ANOTHER_DISPENSER")})
}

// dispenses stores the MedicationDispenses of a notification under ids that
// follow from their own numbers, so that an amendment makes new versions of
// them, and the organisations and patients it brings.
func (x *execution) dispenses(m *message.Message) (changes []fhir.Change, ids []string) {
	numbers := x.dispenseIDs(m)
	for i, e := range m.Entries {
		c := fhir.Change{Method: fhir.Create, Type: nhs.TypeOf(e.Resource), Resource: m.Bundle.Sub(e.Resource), FullURL: e.FullURL, Message: true, Expression: "Bundle.entry[" + strconv.Itoa(i) + "]"}
		switch systems, shared := message.Matched[c.Type]; {
		case c.Type == "MedicationDispense":
			c.Method, c.ID, c.Resource = fhir.Update, numbers[i], x.linked(c.Resource)
			ids = append(ids, c.ID)
		case c.Type == "Patient" && x.Patient.Ref != "": // the prescription's, not another record of the same person
			c.ID, c.IfAbsent = localID(x.Patient.Ref, "Patient"), true
		case shared:
			if c.Condition = message.Condition(e.Resource, systems); c.Condition == "" {
				c.ID = m.PartID(x.Order, e, i)
			}
		default:
			c.ID = m.PartID(x.Order, e, i)
		}
		changes = append(changes, c)
	}
	return changes, ids
}

// dispenseIDs are the ids under which the MedicationDispenses of a notification
// are stored, by the place of their entry; "" for other entries. An item that is filled with several
// products has several of one number: the second and further ones are counted.
func (x *execution) dispenseIDs(m *message.Message) []string {
	ids, seen := make([]string, len(m.Entries)), map[string]int{}
	for i, e := range m.Entries {
		if nhs.TypeOf(e.Resource) != "MedicationDispense" {
			continue
		}
		number := nhs.Identifier(e.Resource, nhs.IDDispense).Text()
		if number == "" {
			number = e.FullURL + "#" + strconv.Itoa(i)
		}
		key := strings.ToLower(number)
		if seen[key]++; seen[key] > 1 {
			number += "#" + strconv.Itoa(seen[key])
		}
		ids[i] = pharmacy.ID("MedicationDispense", x.Order, strconv.Itoa(x.Issue), number)
	}
	return ids
}

// linked adds to a MedicationDispense the references by which the server's own
// resources are found: the order beside its contained copy, and the patient.
func (x *execution) linked(d *fhir.Resource) *fhir.Resource {
	var refs []any
	for r := range d.Get("authorizingPrescription").Items() {
		refs = append(refs, r)
	}
	if l := x.Line(nhs.Identifier(prescription.OrderWithin(d.Root()), nhs.IDItem).Text()); l != nil {
		refs = append(refs, fhir.Obj("reference", l.Ref))
	}
	var subject []any
	subject = append(subject, "reference", x.Patient.Ref)
	for m := range d.Get("subject").Members() {
		if m.Name() != "reference" || x.Patient.Ref == "" {
			subject = append(subject, m.Name(), m)
		}
	}
	return fhir.Revise(d, "authorizingPrescription", fhir.List(refs...), "subject", fhir.Obj(subject...))
}

// revoke marks the MedicationDispenses of a notification as made in error, but
// for those that were written anew.
func (x *execution) revoke(state fhir.State, r taskOutput, except []string) ([]fhir.Change, error) {
	b, err := read(state, r.ref, "Bundle")
	if err != nil || b == nil {
		return nil, err
	}
	var changes []fhir.Change
	for _, id := range x.dispenseIDs(message.Read(b, prescription.Law{})) {
		if id == "" {
			continue
		}
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
		changes = append(changes, fhir.Change{Method: fhir.Update, Type: "MedicationDispense", ID: id, Resource: fhir.Revise(d, "status", "entered-in-error"),
			IfMatch: v.VersionID, Expression: "MedicationDispense"})
	}
	return changes, nil
}
