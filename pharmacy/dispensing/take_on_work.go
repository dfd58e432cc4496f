package dispensing

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/takeon"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// takeOnQueue is the queue of what somebody has to look at of what was taken on.
const takeOnQueue = "take-on"

// csTakeOn is the code system of why something is in the queue, and of what became of it.
const csTakeOn = nhs.Own + "CodeSystem/take-on"

// Why something is in the queue.
const (
	reasonProduct = "product"
	reasonPatient = "patient"
	reasonOwing   = "owing"
)

// work is a piece of work in the queue.
type work struct {
	reason, focus, text string
	place               takeon.Place
	last                nhs.Date
}

// reconcile plans the Task of a piece of work.
func (t *taking) reconcile(p *takenPatient, w work) error {
	id := pharmacy.ID("Task", takeOnQueue, w.reason, w.focus)
	var until fhir.Value
	if !w.last.IsZero() {
		until = fhir.Obj("period", fhir.Obj("end", w.last.String()))
	}
	r := fhir.Obj("resourceType", "Task", "id", id,
		"status", workOpen, "intent", "order", "priority", "routine",
		"code", nhs.Concept(nhs.Coding(csQueue, takeOnQueue)),
		"focus", fhir.Obj("reference", w.focus),
		"for", fhir.Obj("reference", "Patient/"+p.id, "display", p.name),
		"authoredOn", nhs.Stamp(t.now), "lastModified", nhs.Stamp(t.now),
		"owner", t.owner.Organization(),
		"reasonCode", fhir.Obj("coding", fhir.List(nhs.CodingValue(nhs.Coding(csTakeOn, w.reason))), "text", w.text),
		"restriction", until).Resource()
	isNew, err := t.add(p, r)
	if isNew {
		t.Reconcile = append(t.Reconcile, ToReconcile{Task: "Task/" + id, Reason: w.reason, Text: w.text, From: w.place})
	}
	return err
}
