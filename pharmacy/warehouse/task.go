package warehouse

import (
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// task is the Task of a prescription as far as goods are concerned.
type task struct {
	ref, org, patient string
	issue             int
	taken             bool // a pharmacy has it, and may supply of it
	lines             []line
	sendable          []string // numbers of the items that may be packed and sent
}

// line is an item of a prescription.
type line struct {
	request, number string
	product         []fhir.Coding
	schedule        string // that the order says, "" for none
	quantity        decimal.Decimal
	unit, system    string
	code            string
	outstanding     bool
	bags            []bag
}

// bag is what is in the bag of an item, or was put back from it.
type bag struct {
	quantity decimal.Decimal
	batch    string
	sent     bool // a courier has it
	back     bool // put back
	courier  string
}

// The codes of medicationdispense-type of items that are still to be supplied.
var outstanding = map[string]bool{"0003": true, "0004": true, "0007": true, "0008": true}

// readTask reads the Task of a prescription with its orders; nil for any other.
func readTask(state fhir.State, v *fhir.Version) (*task, error) {
	r, err := v.Resource()
	if err != nil || r == nil || r.Root().Path("groupIdentifier", "system").Text() != nhs.IDOrder || nhs.Coded(r.Get("code"), nhs.CSEvent) != "prescription-order" {
		return nil, err
	}
	t := &task{ref: v.Ref(), org: strings.ToUpper(r.Root().Path("owner", "identifier", "value").Text()), patient: r.Root().Path("for", "reference").Text(), issue: 1}
	if n, err := strconv.Atoi(nhs.Extension(nhs.Extension(r.Root(), nhs.ExtRepeat), "numberOfRepeatsIssued").Get("valueInteger").Text()); err == nil {
		t.issue = n + 1
	}
	status := r.Get("status").Text()
	t.taken = t.org != "" && (status == "accepted" || status == "in-progress")
	for in := range r.Get("input").Items() {
		ref := in.Get("valueReference")
		if ref.Path("identifier", "system").Text() != nhs.IDItem {
			continue
		}
		l := line{request: ref.Get("reference").Text(), number: ref.Path("identifier", "value").Text(),
			outstanding: outstanding[nhs.Extension(nhs.Extension(in, nhs.ExtDispensing), "dispenseStatus").Path("valueCoding", "code").Text()]}
		request, err := current(state, "MedicationRequest", l.request)
		if err != nil {
			return nil, err
		}
		if request == nil {
			continue
		}
		l.read(request)
		l.readBags(r)
		t.lines = append(t.lines, l)
	}
	return t, nil
}

func (l *line) read(request *fhir.Resource) {
	concept := request.Get("medicationCodeableConcept")
	for c := range concept.Get("coding").Items() {
		l.product = append(l.product, fhir.Coding{System: c.Get("system").Text(), Code: c.Get("code").Text(), Display: c.Get("display").Text()})
	}
	if text := concept.Get("text").Text(); text != "" {
		l.product = append(l.product, fhir.Coding{Display: text})
	}
	q := request.Root().Path("dispenseRequest", "quantity")
	l.quantity, l.unit, l.system, l.code = number(q.Get("value")), q.Get("unit").Text(), q.Get("system").Text(), q.Get("code").Text()
	l.schedule = nhs.Extension(nhs.Extension(request.Root(), nhs.ExtControlled), "schedule").Path("valueCoding", "code").Text()
}

// readBags reads what package dispensing records of the bag.
func (l *line) readBags(task *fhir.Resource) {
	for in := range task.Get("input").Items() {
		if nhs.Coded(in.Get("type"), csDispensing) != "bagged" {
			continue
		}
		said := nhs.Extension(in, extDispensing)
		part := func(name, value string) fhir.Node { return nhs.Extension(said, name).Get(value) }
		if !nhs.SameUUID(part("item", "valueString").Text(), l.number) {
			continue
		}
		b := bag{quantity: number(part("quantity", "valueQuantity").Get("value")), batch: part("batch", "valueString").Text(), sent: part("stage", "valueString").Text() != "",
			back: part("putBack", "valueString").Text() != "", courier: part("courier", "valueString").Text()}
		if b.back || !part("void", "valueBoolean").Bool() {
			l.bags = append(l.bags, b)
		}
	}
}

// productOf is the product of an item and the unit in which it is counted, as the
// ledger names them. What says a stricter schedule than the server knows counts.
func (s *Service) productOf(l *line, on nhs.Date) (p Product, unit string) {
	for _, c := range l.product {
		if known, ok := s.medicines.Product(c, on); ok {
			p = known
			break
		}
	}
	if p.key() == "" && len(l.product) > 0 {
		p = Product{Name: orElse(l.product[0].Display, l.product[0].Code)}
	}
	if p.Schedule == "" || l.schedule != "" && l.schedule < p.Schedule {
		p.Schedule = l.schedule
	}
	if unit = s.medicines.Unit(l.unit, l.system, l.code, on); unit == "" {
		unit = p.Unit
	}
	return p, unit
}
