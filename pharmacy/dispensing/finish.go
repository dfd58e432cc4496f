package dispensing

import (
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// equalUUID compares UUIDs, in which case does not count.
func equalUUID(a, b string) bool { return strings.EqualFold(a, b) }

// finish moves the prescription by an event, and makes the changes that follow:
// the Task, the orders' own statuses, and the next issue of a repeat
// dispensing prescription when this one is done.
func (x *execution) finish(state fhir.State, law Law, by Event, to State, now time.Time) ([]fhir.Change, error) {
	changes, err := x.move(by, to, now)
	if err != nil {
		return nil, err
	}
	for i := range x.Lines {
		if o := x.orderFor(&x.Lines[i]); o != nil {
			changes = append(changes, o.become(x.orderStatus(&x.Lines[i]))...)
		}
	}
	next, err := x.next(state, law)
	return append(changes, next...), err
}

// orderStatus is the status of the order that a line amounts to. An order that
// is issued again stays active until its last issue is done.
func (x *execution) orderStatus(l *Line) string {
	switch {
	case l.Status == LineCancelled:
		return "cancelled"
	case l.Status == LineExpired && x.State == expired:
		return "stopped"
	case x.Issue < x.Issues:
		return "active"
	case l.Status == FullyDispensed:
		return "completed"
	case l.Status == NotDispensed || l.Status == LineExpired:
		return "stopped"
	}
	return "active"
}

// taken refuses to open an issue again when the following one is under way.
func taken(id string) error {
	// 0021: a later issue was released.
	return refusal("withdraw", fhir.Issue{Rule: "0021", Message: "The next issue of the prescription is with a dispenser already.", Found: "Task/" + id,
		Fix: "Return that one first.", Details: eps("DISPENSE_AMEND_IDENTIFIER_MISMATCH")})
}

// next makes the Task of the following issue when this one is done, and takes
// it away again when this one is open again.
func (x *execution) next(state fhir.State, law Law) ([]fhir.Change, error) {
	if x.Issue >= x.Issues {
		return nil, nil
	}
	id := TaskID(x.Order, x.Issue+1)
	v, err := state.Current("Task", id)
	if err != nil {
		return nil, err
	}
	stands := v != nil && !v.Deleted()
	if done := x.State == dispensed || x.State == notDispensed; done != stands {
		if !done {
			if later, err := stateOf(v); err != nil || later == nil || !later.open() {
				return nil, taken(id)
			}
			return []fhir.Change{{Method: fhir.Delete, Type: "Task", ID: id, IfMatch: v.VersionID, Expression: "Task"}}, nil
		}
		p := x.restart(x.Issue + 1)
		if !p.anyLeft() {
			return nil, nil
		}
		task := newTask(law, p, x.message, x.resource.Get("authoredOn").Text())
		return []fhir.Change{{Method: fhir.Update, Type: "Task", ID: id, Resource: task, Expression: "Task"}}, nil
	}
	return nil, nil
}
