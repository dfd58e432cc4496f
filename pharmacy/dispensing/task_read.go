package dispensing

import (
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// readTask reads a stored Task with the orders it is about. Tasks that are not
// of a prescription give nil.
func readTask(state fhir.State, v *fhir.Version) (*execution, error) {
	r, err := v.Resource()
	if err != nil || r == nil || !isOurs(r) {
		return nil, err
	}
	x := &execution{version: v, resource: r}
	lines, err := x.readInputs(state)
	if err != nil || len(x.orders) == 0 {
		return nil, err
	}
	if x.Prescription, err = prescription.FromOrders(x.orders); err != nil {
		return nil, err
	}
	x.Met, x.HoldReleases = x.readMet, x.readReleases
	x.Patient = prescription.ReadParty(r.Get("for"))
	x.Sender = prescription.ReadParty(r.Get("requester"))
	x.State = prescription.State{Status: r.Get("status").Text(), Business: nhs.Coded(r.Get("businessStatus"), nhs.CSBusinessStatus)}
	x.Owner = prescription.ReadParty(r.Get("owner"))
	x.Signed = nhs.ReadDate(r.Get("authoredOn").Text())
	if start := nhs.ReadDate(r.Root().Path("restriction", "period", "start").Text()); !start.IsZero() {
		x.Start = nhs.Later(x.Start, start)
	}
	x.readRepeats()
	for i := range x.Lines {
		x.Lines[i].Status = lines[i]
	}
	x.Originals, x.Approvals, x.Answers, x.Corrections, x.Checks, x.Bags, x.Owings = x.readOriginals, x.readApprovals, x.readAnswers, x.readCorrections, x.readChecks, x.readBags, x.readOwings
	x.work = openWorkOf(r)
	x.signed = signatureIn(r)
	x.agent = prescription.ReadParty(nhs.Extension(r.Root(), nhs.ExtAgent).Get("valueReference"))
	x.readOutputs()
	return x, x.readSupplied(state)
}

// isOurs recognises the Tasks that the service makes of prescriptions.
func isOurs(r *fhir.Resource) bool {
	return r.Type() == "Task" && nhs.Coded(r.Get("code"), nhs.CSEvent) == "prescription-order" &&
		r.Root().Path("groupIdentifier", "system").Text() == nhs.IDOrder
}

func (x *execution) readInputs(state fhir.State) (lines []prescription.LineStatus, err error) {
	for in := range x.resource.Get("input").Items() {
		switch {
		case x.readHold(in):
		case x.readRecord(in):
		case nhs.Coded(in.Get("type"), nhs.CSSNOMED) == aPrescription.Code:
			if in.Path("valueReference", "reference").Exists() {
				x.message = in.Path("valueReference", "identifier", "value").Text()
			}
		case nhs.Coded(in.Get("type"), nhs.CSSNOMED) == anItem.Code:
			o, err := currentOrder(state, in.Path("valueReference", "reference").Text())
			if err != nil {
				return nil, err
			}
			if o == nil {
				continue
			}
			x.orders = append(x.orders, o)
			lines = append(lines, prescription.LineStatus(nhs.Extension(nhs.Extension(in, nhs.ExtDispensing), "dispenseStatus").Path("valueCoding", "code").Text()))
		}
	}
	return lines, nil
}

// currentOrder reads a MedicationRequest, nil where it is gone.
func currentOrder(state fhir.State, ref string) (*prescription.Order, error) {
	v, err := state.Current("MedicationRequest", localID(ref, "MedicationRequest"))
	if err != nil || v == nil || v.Deleted() {
		return nil, err
	}
	return prescription.ReadOrder(v)
}

func (x *execution) readRepeats() {
	ext := nhs.Extension(x.resource.Root(), nhs.ExtRepeat)
	if n, err := strconv.Atoi(nhs.Extension(ext, "numberOfRepeatsIssued").Get("valueInteger").Text()); err == nil {
		x.Issue = n + 1
	}
}

func (x *execution) readOutputs() {
	for out := range x.resource.Get("output").Items() {
		ref := out.Get("valueReference")
		info := nhs.Extension(out, nhs.ExtRelease)
		r := taskOutput{id: ref.Path("identifier", "value").Text(), ref: ref.Get("reference").Text()}
		if nhs.Coded(out.Get("type"), nhs.CSTaskCode) == aRelease.Code {
			r.when = nhs.Extension(info, "dateDownloaded").Get("valueDateTime").Text()
			x.release = r
			continue
		}
		r.when = nhs.Extension(info, "dateLastIssuedDispensed").Get("valueDateTime").Text()
		x.supplies = append(x.supplies, r)
	}
}

// readSupplied adds up what the notifications that stand say was supplied.
func (x *execution) readSupplied(state fhir.State) error {
	for _, s := range x.supplies {
		v, err := state.Current("Bundle", localID(s.ref, "Bundle"))
		if err != nil {
			return err
		}
		if v == nil || v.Deleted() {
			continue
		}
		handed, err := fhir.Made(v, suppliedIn)
		if err != nil {
			return err
		}
		for _, h := range handed {
			if l := x.Line(h.item); l != nil {
				l.Supplied.Value = l.Supplied.Value.Add(h.amount)
				if h.amount.IsPositive() {
					l.SuppliedOn(h.on)
				}
			}
		}
	}
	return nil
}

// handed is how much of an item a notification says was handed over.
type handed struct {
	item   string
	amount decimal.Decimal
	on     nhs.Date // zero where it does not tell
}

// suppliedIn reads the supplies of a stored notification.
func suppliedIn(v *fhir.Version) (list []handed, err error) {
	r, err := v.Resource()
	if err != nil {
		return nil, err
	}
	for d := range message.Read(r, prescription.Law{}).All("MedicationDispense") {
		list = append(list, handed{nhs.Identifier(prescription.OrderWithin(d), nhs.IDItem).Text(), prescription.HandedOver(d), nhs.ReadDate(d.Get("whenHandedOver").Text())})
	}
	return list, nil
}
