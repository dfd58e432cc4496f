package prescription

import (
	dpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/datatypes_go_proto"
	mrpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/medication_request_go_proto"
	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/typed"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// FromOrders gathers the orders of one prescription, as its first issue.
func FromOrders(orders []*Order) (*Prescription, error) {
	p := &Prescription{Issue: 1, Issues: 1}
	for i, o := range orders {
		t, err := fhir.Made(o.Version, termsOf)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			*p = t.common
		}
		if o.Version.LastUpdated.Before(p.Received) {
			p.Received = o.Version.LastUpdated
		}
		p.Lines = append(p.Lines, t.line)
	}
	return p, nil
}

// terms are what an order says.
type terms struct {
	common Prescription // what all orders of the prescription have in common, as its first issue
	line   Line
}

func termsOf(v *fhir.Version) (*terms, error) {
	o, err := ReadOrder(v)
	if err != nil {
		return nil, err
	}
	mr, err := typed.To[*mrpb.MedicationRequest](o.Resource)
	if err != nil {
		return nil, err
	}
	t := &terms{common: Prescription{Issue: 1, Issues: 1}, line: lineOf(o, mr)}
	t.common.read(o, mr)
	return t, nil
}

// read takes from an order what all orders of the prescription have in common.
func (p *Prescription) read(o *Order, mr *mrpb.MedicationRequest) {
	p.Order = mr.GetGroupIdentifier().GetValue().GetValue()
	p.UUID = find(mr.GetGroupIdentifier().GetExtension(), nhs.ExtPrescriptionID).GetValue().GetIdentifier().GetValue().GetValue()
	p.Type = codingFrom(find(mr.GetExtension(), nhs.ExtPrescriptionType).GetValue().GetCoding()).Code
	p.Therapy = firstCoding(mr.GetCourseOfTherapyType())
	p.Patient = partyFrom(mr.GetSubject())
	p.Nominee = partyFrom(mr.GetDispenseRequest().GetPerformer())
	if p.Therapy.Code == RepeatDispensing {
		p.Issues += int(mr.GetDispenseRequest().GetNumberOfRepeatsAllowed().GetValue())
	}
	p.Start = nhs.ReadDate(o.Resource.Root().Path("dispenseRequest", "validityPeriod", "start").Text())
	p.Signed = nhs.ReadDate(o.Resource.Get("authoredOn").Text())
	p.Received = o.Version.LastUpdated
}

// lineOf is the order as an item that waits.
func lineOf(o *Order, mr *mrpb.MedicationRequest) Line {
	q := mr.GetDispenseRequest().GetQuantity()
	value, _ := Amount(q.GetValue().GetValue())
	controlled := find(mr.GetExtension(), nhs.ExtControlled).GetExtension()
	l := Line{
		Item: o.Item(), Ref: o.Version.Ref(), Product: firstCoding(mr.GetMedication().GetCodeableConcept()),
		Quantity: Quantity{value, q.GetUnit().GetValue(), q.GetSystem().GetValue(), q.GetCode().GetValue()},
		Schedule: codingFrom(find(controlled, "schedule").GetValue().GetCoding()).Code,
		Words:    find(controlled, "quantityWords").GetValue().GetStringValue().GetValue(),
		Status:   ToBeDispensed, PendingCancellation: o.PendingCancellation(), Medicines: medicinesOf(MedicineOf(o.Resource.Root())),
	}
	l.Claimed = l.Schedule
	l.Instalment = instalmentOf(o.Resource.Root())
	l.Supplied = l.Quantity.Of(decimal.Zero)
	if o.Cancelled() {
		l.Status = LineCancelled
	}
	return l
}

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
