package dispensing

import (
	"strings"

	dpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/datatypes_go_proto"
	mrpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/medication_request_go_proto"
	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/typed"
)

// order is a stored MedicationRequest: the version that stands and its typed
// view.
type order struct {
	version  *fhir.Version
	resource *fhir.Resource
	*mrpb.MedicationRequest
}

func readOrder(v *fhir.Version) (*order, error) {
	r, err := v.Resource()
	if err != nil {
		return nil, err
	}
	m, err := typed.To[*mrpb.MedicationRequest](r)
	if err != nil {
		return nil, err
	}
	return &order{v, r, m}, nil
}

// number is the short-form id of the order's prescription, "" where it belongs
// to none.
func (o *order) number() string {
	if g := o.GetGroupIdentifier(); g.GetSystem().GetValue() == idOrder {
		return g.GetValue().GetValue()
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

func (o *order) item() string {
	for _, id := range o.Identifier {
		if id.GetSystem().GetValue() == idItem {
			return id.GetValue().GetValue()
		}
	}
	return o.version.ID
}

func (o *order) extension(url string) *dpb.Extension { return find(o.Extension, url) }

func find(list []*dpb.Extension, url string) *dpb.Extension {
	for _, e := range list {
		if e.GetUrl().GetValue() == url {
			return e
		}
	}
	return nil
}

func codingFrom(c *dpb.Coding) fhir.Coding {
	return fhir.Coding{System: c.GetSystem().GetValue(), Code: c.GetCode().GetValue(), Display: c.GetDisplay().GetValue()}
}

func firstCoding(c *dpb.CodeableConcept) fhir.Coding {
	if len(c.GetCoding()) == 0 {
		return fhir.Coding{Display: c.GetText().GetValue()}
	}
	return codingFrom(c.Coding[0])
}

// line is the order as an item that waits.
func (o *order) line() Line {
	q := o.GetDispenseRequest().GetQuantity()
	value, _ := decimal.NewFromString(q.GetValue().GetValue())
	l := Line{
		Item: o.item(), Ref: o.version.Ref(), Product: firstCoding(o.GetMedication().GetCodeableConcept()),
		Quantity: Quantity{value, q.GetUnit().GetValue(), q.GetSystem().GetValue(), q.GetCode().GetValue()},
		Schedule: codingFrom(find(o.extension(extControlled).GetExtension(), "schedule").GetValue().GetCoding()).Code,
		Words:    find(o.extension(extControlled).GetExtension(), "quantityWords").GetValue().GetStringValue().GetValue(),
		Status:   ToBeDispensed,
	}
	l.Supplied = l.Quantity.Of(decimal.Zero)
	switch o.resource.Get("status").Text() {
	case "cancelled", "entered-in-error":
		l.Status = LineCancelled
	}
	history := codingFrom(find(o.extension(extHistory).GetExtension(), "status").GetValue().GetCoding()).Code
	l.Doomed = history == "R-0002" || history == "R-0003"
	return l
}

// prescription gathers the orders of one prescription, as its first issue.
func prescription(orders []*order) *Prescription {
	first := orders[0]
	p := &Prescription{
		Order: first.number(), Issue: 1, Issues: 1,
		UUID:     find(first.GetGroupIdentifier().GetExtension(), extPrescriptionID).GetValue().GetIdentifier().GetValue().GetValue(),
		Type:     codingFrom(first.extension(extPrescriptionType).GetValue().GetCoding()).Code,
		Therapy:  firstCoding(first.GetCourseOfTherapyType()),
		Patient:  Party{Ref: typed.Reference(first.GetSubject()), ID: first.GetSubject().GetIdentifier().GetValue().GetValue(), Name: first.GetSubject().GetDisplay().GetValue()},
		Start:    readDate(first.resource.Root().Path("dispenseRequest", "validityPeriod", "start").Text()),
		Signed:   readDate(first.resource.Get("authoredOn").Text()),
		Received: first.version.LastUpdated,
	}
	if n := first.GetDispenseRequest().GetPerformer(); n != nil {
		p.Nominee = Party{ID: n.GetIdentifier().GetValue().GetValue(), Name: n.GetDisplay().GetValue(), Ref: typed.Reference(n)}
	}
	if p.Therapy.Code == repeatDispensing {
		p.Issues = 1 + int(first.GetDispenseRequest().GetNumberOfRepeatsAllowed().GetValue())
	}
	for _, o := range orders {
		p.Lines = append(p.Lines, o.line())
		if o.version.LastUpdated.Before(p.Received) {
			p.Received = o.version.LastUpdated
		}
	}
	return p
}

// localID splits "Patient/1" when it is of the type.
func localID(ref, typ string) string {
	id, _ := strings.CutPrefix(ref, typ+"/")
	if id == ref {
		return ""
	}
	return id
}
