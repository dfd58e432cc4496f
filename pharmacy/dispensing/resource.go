package dispensing

import (
	"strings"

	dpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/datatypes_go_proto"
	mrpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/medication_request_go_proto"
	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/typed"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// prescription gathers the orders of one prescription, as its first issue.
func prescription(orders []*order) (*Prescription, error) {
	p := &Prescription{Issue: 1, Issues: 1}
	for i, o := range orders {
		t, err := fhir.Made(o.version, termsOf)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			*p = t.common
		}
		if o.version.LastUpdated.Before(p.Received) {
			p.Received = o.version.LastUpdated
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
	o, err := readOrder(v)
	if err != nil {
		return nil, err
	}
	mr, err := typed.To[*mrpb.MedicationRequest](o.resource)
	if err != nil {
		return nil, err
	}
	t := &terms{common: Prescription{Issue: 1, Issues: 1}, line: lineOf(o, mr)}
	t.common.read(o, mr)
	return t, nil
}

// read takes from an order what all orders of the prescription have in common.
func (p *Prescription) read(o *order, mr *mrpb.MedicationRequest) {
	p.Order = mr.GetGroupIdentifier().GetValue().GetValue()
	p.UUID = find(mr.GetGroupIdentifier().GetExtension(), nhs.ExtPrescriptionID).GetValue().GetIdentifier().GetValue().GetValue()
	p.Type = codingFrom(find(mr.GetExtension(), nhs.ExtPrescriptionType).GetValue().GetCoding()).Code
	p.Therapy = firstCoding(mr.GetCourseOfTherapyType())
	p.Patient = partyFrom(mr.GetSubject())
	p.Nominee = partyFrom(mr.GetDispenseRequest().GetPerformer())
	if p.Therapy.Code == repeatDispensing {
		p.Issues += int(mr.GetDispenseRequest().GetNumberOfRepeatsAllowed().GetValue())
	}
	p.Start = nhs.ReadDate(o.resource.Root().Path("dispenseRequest", "validityPeriod", "start").Text())
	p.Signed = nhs.ReadDate(o.resource.Get("authoredOn").Text())
	p.Received = o.version.LastUpdated
}

// lineOf is the order as an item that waits.
func lineOf(o *order, mr *mrpb.MedicationRequest) Line {
	q := mr.GetDispenseRequest().GetQuantity()
	value, _ := amount(q.GetValue().GetValue())
	controlled := find(mr.GetExtension(), nhs.ExtControlled).GetExtension()
	l := Line{
		Item: o.item(), Ref: o.version.Ref(), Product: firstCoding(mr.GetMedication().GetCodeableConcept()),
		Quantity: Quantity{value, q.GetUnit().GetValue(), q.GetSystem().GetValue(), q.GetCode().GetValue()},
		Schedule: codingFrom(find(controlled, "schedule").GetValue().GetCoding()).Code,
		Words:    find(controlled, "quantityWords").GetValue().GetStringValue().GetValue(),
		Status:   ToBeDispensed, Doomed: o.doomed(), Medicines: medicinesOf(conceptOf(o.resource.Root())),
	}
	l.Claimed = l.Schedule
	l.Supplied = l.Quantity.Of(decimal.Zero)
	if o.cancelled() {
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

func partyFrom(r *dpb.Reference) Party {
	return Party{ID: r.GetIdentifier().GetValue().GetValue(), Name: r.GetDisplay().GetValue(), Ref: typed.Reference(r)}
}

// localID splits "Patient/1" when it is of the type.
func localID(ref, typ string) string {
	id, _ := strings.CutPrefix(ref, typ+"/")
	if id == ref {
		return ""
	}
	return id
}
