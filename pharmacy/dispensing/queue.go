package dispensing

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// A queue is the Tasks of one code that are received: one for each item that
// waits for somebody in it. They are written in the commit that writes the Task of
// the prescription, which refers to those that are open, so that a queue is never
// more or less than what the prescriptions say.

// csQueue and extWork are the code of a queue's Task, and the extension by which
// the Task of a prescription refers to it. extLastDay is on each outstanding item of
// the latter.
const (
	csQueue    = nhs.Own + "CodeSystem/queue"
	extWork    = nhs.Own + "StructureDefinition/open-work"
	extLastDay = nhs.Own + "StructureDefinition/last-day"

	extExpected = nhs.Own + "StructureDefinition/expected" // when what is owed, or delivered, is expected, on the Task of the queue
)

// written makes the changes by which a prescription is stored as it is now: its
// Task, on the version it was read from, and those of the queues.
func (s *Service) written(state fhir.State, x *execution, now time.Time) ([]fhir.Change, error) {
	s.rules().Classify(x.Prescription)
	x.signed = x.SignatureNow(x.signed, s.rules().Law)
	queues, err := s.queues(state, x, now)
	if err != nil {
		return nil, err
	}
	settled, err := s.settleQueries(state, x)
	if err != nil {
		return nil, err
	}
	queues = append(queues, settled...)
	task := fhir.Change{Method: fhir.Update, Type: "Task", ID: x.version.ID, Resource: x.revised(now), IfMatch: x.version.VersionID, Expression: "Task"}
	return append([]fhir.Change{task}, queues...), nil
}

// queues opens the Tasks of the work that a prescription has now, and closes those
// of the work that it had. It notes on the execution which are open.
func (s *Service) queues(state fhir.State, x *execution, now time.Time) ([]fhir.Change, error) {
	was := x.work
	x.work = nil
	var changes []fhir.Change
	for _, w := range s.rules().Work(x.Prescription) {
		id := x.workID(w)
		x.work = append(x.work, id)
		c, err := x.openWork(state, id, w, now)
		if err != nil {
			return nil, err
		}
		changes = append(changes, c...)
	}
	for _, id := range was {
		if slices.Contains(x.work, id) {
			continue
		}
		c, err := x.closeWork(state, id, workDone, now)
		if err != nil {
			return nil, err
		}
		changes = append(changes, c...)
	}
	return changes, nil
}

// workID is the id of the Task of a piece of work; the same work that comes again
// is the same Task.
func (x *execution) workID(w prescription.Work) string {
	return pharmacy.ID("Task", string(w.Queue), x.Order, strconv.Itoa(x.Issue), strings.ToLower(w.Item))
}

// openWork writes the Task of a piece of work where it is not stored as it is now.
func (x *execution) openWork(state fhir.State, id string, w prescription.Work, now time.Time) ([]fhir.Change, error) {
	v, err := state.Current("Task", id)
	if err != nil {
		return nil, err
	}
	if v == nil || v.Deleted() {
		r := fhir.Revise(fhir.Obj("resourceType", "Task", "id", id).Resource(), x.workMembers(w, now)...)
		return []fhir.Change{{Method: fhir.Update, Type: "Task", ID: id, Resource: r, Expression: "Task"}}, nil
	}
	r, err := v.Resource()
	if err != nil {
		return nil, err
	}
	members := x.workMembers(w, now)
	if r.Get("status").Text() == workOpen {
		for i := 0; i < len(members); i += 2 {
			if name := members[i].(string); name == "authoredOn" || name == "priority" { // as it was opened; and people may change the priority
				members[i+1] = r.Get(name)
			}
		}
	}
	return rewriteWork(v, r, now, members...), nil
}

// The statuses of the Task of a piece of work. No prescription is received, so that
// none is taken for the other.
const (
	workOpen      = "received"
	workDone      = "completed"
	workCancelled = "cancelled"
)

// closeWork closes the Task of a piece of work: with a status, or as cancelled where
// the item was taken back, expired or was given up.
func (x *execution) closeWork(state fhir.State, id, status string, now time.Time) ([]fhir.Change, error) {
	v, err := state.Current("Task", id)
	if err != nil || v == nil || v.Deleted() {
		return nil, err
	}
	r, err := v.Resource()
	if err != nil {
		return nil, err
	}
	for i := range x.Lines {
		l := &x.Lines[i]
		if l.Ref != r.Root().Path("basedOn").Item(0).Get("reference").Text() {
			continue
		}
		if l.PendingCancellation || x.State == prescription.Expired || slices.Contains([]prescription.LineStatus{prescription.LineCancelled, prescription.LineExpired, prescription.NotDispensed}, l.Status) {
			status = workCancelled
		}
	}
	return rewriteWork(v, r, now, "status", status), nil
}

// rewriteWork writes the Task of a piece of work with some members changed;
// nothing where they are as they were.
func rewriteWork(v *fhir.Version, r *fhir.Resource, now time.Time, members ...any) []fhir.Change {
	if after := fhir.Revise(r, members...); after.Root().SameAs(r.Root()) {
		return nil
	}
	members = append(members, "lastModified", nhs.Stamp(now))
	return []fhir.Change{{Method: fhir.Update, Type: "Task", ID: v.ID, Resource: fhir.Revise(r, members...), IfMatch: v.VersionID, Expression: "Task"}}
}

// workMembers are the members of the Task of a piece of work. Who sees the order
// sees it too.
func (x *execution) workMembers(w prescription.Work, now time.Time) []any {
	l, owner, priority := x.Line(w.Item), x.Owner, "routine"
	if owner.ID == "" {
		owner = x.Nominee
	}
	if o := x.orderFor(l); o != nil && o.Resource.Get("priority").Text() != "" {
		priority = o.Resource.Get("priority").Text()
	}
	var expected fhir.Value
	if len(w.Bag) > 0 && !w.Bag[0].Expected.IsZero() {
		expected = fhir.Obj("url", extExpected, "valueDate", w.Bag[0].Expected.String())
	}
	if w.Owed != nil {
		expected = fhir.Obj("url", extExpected, "valueDate", w.Owed.Expected.String())
	}
	return append([]any{
		"extension", fhir.List(expected),
		"groupIdentifier", nhs.IdentifierValue(nhs.IDOrder, x.Order),
		"basedOn", fhir.List(fhir.Obj("reference", l.Ref, "identifier", nhs.IdentifierValue(nhs.IDItem, l.Item), "display", l.Product.Display)),
		"status", workOpen,
		"intent", "order",
		"priority", priority,
		"code", nhs.Concept(nhs.Coding(csQueue, string(w.Queue))),
		"focus", fhir.Obj("reference", "Task/"+TaskID(x.Order, x.Issue)),
		"for", fhir.Obj("reference", x.Patient.Ref, "display", x.Patient.Name), // not by NHS number, by which EPS tracks prescriptions
		"authoredOn", nhs.Stamp(now),
		"owner", owner.Organization(),
		"reasonCode", workReason(l, w),
		"restriction", fhir.Obj("period", fhir.Obj("end", w.Last.String())),
	}, x.queryMembers(w)...)
}

// workReason is why an item is in a queue: its holds, or what is owed.
func workReason(l *prescription.Line, w prescription.Work) fhir.Value {
	var codings []any
	var texts []string
	for _, h := range w.Holds {
		codings = append(codings, fhir.Obj("system", csHold, "code", h.Code))
		texts = append(texts, h.Text)
	}
	if w.Queue == prescription.OwingQueue {
		texts = append(texts, l.Quantity.Of(l.Quantity.Value.Sub(l.Supplied.Value)).InUnits()+" of "+l.Quantity.InUnits()+" are owed.")
	}
	if w.Owed != nil {
		texts = append(texts, "Expected on "+w.Owed.Expected.String()+": "+w.Owed.Reason)
	}
	for _, b := range w.Bag {
		texts = append(texts, b.Quantity.InUnits()+" of "+b.Product.Display+" in the bag since "+b.When+".")
		switch b.Stage {
		case prescription.Dispatched:
			texts = append(texts, "With "+b.Courier+".")
		case prescription.Failed:
			texts = append(texts, fmt.Sprintf("Not delivered by %s, attempt %d: %s", b.Courier, b.Attempts, b.Failed))
		}
		if !l.Status.Outstanding() {
			texts = append(texts, "To be put back: "+l.Status.String()+".")
		}
	}
	if len(texts) == 0 {
		return fhir.Value{}
	}
	return fhir.Obj("coding", fhir.List(codings...), "text", strings.Join(texts, " "))
}

// openWorkOf reads which Tasks of queues are open for the Task of a prescription.
func openWorkOf(task *fhir.Resource) (ids []string) {
	for e := range task.Get("extension").Items() {
		if e.Get("url").Text() == extWork {
			ids = append(ids, localID(e.Path("valueReference", "reference").Text(), "Task"))
		}
	}
	return ids
}

// workExtensions refer to the open work.
func (x *execution) workExtensions() (list []any) {
	for _, id := range x.work {
		list = append(list, fhir.Obj("url", extWork, "valueReference", fhir.Obj("reference", "Task/"+id)))
	}
	return list
}
