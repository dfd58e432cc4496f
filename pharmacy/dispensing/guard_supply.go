package dispensing

import (
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// guardSupply keeps the records of supply. The supplies of a prescription are
// recorded by the notifications of them, which move its Task in the same commit;
// a MedicationDispense that is written by hand would be a supply that nothing
// counts. A record is never altered or removed: a correction is a new one (MDR-20).
func (s *Service) guardSupply(state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	if done, err := guardElsewhere(state, tx, before, after); done || err != nil {
		return err
	}
	if !tx.Derived {
		if err := keepRecord(state, before); err != nil {
			return err
		}
	}
	if after.Deleted() {
		return nil
	}
	r, err := after.Resource()
	if err != nil {
		return err
	}
	if !recordsSupply(r.Root()) {
		return nil
	}
	number, item, err := suppliedOrder(state, r.Root())
	if err != nil {
		return err
	}
	if number == "" {
		return s.unprescribed(state, tx, after, r)
	}
	if !tx.Derived {
		return s.byHand(state, r, number, item, after.LastUpdated, tx.Requester)
	}
	return s.lawfulRecord(state, r, number, item, after.LastUpdated, tx.Requester)
}

// unprescribed refuses a supply without a prescription of what is supplied on one alone.
func (s *Service) unprescribed(state fhir.State, tx *fhir.Transaction, after *fhir.Version, r *fhir.Resource) error {
	if pharmacy.Own(tx, after) {
		return nil
	}
	ref, _, _ := strings.Cut(r.Root().Path("medicationReference", "reference").Text(), "/_history/")
	stored, err := read(state, ref[max(strings.LastIndex(ref, "Medication/"), 0):], "Medication")
	if err != nil {
		return err
	}
	var medicine node
	if stored != nil {
		medicine = stored.Root()
	}
	if issues := s.rules().Unprescribed(r.Root(), medicine, after.LastUpdated); len(issues) > 0 {
		return refusal("MedicationDispense", issues...)
	}
	return nil
}

// keepRecord refuses to change a MedicationDispense that is of a prescription
// and was handed over, or belongs to a notification.
func keepRecord(state fhir.State, before *fhir.Version) error {
	if before == nil || before.Deleted() {
		return nil
	}
	r, err := before.Resource()
	if err != nil {
		return err
	}
	number, _, err := suppliedOrder(state, r.Root())
	if err != nil || number == "" || !recordsSupply(r.Root()) && !notified(r.Root()) {
		return err
	}
	// MDR-20: entries are not cancelled, obliterated or altered.
	return refusal("MedicationDispense", fhir.Issue{Rule: "MDR-20", Message: "A record of supply is neither altered nor removed.", Expression: "MedicationDispense",
		Expected: "version " + before.VersionID + " as it is", Found: "a change",
		Fix: "Correct it by a new record that refers to it: an amendment of the dispense notification, or Task/$withdraw and a new $dispense."})
}

// notified reports whether a MedicationDispense came with a notification: it has
// the number that the notification gave it, and the order inside.
func notified(d node) bool {
	return nhs.Identifier(d, nhs.IDDispense).Exists() && prescription.OrderWithin(d).Exists()
}

// recordsSupply reports whether a MedicationDispense says that something was
// handed over: by its status, or by the time of it.
func recordsSupply(d node) bool {
	switch d.Get("status").Text() {
	case "completed":
		return handsOver(d) || d.Get("whenHandedOver").Exists() && prescription.ReadQuantity(d.Get("quantity")).Value.IsPositive()
	case "entered-in-error", "cancelled", "declined":
		return false
	}
	return d.Get("whenHandedOver").Exists() && handsOver(d)
}

// handsOver reports whether a MedicationDispense that is completed tells of a
// supply: one that does not say what became of its item does.
func handsOver(d node) bool {
	switch prescription.LineStatus(nhs.Coded(d.Get("type"), nhs.CSLineStatus)) {
	case prescription.NotDispensed, prescription.Owing, prescription.LineCancelled, prescription.LineExpired, prescription.ToBeDispensed, prescription.WithDispenser:
		return false
	}
	return true
}

// byHand refuses a supply of a prescription that is written as a resource, with
// all that would be wrong with it by any way.
func (s *Service) byHand(state fhir.State, r *fhir.Resource, number, item string, now time.Time, who fhir.Principal) error {
	issues := []fhir.Issue{{Rule: "DN-19", Message: "A supply of a prescription is recorded by the operation that moves its Task.", Expression: "MedicationDispense",
		Expected: "Task/$dispense, or a dispense-notification to $process-message", Found: "a MedicationDispense written by hand",
		Fix: "Accept the Task of " + number + " and use its $dispense."}}
	x, err := currentIssue(state, number)
	if err != nil {
		return err
	}
	if x == nil || x.Line(item) == nil {
		return refusal("MedicationDispense", issues...)
	}
	supply := prescription.ReadSupply(r.Root())
	supply.Item = item
	if supply.Status == "" {
		supply.Status, supply.Quantity = prescription.FullyDispensed, prescription.ReadQuantity(r.Get("quantity"))
	}
	p := x.Copy()
	s.rules().Classify(p)
	q := supplying(x, r.Get("whenHandedOver").Text(), now)
	q.Caller = who
	found := p.Apply([]prescription.Supply{supply}, s.rules().Judge(q))
	return refusal("MedicationDispense", append(found, issues...)...)
}

// lawfulRecord is the test of the law once more, on the state of the commit.
func (s *Service) lawfulRecord(state fhir.State, r *fhir.Resource, number, item string, now time.Time, who fhir.Principal) error {
	if !prescription.HandedOver(r.Root()).IsPositive() {
		return nil
	}
	x, err := currentIssue(state, number)
	if err != nil || x == nil {
		return err
	}
	l := x.Line(item)
	if l == nil {
		return nil
	}
	// MDR-16: the same test as before the operation.
	supply := prescription.ReadSupply(r.Root())
	supply.Item, supply.Quantity, supply.Place = l.Item, l.Quantity, "MedicationDispense.whenHandedOver"
	s.rules().Classify(x.Prescription)
	q := supplying(x, r.Get("whenHandedOver").Text(), now)
	q.Event, q.Past, q.Caller = prescription.Amend, true, who // what it tells is judged, and not what it may leave out
	if issues := x.Lawful(l, supply, s.rules().Judge(q)); len(issues) > 0 {
		return refusal("MedicationDispense", issues...)
	}
	if c := x.LastCheck(l); s.duties == nil || c != nil && c.Alone { // nobody else is there, which the policy allows
		return nil
	}
	return s.duties.Separate(state, "dispense", l.Schedule, who, x.agent.ID)
}

// suppliedOrder is the prescription and the item that a MedicationDispense is
// for, whether it carries the order inside, names it by identifier or refers to
// the server's; "" where it is of no prescription.
func suppliedOrder(state fhir.State, d node) (number, item string, err error) {
	if mr := prescription.OrderWithin(d); mr.Path("groupIdentifier", "system").Text() == nhs.IDOrder {
		number, item = mr.Path("groupIdentifier", "value").Text(), nhs.Identifier(mr, nhs.IDItem).Text()
	}
	for ref := range d.Get("authorizingPrescription").Items() {
		o, err := referredOrder(state, ref)
		if err != nil {
			return "", "", err
		}
		if o != nil && o.Number() != "" {
			number, item = o.Number(), o.Item()
		}
	}
	return number, item, nil
}

// referredOrder is the server's order that a reference means, nil for none.
func referredOrder(state fhir.State, ref node) (*prescription.Order, error) {
	current, _, _ := strings.Cut(ref.Get("reference").Text(), "/_history/")
	if i := strings.LastIndex(current, "/MedicationRequest/"); i >= 0 {
		current = current[i+1:]
	}
	if localID(current, "MedicationRequest") != "" {
		return currentOrder(state, current)
	}
	if ref.Get("identifier").Get("value").Text() == "" {
		return nil, nil // it names the order that the supply carries inside, or none
	}
	ids, err := state.Find("MedicationRequest", orderQuery(ref.Get("identifier")))
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return currentOrder(state, "MedicationRequest/"+ids[0])
}

// orderQuery finds the orders that an identifier names: that of an item, or the
// short or the long one of a prescription; one without a system is an item's.
func orderQuery(id node) string {
	value := id.Get("value").Text()
	switch id.Get("system").Text() {
	case nhs.IDOrder:
		return anyCase("group-identifier", nhs.IDOrder, value)
	case nhs.IDOrderUUID:
		return anyCase("prescription-id", nhs.IDOrderUUID, value)
	}
	return anyCase("identifier", nhs.IDItem, value)
}
