package invoicing

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing/prices"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// supplied is the issue of a private prescription with what was supplied of it.
type supplied struct {
	order    string // short-form id
	issue    int    // 1, 2, … of a repeatable prescription
	task     string // Task/1
	pharmacy string // ODS code of who supplied
	clinic   string // ODS code of who prescribed
	patient  string // Patient/1
	asked    string // when the Task was written: the day of what is not supplied yet
	items    []item
	supplies []supply
	bagged   []supply // that wait in the bag, and are not supplied yet
}

// item is an item of the prescription.
type item struct {
	number   string
	product  []fhir.Coding
	quantity decimal.Decimal
	unit     string
	status   string // medicationdispense-type
}

// supply is one thing to charge for: a medicine that was handed over, or a delivery.
type supply struct {
	source   string // what it is known by within the prescription
	item     string // of which it is
	pharmacy string // ODS code of who supplied, "" where that is who has the prescription
	kind     string // medicine or delivery
	service  string // MedicationDispense/1
	product  []fhir.Coding
	quantity decimal.Decimal
	unit     string
	when     string // handed over
	sent     bool   // from the bag: a courier has it
}

// day is the day on which a supply is priced.
func (s supply) day() nhs.Date { return nhs.ReadDate(s.when) }

// same reports whether two supplies are the same, as they are told.
func (s supply) same(o supply) bool {
	return s.source == o.source && s.kind == o.kind && s.quantity.Equal(o.quantity) && s.unit == o.unit && s.when == o.when && slices.Equal(s.codes(), o.codes())
}

// codes are the codes of the medicine.
func (s supply) codes() (list []string) {
	for _, c := range s.product {
		if c.Code != "" && !slices.Contains(list, c.Code) {
			list = append(list, c.Code)
		}
	}
	return list
}

// account is the account of the prescription with a pharmacy: another one may supply
// what this one has left.
func (d *supplied) account(pharmacy string) string {
	return pharmacy + "/" + d.order + "/" + strconv.Itoa(d.issue)
}

// of is the pharmacy that made a supply, or is to make it.
func (d *supplied) of(s supply) string {
	if s.pharmacy != "" {
		return s.pharmacy
	}
	return d.pharmacy
}

// private reports whether an order is one that the patient or the clinic pays.
func private(request *fhir.Resource) bool {
	return nhs.Private(nhs.Extension(request.Root(), nhs.ExtPrescriptionType).Path("valueCoding", "code").Text())
}

// issueOf is which issue of a prescription a Task is of.
func issueOf(task *fhir.Resource) int {
	n, err := strconv.Atoi(nhs.Extension(nhs.Extension(task.Root(), nhs.ExtRepeat), "numberOfRepeatsIssued").Get("valueInteger").Text())
	if err != nil {
		return 1
	}
	return n + 1
}

// readSupplied reads the Task of a private prescription and all that it names; nil
// for any other.
func readSupplied(state fhir.State, v *fhir.Version) (*supplied, error) {
	task, err := v.Resource()
	if err != nil || task == nil || task.Root().Path("groupIdentifier", "system").Text() != nhs.IDOrder {
		return nil, err
	}
	d := &supplied{order: task.Root().Path("groupIdentifier", "value").Text(), issue: issueOf(task), task: v.Ref(),
		pharmacy: strings.ToUpper(task.Root().Path("owner", "identifier", "value").Text()), clinic: strings.ToUpper(task.Root().Path("requester", "identifier", "value").Text()),
		patient: task.Root().Path("for", "reference").Text(), asked: v.LastUpdated.UTC().Format(time.RFC3339)}
	mine, err := d.readItems(state, task)
	if err != nil || !mine {
		return nil, err
	}
	d.readBag(task)
	for out := range task.Get("output").Items() {
		message, err := standing(state, "Bundle", out.Path("valueReference", "reference").Text())
		if err != nil {
			return nil, err
		}
		if message == nil {
			continue
		}
		bundle, err := message.Resource()
		if err != nil {
			return nil, err
		}
		d.readNotification(bundle, message.LastUpdated)
	}
	if n := len(d.supplies); d.pharmacy == "" && n > 0 { // nobody has it any more
		d.pharmacy = d.supplies[n-1].pharmacy
	}
	return d, nil
}

// readItems reads the items of the prescription; false where it is not private.
func (d *supplied) readItems(state fhir.State, task *fhir.Resource) (bool, error) {
	mine := false
	for in := range task.Get("input").Items() {
		ref := in.Get("valueReference")
		if ref.Path("identifier", "system").Text() != nhs.IDItem {
			continue
		}
		request, err := current(state, "MedicationRequest", ref.Get("reference").Text())
		if err != nil {
			return false, err
		}
		if request == nil {
			continue
		}
		if !private(request) {
			return false, nil
		}
		mine = true
		quantity := request.Root().Path("dispenseRequest", "quantity")
		x := item{number: ref.Path("identifier", "value").Text(), product: codings(request.Get("medicationCodeableConcept")), unit: quantity.Get("unit").Text(),
			status: nhs.Extension(nhs.Extension(in, nhs.ExtDispensing), "dispenseStatus").Path("valueCoding", "code").Text()}
		x.quantity, _ = prices.Quantity(quantity.Get("value").Text())
		d.items = append(d.items, x)
	}
	return mine, nil
}

func codings(concept fhir.Node) (list []fhir.Coding) {
	for c := range concept.Get("coding").Items() {
		list = append(list, fhir.Coding{System: c.Get("system").Text(), Code: c.Get("code").Text(), Display: c.Get("display").Text()})
	}
	if text := concept.Get("text").Text(); text != "" {
		list = append(list, fhir.Coding{Display: text})
	}
	return list
}

func (d *supplied) item(number string) *item {
	for i := range d.items {
		if nhs.SameUUID(d.items[i].number, number) {
			return &d.items[i]
		}
	}
	return nil
}

// readBag reads what waits in the bag. What a courier took at one time is one delivery,
// and so is all that waits for one.
func (d *supplied) readBag(task *fhir.Resource) {
	var deliveries []supply
	for in := range task.Get("input").Items() {
		if nhs.Coded(in.Get("type"), csDispensing) != "bagged" {
			continue
		}
		part := func(name, value string) fhir.Node {
			return nhs.Extension(nhs.Extension(in, extDispensing), name).Get(value)
		}
		x := d.item(part("item", "valueString").Text())
		if x == nil || part("void", "valueBoolean").Bool() {
			continue
		}
		s := supply{source: "bag/" + x.number, item: x.number, kind: medicine, product: x.product, unit: part("quantity", "valueQuantity").Get("unit").Text(), when: in.Path("valueAnnotation", "time").Text(), sent: part("stage", "valueString").Text() == "dispatched"}
		s.quantity, _ = prices.Quantity(part("quantity", "valueQuantity").Get("value").Text())
		if c := part("product", "valueCoding"); c.Get("code").Exists() {
			s.product = append([]fhir.Coding{{System: c.Get("system").Text(), Code: c.Get("code").Text(), Display: c.Get("display").Text()}}, x.product...)
		}
		d.bagged = append(d.bagged, s)
		if part("for", "valueCode").Text() == "delivery" {
			x := supply{source: "bag/delivery", kind: delivery, quantity: decimal.NewFromInt(1), unit: delivery, when: s.when, sent: s.sent}
			if s.sent {
				x.source += "/" + part("left", "valueString").Text()
			}
			if i := slices.IndexFunc(deliveries, func(o supply) bool { return o.source == x.source && o.sent == x.sent }); i >= 0 {
				deliveries[i] = x
			} else {
				deliveries = append(deliveries, x)
			}
		}
	}
	d.bagged = append(d.bagged, deliveries...)
}

// readNotification reads what a dispense-notification says was handed over: on the day
// on which it was recorded, where it does not say on which. What is delivered at one time
// is one delivery.
func (d *supplied) readNotification(bundle *fhir.Resource, recorded time.Time) {
	seen := map[string]int{}
	delivered, by := "", ""
	place := -1
	for e := range bundle.Get("entry").Items() {
		r := e.Get("resource")
		place++
		if nhs.TypeOf(r) != "MedicationDispense" {
			continue
		}
		// As package dispensing counts the supplies of one number.
		number := nhs.Identifier(r, nhs.IDDispense).Text()
		if number == "" {
			number = e.Get("fullUrl").Text() + "#" + strconv.Itoa(place)
		}
		key := strings.ToLower(number)
		if seen[key]++; seen[key] > 1 {
			number += "#" + strconv.Itoa(seen[key])
		}
		status := nhs.Coded(r.Get("type"), nhs.CSLineStatus)
		s := supply{source: number, pharmacy: supplier(bundle, r), kind: medicine, product: productOf(bundle, r), unit: r.Path("quantity", "unit").Text(), when: r.Get("whenHandedOver").Text(),
			service: "MedicationDispense/" + pharmacy.ID("MedicationDispense", d.order, strconv.Itoa(d.issue), number)}
		if s.day().IsZero() {
			s.when = recorded.UTC().Format(time.RFC3339)
		}
		value := r.Path("quantity", "value").Text()
		var known bool
		s.quantity, known = prices.Quantity(value)
		if status != "0001" && status != "0003" || !known && isNone(value) {
			continue
		}
		if x := d.item(nhs.Identifier(nhs.Contained(r, r.Get("authorizingPrescription").Item(0)), nhs.IDItem).Text()); x != nil {
			s.item = x.number
			s.product = append(s.product, x.product...) // where the list has what was ordered alone
		}
		d.supplies = append(d.supplies, s)
		by = s.pharmacy
		if nhs.Extension(nhs.Extension(r, nhs.ExtOwnCollection), "method").Get("valueCode").Text() == "delivered" && delivered == "" {
			delivered = s.when
		}
	}
	if delivered != "" {
		d.supplies = append(d.supplies, supply{source: "delivery/" + delivered, pharmacy: by, kind: delivery, when: delivered, quantity: decimal.NewFromInt(1), unit: delivery})
	}
}

// isNone reports whether a quantity says that nothing is supplied. What is not
// understood is charged, and waits for a price.
func isNone(quantity string) bool {
	return quantity == "" || strings.Trim(quantity, "0.") == "" || strings.HasPrefix(quantity, "-")
}

// supplier is the pharmacy that a MedicationDispense of a message says has supplied, ""
// where it names none by its ODS code.
func supplier(bundle *fhir.Resource, dispense fhir.Node) string {
	role := nhs.Contained(dispense, dispense.Get("performer").Item(0).Get("actor"))
	of := role.Get("organization")
	id, ods := of.Get("identifier"), ""
	if system := id.Get("system"); !system.Exists() || system.Text() == nhs.IDODS {
		ods = id.Get("value").Text()
	}
	if ods == "" {
		ods = nhs.Identifier(entryOf(bundle, of.Get("reference").Text()), nhs.IDODS).Text()
	}
	return strings.ToUpper(ods)
}

// entryOf is the entry of a Bundle that a reference names, absent for none.
func entryOf(bundle *fhir.Resource, ref string) fhir.Node {
	for e := range bundle.Get("entry").Items() {
		if ref != "" && strings.EqualFold(e.Get("fullUrl").Text(), ref) {
			return e.Get("resource")
		}
	}
	return fhir.Node{}
}

// productOf is what a MedicationDispense of a message supplies.
func productOf(bundle *fhir.Resource, dispense fhir.Node) []fhir.Coding {
	if c := dispense.Get("medicationCodeableConcept"); c.Exists() {
		return codings(c)
	}
	ref := dispense.Get("medicationReference")
	if m := nhs.Contained(dispense, ref); m.Exists() {
		return codings(m.Get("code"))
	}
	return codings(entryOf(bundle, ref.Get("reference").Text()).Get("code"))
}
