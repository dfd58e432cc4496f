package prescription

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Order is a stored MedicationRequest: the current version.
type Order struct {
	Version  *fhir.Version
	Resource *fhir.Resource
}

// ReadOrder reads a stored MedicationRequest.
func ReadOrder(v *fhir.Version) (*Order, error) {
	r, err := v.Resource()
	if err != nil {
		return nil, err
	}
	return &Order{v, r}, nil
}

// Prescribed reports whether the order is part of a prescription.
func (o *Order) Prescribed() bool {
	return o.Resource.Root().Path("groupIdentifier", "system").Text() == nhs.IDOrder
}

// Number is the short-form id of the order's prescription, "" where it belongs
// to none.
func (o *Order) Number() string {
	if g := o.Resource.Get("groupIdentifier"); g.Get("system").Text() == nhs.IDOrder {
		return g.Get("value").Text()
	}
	return ""
}

// Issued reports whether the order is one that a pharmacy fills: active, and
// neither a plan nor the reflex of another order.
func (o *Order) Issued() bool {
	switch o.Resource.Get("intent").Text() {
	case "order", "original-order", "instance-order":
		return o.Resource.Get("status").Text() == "active"
	}
	return false
}

// Item is the number of the prescription's item; the order's own id where it
// has none.
func (o *Order) Item() string {
	if item := nhs.Identifier(o.Resource.Root(), nhs.IDItem).Text(); item != "" {
		return item
	}
	return o.Version.ID
}

// Cancelled reports whether the prescriber has taken the order back.
func (o *Order) Cancelled() bool {
	switch o.Resource.Get("status").Text() {
	case "cancelled", "entered-in-error":
		return true
	}
	return false
}

// PendingCancellation reports whether the order is marked for cancellation while it is with
// a dispenser.
func (o *Order) PendingCancellation() bool {
	code := nhs.Extension(nhs.Extension(o.Resource.Root(), nhs.ExtHistory), "status").Path("valueCoding", "code").Text()
	return code == VerdictWithDispenser.Code || code == VerdictDispenserActive.Code
}

// LongID is the UUID of an order's prescription.
func LongID(mr node) node {
	return nhs.Extension(mr.Get("groupIdentifier"), nhs.ExtPrescriptionID).Path("valueIdentifier", "value")
}

// Therapy is the code of courseOfTherapyType, whatever its system.
func Therapy(mr node) node { return mr.Get("courseOfTherapyType").Get("coding").Get("code") }

// RepeatDispensing is the course of therapy whose prescription is issued several
// times: a code of medicationrequest-course-of-therapy.
const RepeatDispensing = "continuous-repeat-dispensing"
