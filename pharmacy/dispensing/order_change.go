package dispensing

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
)

// orderFor is the stored order of a line.
func (x *execution) orderFor(l *prescription.Line) *prescription.Order {
	for _, o := range x.orders {
		if o.Version.Ref() == l.Ref {
			return o
		}
	}
	return nil
}

// rewriteOrder writes an order with some members changed.
func rewriteOrder(o *prescription.Order, pairs ...any) fhir.Change {
	return fhir.Change{Method: fhir.Update, Type: "MedicationRequest", ID: o.Version.ID, Resource: fhir.Revise(o.Resource, pairs...),
		IfMatch: o.Version.VersionID, Expression: "MedicationRequest"}
}

// orderBecomes changes the order's status, and nothing when it has it already.
func orderBecomes(o *prescription.Order, status string) []fhir.Change {
	if o.Resource.Get("status").Text() == status {
		return nil
	}
	return []fhir.Change{rewriteOrder(o, "status", status)}
}
