package dispensing

import (
	"context"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

var reconcileInputs = []fhir.Parameter{
	{Name: "outcome", Kinds: []string{"valueCode"}, Required: true, Doc: "What became of it: a code of " + csTakeOn + ". Of a product: matched or left; of a patient: same-person or other-person; of an owing: supplied-there, prescribed-anew or not-needed."},
	{Name: "product", Kinds: []string{"valueCoding"}, Doc: "With matched: the product of dm+d that it is."},
	{Name: "patient", Kinds: []string{"valueReference"}, Doc: "With same-person: the Patient who it is."},
	{Name: "note", Kinds: []string{"valueString"}, Required: true, Doc: "What was found out, in words."},
}

// outcomes are what may become of the work in the queue take-on, by why it is there.
var outcomes = map[string][]string{
	reasonProduct: {"matched", "left"},
	reasonPatient: {"same-person", "other-person"},
	reasonOwing:   {"supplied-there", "prescribed-anew", "not-needed"},
}

// reconcileTask is Task/…/$reconcile, by which somebody settles what the take-on left
// open: what a product is, whose a record is, what became of an owing.
func (s *Service) reconcileTask(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	const op = "reconcile"
	if call.Body == nil {
		return nil, noBody(op, "Parameters")
	}
	who, err := decider(s.db.State(ctx), call, op)
	if err != nil {
		return nil, err
	}
	return s.carryOut(ctx, once(call, op), func(state fhir.State) (*outcome, error) {
		v, task, err := s.takeOnTask(state, call)
		if err != nil {
			return nil, err
		}
		reason, said := nhs.Coded(task.Get("reasonCode"), csTakeOn), message.Parameter(call.Body, "outcome").Get("valueCode")
		switch {
		case task.Get("status").Text() != workOpen:
			return nil, refusal(op, fhir.Issue{Rule: "TAKE-3", Message: "It is settled already.", Expected: workOpen, Found: task.Get("status").Text(), Expression: "Task.status"})
		case !slices.Contains(outcomes[reason], said.Text()):
			return nil, refusal(op, fhir.Issue{Code: fhir.CodeInvalid, Rule: "TAKE-3", Message: "That cannot become of it.", Expected: strings.Join(outcomes[reason], ", "), Found: said.Text(), Expression: said.Expression(), Position: said.Position()})
		}
		note := message.Parameter(call.Body, "note").Get("valueString")
		if strings.TrimSpace(note.Text()) == "" {
			return nil, refusal(op, fhir.Issue{Code: fhir.Required, Rule: "TAKE-3", Message: "It is said what was found out.", Expected: "words", Found: "nothing", Expression: note.Expression(), Position: note.Position()})
		}
		changes, err := s.settled(state, call, task, said.Text())
		if err != nil {
			return nil, err
		}
		after := fhir.Revise(task, "status", workDone, "lastModified", nhs.Stamp(call.Time),
			"note", fhir.List(append(members(task.Get("note")), fhir.Obj("authorString", who.Name, "time", nhs.Stamp(call.Time), "text", note.Text()))...),
			"output", fhir.List(fhir.Obj("type", fhir.Obj("text", "outcome"), "valueCodeableConcept", nhs.Concept(nhs.Coding(csTakeOn, said.Text())))))
		changes = append(changes, fhir.Change{Method: fhir.Update, Type: "Task", ID: task.ID(), Resource: after, IfMatch: v.VersionID, Expression: "Task"})
		return &outcome{changes: changes, reply: &fhir.Reply{Resource: fhir.Revise(after, "meta", "")}}, nil
	})
}

// takeOnTask is the Task of the queue that an operation is invoked on: of the pharmacy
// that the caller acts for.
func (s *Service) takeOnTask(state fhir.State, call *fhir.Call) (*fhir.Version, *fhir.Resource, error) {
	v, err := state.Current("Task", call.ID)
	if err != nil {
		return nil, nil, err
	}
	if v == nil || v.Deleted() {
		return nil, nil, noTask("reconcile", call.ID)
	}
	task, err := v.Resource()
	if err != nil {
		return nil, nil, err
	}
	owner := prescription.ReadParty(task.Get("owner"))
	if who := call.Requester; who.Bound() && !who.ActsFor(owner.ID) {
		return nil, nil, noTask("reconcile", call.ID)
	}
	if nhs.Coded(task.Get("code"), csQueue) != takeOnQueue {
		return nil, nil, refusal("reconcile", fhir.Issue{Code: fhir.NotSupported, Rule: "TAKE-3", Message: "Task/" + call.ID + " is not of the queue " + takeOnQueue + ".", Expected: csQueue + "|" + takeOnQueue, Found: task.Get("code").Brief(), Expression: "Task.code"})
	}
	return v, task, nil
}

// settled are the changes that an outcome makes beside that of the Task.
func (s *Service) settled(state fhir.State, call *fhir.Call, task *fhir.Resource, said string) ([]fhir.Change, error) {
	product, patient := message.Parameter(call.Body, "product"), message.Parameter(call.Body, "patient")
	for _, p := range []struct {
		given node
		with  string
	}{{product, "matched"}, {patient, "same-person"}} {
		if p.given.Exists() != (said == p.with) {
			return nil, refusal("reconcile", fhir.Issue{Code: fhir.Invalid, Rule: "TAKE-3", Message: "The parameters product and patient go with the outcomes matched and same-person.", Expected: "product with matched, patient with same-person, neither with another", Found: said, Expression: "Parameters"})
		}
	}
	focus := task.Root().Path("focus", "reference").Text()
	switch said {
	case "matched":
		return s.matched(state, focus, product.Get("valueCoding"))
	case "same-person":
		return s.samePerson(state, call, localID(focus, "Patient"), patient.Get("valueReference"))
	case "supplied-there", "prescribed-anew", "not-needed":
		return revised(state, focus, "status", "stopped", "statusReasonCodeableConcept", nhs.Concept(nhs.Coding(csTakeOn, said)))
	}
	return nil, nil
}

// revised changes members of a record that was taken on.
func revised(state fhir.State, ref string, members ...any) ([]fhir.Change, error) {
	id := localID(ref, "MedicationDispense")
	v, err := state.Current("MedicationDispense", id)
	if err != nil || v == nil || v.Deleted() {
		return nil, err
	}
	r, err := v.Resource()
	if err != nil {
		return nil, err
	}
	return []fhir.Change{{Method: fhir.Update, Type: "MedicationDispense", ID: id, Resource: fhir.Revise(r, members...), IfMatch: v.VersionID, Expression: "MedicationDispense"}}, nil
}

// matched sets the product that a record is of.
func (s *Service) matched(state fhir.State, focus string, said node) ([]fhir.Change, error) {
	r, err := read(state, focus, "MedicationDispense")
	if err != nil || r == nil {
		return nil, err
	}
	text := r.Root().Path("medicationCodeableConcept", "text").Text()
	m, why := s.rules().Medicines.Match(fhir.Coding{System: said.Get("system").Text(), Code: said.Get("code").Text(), Display: text}, handedOn(r))
	if why != "" || m.Code == "" || said.Get("code").Text() == "" {
		return nil, refusal("reconcile", fhir.Issue{Code: fhir.CodeInvalid, Rule: "TAKE-3", Message: strings.TrimSpace("The product is not one of dm+d that this can be. " + why), Expected: "the code of a product that is " + text, Found: fhir.OrNothing(said.Get("code").Text()), Expression: said.Expression(), Position: said.Position()})
	}
	return revised(state, focus, "medicationCodeableConcept", fhir.Obj("coding", fhir.List(nhs.CodingValue(fhir.Coding{System: nhs.CSSNOMED, Code: m.Code, Display: m.Name})), "text", text))
}

// handedOn is the day of a supply that was taken on, or that of an owing's prescription.
func handedOn(r *fhir.Resource) nhs.Date {
	if on := nhs.ReadDate(r.Get("whenHandedOver").Text()); !on.IsZero() {
		return on
	}
	return nhs.ReadDate(r.Get("whenPrepared").Text())
}

// samePerson makes the record that was taken on another's: its supplies and its work are
// of that one then, and it is not active any more.
func (s *Service) samePerson(state fhir.State, call *fhir.Call, id string, said node) ([]fhir.Change, error) {
	wrong := fhir.Issue{Code: fhir.NotFound, Rule: "TAKE-3", Message: "There is no such other record of the pharmacy.", Expected: "a reference to another active Patient", Found: fhir.OrNothing(said.Get("reference").Text()), Expression: said.Expression(), Position: said.Position()}
	to := localID(said.Get("reference").Text(), "Patient")
	other, err := read(state, "Patient/"+to, "Patient")
	if err != nil {
		return nil, err
	}
	if other == nil || to == id || inactive(other.Root()) {
		return nil, refusal("reconcile", wrong)
	}
	rank, err := patientRank(state, s.site.ODS, call.Requester, to)
	if err != nil {
		return nil, err
	}
	if rank < 0 && call.Requester.Bound() {
		return nil, refusal("reconcile", wrong)
	}
	v, err := state.Current("Patient", id)
	if err != nil || v == nil || v.Deleted() {
		return nil, err
	}
	r, err := v.Resource()
	if err != nil {
		return nil, err
	}
	changes := []fhir.Change{{Method: fhir.Update, Type: "Patient", ID: id, IfMatch: v.VersionID, Expression: "Patient",
		Resource: fhir.Revise(r, "active", false, "link", fhir.List(fhir.Obj("other", fhir.Obj("reference", "Patient/"+to), "type", "replaced-by")))}}
	ids, err := state.Find("MedicationDispense", "patient=Patient/"+id)
	if err != nil {
		return nil, err
	}
	subject := fhir.Obj("reference", "Patient/"+to, "display", nameOf(other.Get("name")))
	for _, d := range ids {
		moved, err := revised(state, "MedicationDispense/"+d, "subject", subject)
		if err != nil {
			return nil, err
		}
		changes = append(changes, moved...)
	}
	work, err := s.movedWork(state, call, id, subject)
	return append(changes, work...), err
}

// movedWork are the changes of the open Tasks of the queue that are of a patient.
func (s *Service) movedWork(state fhir.State, call *fhir.Call, id string, subject fhir.Value) (changes []fhir.Change, err error) {
	ids, err := state.Find("Task", "patient=Patient/"+id+"&status="+workOpen+"&"+nhs.Query("code", csQueue, takeOnQueue))
	if err != nil {
		return nil, err
	}
	for _, t := range ids {
		v, err := state.Current("Task", t)
		if err != nil {
			return nil, err
		}
		if v == nil || v.Deleted() || t == call.ID {
			continue
		}
		r, err := v.Resource()
		if err != nil {
			return nil, err
		}
		changes = append(changes, fhir.Change{Method: fhir.Update, Type: "Task", ID: t, Resource: fhir.Revise(r, "for", subject), IfMatch: v.VersionID, Expression: "Task"})
	}
	return changes, nil
}
