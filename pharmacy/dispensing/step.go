package dispensing

import (
	"bytes"
	"context"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// follower makes the Task of every prescription whose orders arrive, by
// whatever way: a message, a transaction or one by one, with the signature
// before or behind them.
type follower struct{ service *Service }

var _ pharmacy.Follower = follower{}

// Name is the name of the cursor.
func (follower) Name() string { return "dispensing" }

// Consumes lists what the follower reads.
func (follower) Consumes() []string {
	return []string{"MedicationRequest", "Provenance", "Communication", "DetectedIssue"}
}

// Produces lists what it writes.
func (follower) Produces() []string { return []string{"Task", "CommunicationRequest"} }

// Step makes the Task of the order's prescription. As long as nobody has done
// anything with the Task, what comes later makes it anew: a further order, the
// signature from which its validity counts, a clinical issue that was found. A
// Communication answers a query.
func (f follower) Step(ctx context.Context, state fhir.State, v *fhir.Version) ([]fhir.Change, error) {
	if v.Type == "Communication" {
		return f.service.takeAnswer(state, v)
	}
	o, err := orderOf(state, v)
	if err != nil || o == nil {
		return nil, err
	}
	x, err := currentIssue(state, o.Number())
	if err != nil {
		return nil, err
	}
	if x != nil && x.touched() && x.hasOrder(o) {
		if v.Type != "DetectedIssue" {
			return nil, nil
		}
		return f.service.holdIssues(state, x, v)
	}
	orders, err := pharmacy.Once(ctx, "orders "+o.Number(), func() ([]*prescription.Order, error) { return ordersOf(state, o.Number()) })
	if err != nil || len(orders) == 0 {
		return nil, err
	}
	if issues := message.GroupIssues(orders); len(issues) > 0 {
		return nil, refusal("dispensing", issues...)
	}
	if x != nil && x.touched() {
		return f.service.extend(state, x, orders, v)
	}
	d, err := pharmacy.Once(ctx, "task "+o.Number(), func() (*draft, error) { return f.service.draft(state, orders) })
	if err != nil {
		return nil, err
	}
	return f.service.drawn(state, x, *d, v.LastUpdated)
}

// drawn makes the changes by which a prescription with which nothing has been done
// is stored as it was drafted; x is how it is stored, nil where it is not yet.
func (s *Service) drawn(state fhir.State, x *execution, d draft, now time.Time) ([]fhir.Change, error) {
	if x != nil {
		d.work = x.work
	}
	task, queues, err := s.begin(state, &d.execution, d.authored, now)
	switch {
	case err != nil:
		return nil, err
	case x == nil:
		for i := range queues {
			queues[i].IfAbsent = true // for the other orders of the prescription, which come with this one
		}
		return append([]fhir.Change{{Method: fhir.Create, Type: "Task", ID: task.ID(), Resource: task, IfAbsent: true}}, queues...), nil
	case bytes.Equal(task.JSON(), fhir.Revise(x.resource, "meta", "").JSON()):
		return nil, nil
	}
	return append([]fhir.Change{{Method: fhir.Update, Type: "Task", ID: task.ID(), Resource: task, IfMatch: x.version.VersionID}}, queues...), nil
}

// touched reports whether anybody but the follower has written the Task.
func (x *execution) touched() bool { return x.Issue != 1 || x.resource.Get("lastModified").Exists() }

// orderOf reads the order that a version is, the first that it signs, or the one
// of which it is an issue.
func orderOf(state fhir.State, v *fhir.Version) (*prescription.Order, error) {
	if v.Type == "MedicationRequest" || v.Deleted() {
		return orderAt(v)
	}
	r, err := v.Resource()
	if err != nil {
		return nil, err
	}
	if v.Type == "DetectedIssue" {
		if !detected(r) || v.VersionID == "1" && !nhs.Extension(r.Root(), nhs.ExtOwnStops).Exists() {
			return nil, nil // it holds nothing, and never did
		}
		o, err := currentOrder(state, checked(r))
		if err != nil || o == nil || !o.Prescribed() || !o.Issued() {
			return nil, err
		}
		return o, nil
	}
	for target := range r.Get("target").Items() {
		id, ok := strings.CutPrefix(target.Get("reference").Text(), "MedicationRequest/")
		if !ok {
			continue
		}
		signed, err := state.Current("MedicationRequest", id)
		if err != nil || signed == nil {
			return nil, err
		}
		return orderAt(signed)
	}
	return nil, nil
}

// orderAt reads a version that is an order of a prescription; nil for all else.
func orderAt(v *fhir.Version) (*prescription.Order, error) {
	if v.Deleted() {
		return nil, nil
	}
	r, err := v.Resource()
	if err != nil {
		return nil, err
	}
	if r.Root().Path("groupIdentifier", "system").Text() != nhs.IDOrder || r.Root().Path("groupIdentifier", "value").Text() == "" {
		return nil, nil
	}
	o, err := prescription.ReadOrder(v)
	if err != nil || !o.Issued() {
		return nil, err
	}
	return o, nil
}

func (x *execution) hasOrder(o *prescription.Order) bool {
	for i := range x.Lines {
		if x.Lines[i].Ref == o.Version.Ref() {
			return true
		}
	}
	return false
}

// draft is a prescription with which nothing has been done.
type draft struct {
	execution
	authored string
}

// draft reads a prescription from its orders.
func (s *Service) draft(state fhir.State, orders []*prescription.Order) (*draft, error) {
	p, err := prescription.FromOrders(orders)
	if err != nil {
		return nil, err
	}
	authored, err := people(p, state, orders[0])
	if err != nil {
		return nil, err
	}
	s.rules().Classify(p)
	if p.State = p.Rest(); !p.AnyLeft() {
		p.State = prescription.Cancelled
	}
	sent, err := read(state, "Bundle/"+message.OrderBundleID(p.Order), "Bundle")
	if err != nil {
		return nil, err
	}
	if err := checkPrescribers(p, state, orders, sent, s.rules().Law); err != nil {
		return nil, err
	}
	signed, err := signatureOf(state, orders, sent)
	if err != nil {
		return nil, err
	}
	p.HoldSigned(signed, s.rules().Law)
	id := ""
	if sent != nil {
		id = sent.Root().Path("identifier", "value").Text()
		if err := checkPatient(p, state, sent); err != nil {
			return nil, err
		}
	}
	if err := checkIssues(p, state); err != nil {
		return nil, err
	}
	return &draft{execution{Prescription: p, orders: orders, message: id, signed: p.SignatureNow(signed, s.rules().Law)}, authored}, nil
}

// extend adds orders that came after somebody had taken up the Task.
func (s *Service) extend(state fhir.State, x *execution, orders []*prescription.Order, v *fhir.Version) ([]fhir.Change, error) {
	if x.Issue != 1 || !x.State.Open() {
		return nil, fhir.E("dispensing", fhir.BusinessRule, fhir.Issue{
			Message: "The item came after a pharmacy had taken its prescription.", Found: x.State.String(),
			Fix: "Send the item as a prescription of its own.", Rule: "0012", Details: nhs.EPS("PRESCRIPTION_INVALID_STATE_TRANSITION")})
	}
	p, err := prescription.FromOrders(orders)
	if err != nil {
		return nil, err
	}
	var added []*prescription.Order
	for i, o := range orders {
		if !x.hasOrder(o) {
			x.Lines, added = append(x.Lines, p.Lines[i]), append(added, o)
		}
	}
	s.rules().Classify(x.Prescription)
	if err := checkPrescribers(x.Prescription, state, added, nil, s.rules().Law); err != nil {
		return nil, err
	}
	return s.written(state, x, v.LastUpdated)
}
