package dispensing

import (
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// finish makes the changes that follow from what was decided: the Task, the
// orders' own statuses, and the next issue of a repeat dispensing prescription when
// this one is done.
func (s *Service) finish(state fhir.State, x *execution, now time.Time) ([]fhir.Change, error) {
	changes, err := s.written(state, x, now)
	if err != nil {
		return nil, err
	}
	for i := range x.Lines {
		if o := x.orderFor(&x.Lines[i]); o != nil {
			changes = append(changes, orderBecomes(o, x.OrderStatus(&x.Lines[i]))...)
		}
	}
	next, err := s.next(state, x, now)
	return append(changes, next...), err
}

// taken refuses to open an issue again when the following one is under way.
func taken(id string) error {
	// 0021: a later issue was released.
	return refusal("withdraw", fhir.Issue{Rule: "0021", Message: "The next issue of the prescription is with a dispenser already.", Found: "Task/" + id,
		Fix: "Return that one first.", Details: nhs.EPS("DISPENSE_AMEND_IDENTIFIER_MISMATCH")})
}

// next makes the Task of the following issue when this one is done, and takes
// it away again when this one is open again.
func (s *Service) next(state fhir.State, x *execution, now time.Time) ([]fhir.Change, error) {
	if x.Issue >= x.Issues {
		return nil, nil
	}
	id := TaskID(x.Order, x.Issue+1)
	v, err := state.Current("Task", id)
	if err != nil {
		return nil, err
	}
	stands := v != nil && !v.Deleted()
	if done := x.State == prescription.Dispensed || x.State == prescription.NoneDispensed; done != stands {
		if !done {
			if later, err := stateOf(v); err != nil || later == nil || !later.Open() {
				return nil, taken(id)
			}
			return withdrawn(state, v, now)
		}
		p := x.Restart(x.Issue + 1)
		if !p.AnyLeft() {
			return nil, nil
		}
		next, queues, err := s.begin(state, &execution{Prescription: p, orders: x.orders, message: x.message}, x.resource.Get("authoredOn").Text(), now)
		if err != nil {
			return nil, err
		}
		return append([]fhir.Change{{Method: fhir.Update, Type: "Task", ID: id, Resource: next, Expression: "Task"}}, queues...), nil
	}
	return nil, nil
}

// withdrawn takes the Task of an issue away, and its work out of the queues.
func withdrawn(state fhir.State, v *fhir.Version, now time.Time) ([]fhir.Change, error) {
	changes := []fhir.Change{{Method: fhir.Delete, Type: "Task", ID: v.ID, IfMatch: v.VersionID, Expression: "Task"}}
	next, err := readTask(state, v)
	if err != nil || next == nil {
		return changes, err
	}
	for _, id := range next.work {
		closed, err := next.closeWork(state, id, workCancelled, now)
		if err != nil {
			return nil, err
		}
		changes = append(changes, closed...)
	}
	return changes, nil
}
