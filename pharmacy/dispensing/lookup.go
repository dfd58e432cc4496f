package dispensing

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// ordersOf reads all orders of a prescription that stand, in the order in
// which they came.
func ordersOf(state fhir.State, number string) ([]*prescription.Order, error) {
	ids, err := state.Find("MedicationRequest", nhs.Query("group-identifier", nhs.IDOrder, number))
	if err != nil {
		return nil, err
	}
	var list []*prescription.Order
	for _, id := range ids {
		o, err := currentOrder(state, "MedicationRequest/"+id)
		if err != nil {
			return nil, err
		}
		if o != nil && o.Number() == number {
			list = append(list, o)
		}
	}
	return list, nil
}

// currentIssue reads the Task of the latest issue of a prescription; nil when
// there is none yet.
func currentIssue(state fhir.State, number string) (*execution, error) {
	var latest *execution
	for issue := 1; ; issue++ {
		v, err := state.Current("Task", TaskID(number, issue))
		if err != nil || v == nil || v.Deleted() {
			return latest, err
		}
		x, err := readTask(state, v)
		if err != nil {
			return nil, err
		}
		if x == nil {
			return latest, nil
		}
		latest = x
	}
}

// issueWith reads the Task of the issue that a notification belongs to, the
// latest issue where none has it; nil when there is no Task.
func issueWith(state fhir.State, number, notification string) (*execution, error) {
	latest, err := currentIssue(state, number)
	for issue := 1; err == nil && latest != nil && notification != "" && issue < latest.Issue; issue++ {
		v, err := state.Current("Task", TaskID(number, issue))
		if err != nil {
			return nil, err
		}
		x, err := readTask(state, v)
		if err != nil {
			return nil, err
		}
		if nhs.SameUUID(x.lastSupply().id, notification) {
			return x, nil
		}
	}
	return latest, err
}

// taskAt reads the Task that an operation is invoked on.
func taskAt(state fhir.State, op, id string) (*execution, error) {
	v, err := state.Current("Task", id)
	if err != nil {
		return nil, err
	}
	if v == nil {
		return nil, noTask(op, id)
	}
	if v.Deleted() {
		return nil, fhir.E(op, fhir.Deleted, fhir.Issue{Message: "Task/" + id + " was deleted."})
	}
	x, err := readTask(state, v)
	if err == nil && x == nil {
		err = fhir.E(op, fhir.NotSupported, fhir.Issue{Message: "Task/" + id + " is not the Task of a prescription.",
			Expected: "a Task with the code " + nhs.CSEvent + "#prescription-order"})
	}
	return x, err
}

func noTask(op, id string) error {
	return fhir.E(op, fhir.NotFound, fhir.Issue{Message: "There is no Task/" + id + "."})
}

// read reads the resource that stands under a reference, nil when there is none.
func read(state fhir.State, ref, typ string) (*fhir.Resource, error) {
	id := localID(ref, typ)
	if id == "" {
		return nil, nil
	}
	v, err := state.Current(typ, id)
	if err != nil || v == nil {
		return nil, err
	}
	return v.Resource()
}

// sole reads the resource that an identifier finds, nil when there is none.
func sole(state fhir.State, typ, system, value string) (*fhir.Resource, error) {
	if value == "" {
		return nil, nil
	}
	ids, err := state.Find(typ, nhs.Query("identifier", system, value))
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	for _, id := range ids {
		if itself, err := enteredBy(state, typ, id, value); err != nil || itself {
			return read(state, typ+"/"+id, typ)
		}
	}
	return read(state, typ+"/"+ids[0], typ)
}

// enteredBy reports whether an entry of a directory was made for the organisation
// of a code, or by the operator.
func enteredBy(state fhir.State, typ, id, code string) (bool, error) {
	first, err := state.First(typ, id)
	if err != nil || first == nil {
		return false, err
	}
	who := first.Requester
	return strings.EqualFold(who.OnBehalf, code) || who.OnBehalf == "" && (who.Agent == "" || who.Agent == "Device/pestle"), nil
}

// localID splits "Patient/1" when it is of the type.
func localID(ref, typ string) string {
	id, _ := strings.CutPrefix(ref, typ+"/")
	if id == ref {
		return ""
	}
	return id
}
