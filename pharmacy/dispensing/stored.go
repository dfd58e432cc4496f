package dispensing

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// order is a stored MedicationRequest: the version that stands.
type order struct {
	version  *fhir.Version
	resource *fhir.Resource
}

func readOrder(v *fhir.Version) (*order, error) {
	r, err := v.Resource()
	if err != nil {
		return nil, err
	}
	return &order{v, r}, nil
}

// prescribed reports whether the order is part of a prescription.
func (o *order) prescribed() bool {
	return o.resource.Root().Path("groupIdentifier", "system").Text() == nhs.IDOrder
}

// number is the short-form id of the order's prescription, "" where it belongs
// to none.
func (o *order) number() string {
	if g := o.resource.Get("groupIdentifier"); g.Get("system").Text() == nhs.IDOrder {
		return g.Get("value").Text()
	}
	return ""
}

// issued reports whether the order is one that a pharmacy fills: active, and
// neither a plan nor the reflex of another order.
func (o *order) issued() bool {
	switch o.resource.Get("intent").Text() {
	case "order", "original-order", "instance-order":
		return o.resource.Get("status").Text() == "active"
	}
	return false
}

// item is the number of the prescription's item; the order's own id where it
// has none.
func (o *order) item() string {
	if item := nhs.Identifier(o.resource.Root(), nhs.IDItem).Text(); item != "" {
		return item
	}
	return o.version.ID
}

// cancelled reports whether the prescriber has taken the order back.
func (o *order) cancelled() bool {
	switch o.resource.Get("status").Text() {
	case "cancelled", "entered-in-error":
		return true
	}
	return false
}

// doomed reports whether the order is marked for cancellation while it is with
// a dispenser.
func (o *order) doomed() bool {
	code := nhs.Extension(nhs.Extension(o.resource.Root(), nhs.ExtHistory), "status").Path("valueCoding", "code").Text()
	return code == withDispenser.code || code == dispenserActive.code
}
