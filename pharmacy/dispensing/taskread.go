package dispensing

import (
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
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
	if x.Prescription, err = prescription(x.orders); err != nil {
		return nil, err
	}
	x.met, x.releases = x.readMet, x.readReleases
	x.Patient = partyOf(r.Get("for"))
	x.Sender = partyOf(r.Get("requester"))
	x.State = State{r.Get("status").Text(), nhs.Coded(r.Get("businessStatus"), nhs.CSBusinessStatus)}
	x.Owner = partyOf(r.Get("owner"))
	x.Signed = nhs.ReadDate(r.Get("authoredOn").Text())
	if start := nhs.ReadDate(r.Root().Path("restriction", "period", "start").Text()); !start.IsZero() {
		x.Start = nhs.Later(x.Start, start)
	}
	x.readRepeats()
	for i := range x.Lines {
		x.Lines[i].Status = lines[i]
	}
	x.agent = partyOf(nhs.Extension(r.Root(), nhs.ExtAgent).Get("valueReference"))
	x.readOutputs()
	return x, x.readSupplied(state)
}

// isOurs recognises the Tasks that the service makes of prescriptions.
func isOurs(r *fhir.Resource) bool {
	return r.Type() == "Task" && nhs.Coded(r.Get("code"), nhs.CSEvent) == "prescription-order" &&
		r.Root().Path("groupIdentifier", "system").Text() == nhs.IDOrder
}

func partyOf(reference node) Party {
	return Party{ID: reference.Path("identifier", "value").Text(), Name: reference.Get("display").Text(), Ref: reference.Get("reference").Text()}
}

func (x *execution) readInputs(state fhir.State) (lines []LineStatus, err error) {
	for in := range x.resource.Get("input").Items() {
		switch {
		case x.readHold(in):
		case in.Path("type", "text").Text() == originalHeld:
			x.original = in.Get("valueString").Text()
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
			lines = append(lines, LineStatus(nhs.Extension(nhs.Extension(in, nhs.ExtDispensing), "dispenseStatus").Path("valueCoding", "code").Text()))
		}
	}
	return lines, nil
}

// currentOrder reads a MedicationRequest, nil where it is gone.
func currentOrder(state fhir.State, ref string) (*order, error) {
	v, err := state.Current("MedicationRequest", localID(ref, "MedicationRequest"))
	if err != nil || v == nil || v.Deleted() {
		return nil, err
	}
	return readOrder(v)
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
		r := record{id: ref.Path("identifier", "value").Text(), ref: ref.Get("reference").Text()}
		if nhs.Coded(out.Get("type"), nhs.CSTaskCode) == aRelease.Code {
			r.when = nhs.Extension(info, "dateDownloaded").Get("valueDateTime").Text()
			x.released = r
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
		r, err := v.Resource()
		if err != nil {
			return err
		}
		for d := range readMessage(r, Law{}).all("MedicationDispense") {
			x.addSupply(d)
		}
	}
	return nil
}

func (x *execution) addSupply(d node) {
	l := x.line(nhs.Identifier(authorizing(d), nhs.IDItem).Text())
	if l == nil {
		return
	}
	l.Supplied.Value = l.Supplied.Value.Add(suppliedBy(d))
}

// suppliedBy is how much a MedicationDispense handed over: nothing where it
// tells that the item was not dispensed, whatever quantity it repeats.
func suppliedBy(d node) decimal.Decimal {
	switch LineStatus(nhs.Coded(d.Get("type"), nhs.CSLineStatus)) {
	case FullyDispensed, PartDispensed:
		return readQuantity(d.Get("quantity")).Value
	}
	return decimal.Zero
}

// restart is the prescription as its next issue, waiting.
func (p *Prescription) restart(issue int) *Prescription {
	next := *p
	next.Issue, next.Owner, next.State = issue, Party{}, p.rest()
	next.Lines = nil
	for _, l := range p.Lines {
		if l.Status != LineCancelled {
			l.Status, l.Doomed, l.Supplied = ToBeDispensed, false, l.Quantity.Of(decimal.Zero)
			next.Lines = append(next.Lines, l)
		}
	}
	return &next
}
