package dispensing

import (
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// update writes the Task as it now stands, on the version it was read from.
func (x *execution) update(now time.Time) fhir.Change {
	return fhir.Change{Method: fhir.Update, Type: "Task", ID: x.version.ID, Resource: x.revised(now), IfMatch: x.version.VersionID, Expression: "Task"}
}

// orderFor is the stored order of a line.
func (x *execution) orderFor(l *Line) *order {
	for _, o := range x.orders {
		if o.version.Ref() == l.Ref {
			return o
		}
	}
	return nil
}

// rewrite writes an order with some members changed.
func (o *order) rewrite(pairs ...any) fhir.Change {
	return fhir.Change{Method: fhir.Update, Type: "MedicationRequest", ID: o.version.ID, Resource: revise(o.resource, pairs...),
		IfMatch: o.version.VersionID, Expression: "MedicationRequest"}
}

// become changes the order's status, and nothing when it has it already.
func (o *order) become(status string) []fhir.Change {
	if o.resource.Get("status").Text() == status {
		return nil
	}
	return []fhir.Change{o.rewrite("status", status)}
}

// history is the extension that tells what became of a cancellation.
func history(code string, now time.Time) fhir.Value {
	return fhir.Obj("url", nhs.ExtHistory, "extension", fhir.List(
		fhir.Obj("url", "status", "valueCoding", nhs.CodingValue(nhs.Coding(nhs.CSHistory, code))),
		fhir.Obj("url", "statusDate", "valueDateTime", nhs.Stamp(now))))
}
