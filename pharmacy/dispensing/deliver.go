package dispensing

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

var (
	dispatchInputs = []fhir.Parameter{
		{Name: "courier", Kinds: []string{"valueString"}, Required: true, Doc: "Who delivers it, with the number of the consignment."},
		{Name: "expected", Kinds: []string{"valueDate"}, Doc: "The day on which it is to be delivered."},
		bagItemsInput,
	}
	failDeliveryInputs = []fhir.Parameter{
		{Name: "reason", Kinds: []string{"valueString"}, Required: true, Doc: "Why it was not delivered."},
		bagItemsInput,
	}
	trackingInputs = []fhir.Parameter{{Name: "item", Kinds: []string{"valueString"}, Repeated: true, Doc: "The number of an item; without any, all that a pharmacy has had."}}
)

// dispatchTask is Task/…/$dispatch: a courier takes what waits in the bag to be
// delivered, for the first time or after an attempt that failed.
func (s *Service) dispatchTask(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	call = withBody(call)
	return s.actOn(ctx, call, prescription.Dispatching, func(x *execution, q *prescription.Request) []fhir.Issue {
		now := supplying(x, nhs.Stamp(call.Time), call.Time)
		q.When, q.Taken, q.HandedOver = now.When, now.Taken, now.HandedOver
		said := textOf(call.Body, "expected", "valueDate")
		if q.Courier, q.Expected = textOf(call.Body, "courier", "valueString"), nhs.ReadDate(said); said != "" && q.Expected.IsZero() {
			return []fhir.Issue{{Rule: "DELIVER-1", Expression: "Parameters.parameter.where(name = 'expected')", Message: "The day on which it is to be delivered is not a whole day.", Expected: "a day such as " + nhs.DateOf(call.Time).String(), Found: said}}
		}
		return nil
	})
}

// failDeliveryTask is Task/…/$fail-delivery: the courier could not deliver it.
func (s *Service) failDeliveryTask(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	call = withBody(call)
	return s.act(ctx, call, prescription.FailDelivery, func(q *prescription.Request) { q.Words = textOf(call.Body, "reason", "valueString") })
}

// trackingTask is Task/…/$tracking-status: the Bundle by which the Prescription Status
// Update API of the NHS is told what the NHS App shows, one Task for each item. It
// changes nothing, and sends nothing.
func (s *Service) trackingTask(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	call = withBody(call)
	return s.onTask(ctx, call, "tracking-status", func(_ fhir.State, x *execution) ([]fhir.Change, *fhir.Reply, error) {
		bundle, issues := x.tracking(itemsOf(call.Body))
		if len(issues) > 0 {
			return nil, nil, refusal("tracking-status", issues...)
		}
		return nil, &fhir.Reply{Resource: bundle}, nil
	})
}

// tracking is the transaction of the Tasks of items, as the API takes it.
func (x *execution) tracking(items []string) (*fhir.Resource, []fhir.Issue) {
	var issues []fhir.Issue
	if x.Patient.ID == "" {
		issues = append(issues, fhir.Issue{Rule: "TRACK-1", Expression: "Task.for", Message: "The NHS App shows prescriptions by NHS number.", Expected: "a patient with an NHS number", Found: "none"})
	}
	named := map[*prescription.Line]bool{}
	for _, item := range items {
		l := x.Line(item)
		if l == nil {
			issues = append(issues, fhir.Issue{Code: fhir.NotFound, Rule: "0014", Message: "The prescription has no such item.", Found: item, Expression: "Parameters.parameter", Details: nhs.EPS("MEDICATIONREQUEST_NOT_FOUND")})
			continue
		}
		named[l] = true
	}
	var entries []any
	for i := range x.Lines {
		l := &x.Lines[i]
		status := x.Tracking(l)
		if status == "" || len(items) > 0 && !named[l] {
			continue
		}
		id := pharmacy.ID("tracking", x.version.ID, l.Item, x.version.VersionID)
		entries = append(entries, fhir.Obj("fullUrl", "urn:uuid:"+id, "resource", x.tracked(id, l, status), "request", fhir.Obj("method", "POST", "url", "Task")))
	}
	if len(entries) == 0 && len(issues) == 0 {
		issues = append(issues, fhir.Issue{Rule: "TRACK-1", Expression: "Task.status", Message: "No pharmacy has the prescription yet.", Expected: "one that a pharmacy has taken", Found: x.State.String()})
	}
	return fhir.Obj("resourceType", "Bundle", "type", "transaction", "entry", fhir.List(entries...)).Resource(), issues
}

// tracked is what the API is told of one item.
func (x *execution) tracked(id string, l *prescription.Line, status prescription.TrackingStatus) fhir.Value {
	ends, modified := "in-progress", x.resource.Get("lastModified").Text()
	if status.Ends() {
		ends = "completed"
	}
	if modified == "" {
		modified = nhs.Stamp(x.version.LastUpdated)
	}
	var input fhir.Value
	if x.Issues > 1 {
		input = fhir.List(fhir.Obj("type", fhir.Obj("text", "Repeat Number"), "valueInteger", x.Issue))
	}
	return fhir.Obj("resourceType", "Task", "id", id,
		"basedOn", fhir.List(fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDOrder, x.Order))),
		"status", ends,
		"businessStatus", fhir.Obj("coding", fhir.List(fhir.Obj("system", nhs.CSTracking, "code", string(status)))),
		"intent", "order",
		"focus", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDItem, l.Item)),
		"for", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDNHS, x.Patient.ID)),
		"lastModified", modified,
		"owner", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, x.trackedOwner())),
		"input", input)
}

// trackedOwner is the pharmacy that has the prescription, or had it last.
func (x *execution) trackedOwner() string {
	if x.Owner.ID != "" {
		return x.Owner.ID
	}
	return x.Nominee.ID
}
