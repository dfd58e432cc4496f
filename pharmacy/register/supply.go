package register

import (
	"cmp"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// The codes of medicationdispense-type with which something is handed over.
const (
	fullyDispensed = "0001"
	partDispensed  = "0003"
)

// StatesSupply is how much a MedicationDispense states to have been handed over: of a
// status and a type by which something was, and no amount where it does not say how
// much. ok is false for one that states no supply.
func StatesSupply(d fhir.Node) (q Quantity, ok bool) {
	if nhs.SuppliedElsewhere(d) {
		return q, false // by another pharmacy, whose register has it
	}
	switch d.Get("status").Text() {
	case "entered-in-error", "cancelled", "declined":
		return q, false
	case "completed":
	default:
		if !d.Get("whenHandedOver").Exists() {
			return q, false
		}
	}
	if typ := nhs.Coded(d.Get("type"), nhs.CSLineStatus); typ != "" && typ != fullyDispensed && typ != partDispensed {
		return q, false
	}
	q, ok = readQuantity(d.Get("quantity"))
	if ok && !q.Value.IsPositive() {
		return q, false
	}
	return q, true
}

// supply is the entry of a version of a MedicationDispense with its page; nil where
// it states no supply of what the register is kept for.
func (s *Service) supply(state fhir.State, v *fhir.Version) (*Entry, *Page, error) {
	return s.stated(state, v, true)
}

// Stated is what a version of a MedicationDispense states to have been supplied, as the
// register would enter it, of a medicine of any schedule; nil for nothing.
func (s *Service) Stated(state fhir.State, v *fhir.Version) (*Entry, *Page, error) {
	return s.stated(state, v, false)
}

// Keeps reports whether the register is kept for a schedule on a day.
func (s *Service) Keeps(schedule string, on nhs.Date) bool { return kept(schedule, on, s.also) }

func (s *Service) stated(state fhir.State, v *fhir.Version, keptAlone bool) (*Entry, *Page, error) {
	if v.Deleted() {
		return nil, nil, nil
	}
	r, err := v.Resource()
	if err != nil {
		return nil, nil, err
	}
	d := r.Root()
	q, ok := StatesSupply(d)
	if !ok {
		return nil, nil, nil
	}
	e := &Entry{Kind: Supplied, Date: d.Get("whenHandedOver").Text(),
		By: Party{ID: v.Requester.Agent, Name: v.Requester.Display}, Source: sourceOf(v), Batch: batchOf(d)}
	if e.Date == "" {
		e.Date = instant(v.LastUpdated)
	}
	on := nhs.ReadDate(e.Date)
	within, order, err := orderOf(state, d)
	if err != nil {
		return nil, nil, err
	}
	var p Product
	if e.Product, p, err = medicineOf(state, s.medicines, d, claimedBy(within), on); err != nil {
		return nil, nil, err
	}
	if keptAlone && !kept(p.Schedule, on, s.also) {
		return nil, nil, nil
	}
	e.Order = within.Path("groupIdentifier", "value").Text()
	if e.Org, err = s.pharmacyOf(state, d, e.Order, v.Requester); err != nil {
		return nil, nil, err
	}
	page := newPage(s.medicines, e.Org, Register, p, q, on)
	e.Page, e.Unit, e.Change = page.ID, page.Unit, q.Value.Neg()
	if q.Value.IsZero() {
		e.Reason = "The record of the supply does not say how much."
	}
	if e.Other, e.Patient, err = patientOf(state, d.Get("subject")); err != nil {
		return nil, nil, err
	}
	if e.Authority, err = prescriberOf(state, order.Get("requester")); err != nil {
		return nil, nil, err
	}
	e.collected(d)
	return e, page, nil
}

// sourceOf is the reference to a version.
func sourceOf(v *fhir.Version) string { return v.Ref() + "/_history/" + v.VersionID }

// medicineOf is the medicine of a MedicationDispense, or of what else is supplied, on a day, and its product: of all
// that names it, what is known to be of the strictest schedule, and the first where
// nothing is known.
func medicineOf(state fhir.State, known Medicines, d fhir.Node, claimed string, on nhs.Date) (c fhir.Coding, p Product, err error) {
	concept, ref := d.Get("medicationCodeableConcept"), d.Get("medicationReference")
	for _, goods := range []fhir.Node{d, d.Get("suppliedItem")} { // of a SupplyRequest, of a SupplyDelivery
		if one := goods.Get("itemCodeableConcept"); one.Exists() {
			concept = one
		}
		if one := goods.Get("itemReference"); one.Exists() {
			ref = one
		}
	}
	if !concept.Exists() && ref.Exists() {
		concept = nhs.Contained(d, ref).Get("code")
		if r, err := current(state, ref.Get("reference").Text()); err != nil {
			return c, p, err
		} else if r != nil {
			concept = r.Get("code")
		}
	}
	var named []fhir.Coding
	for n := range concept.Get("coding").Items() {
		named = append(named, fhir.Coding{System: n.Get("system").Text(), Code: n.Get("code").Text(), Display: n.Get("display").Text()})
	}
	named = append(named, fhir.Coding{Display: concept.Get("text").Text()}, fhir.Coding{Display: ref.Get("display").Text()})
	for i, one := range named {
		q := product(known, one, claimed, on)
		if i == 0 || strictness(q) < strictness(p) {
			c, p = one, q
		}
	}
	return c, p, nil
}

// strictness orders products: by schedule, and those of which the code is known first.
func strictness(p Product) string {
	schedule := cmp.Or(p.Schedule, "none")
	if p.Code == "" {
		return schedule + " unknown"
	}
	return schedule
}

// batchOf is the batch that a note tells, as Task/$dispense writes it.
func batchOf(d fhir.Node) string {
	for n := range d.Get("note").Items() {
		if batch, ok := strings.CutPrefix(n.Get("text").Text(), "Batch "); ok {
			return batch
		}
	}
	return ""
}

// orderOf is the order of a supply: as it carries it, and as the server has it, which
// is the former where the server has none.
func orderOf(state fhir.State, d fhir.Node) (within, order fhir.Node, err error) {
	for ref := range d.Get("authorizingPrescription").Items() {
		if c := nhs.Contained(d, ref); c.Exists() {
			within = c
			continue
		}
		r, err := current(state, ref.Get("reference").Text())
		if err != nil {
			return within, order, err
		}
		if r != nil && r.Type() == "MedicationRequest" {
			order = r.Root()
		}
	}
	if !within.Exists() {
		within = order
	}
	if !order.Exists() {
		order = within
	}
	return within, order, nil
}

// claimedBy is the schedule that an order says.
func claimedBy(order fhir.Node) string {
	return nhs.Extension(nhs.Extension(order, nhs.ExtControlled), "schedule").Path("valueCoding", "code").Text()
}

// pharmacyOf is the pharmacy that supplied: the one that the Task of the prescription
// is with, which the server established; else what the supply says, its writer's
// organisation, and the pharmacy of the server.
func (s *Service) pharmacyOf(state fhir.State, d fhir.Node, number string, who fhir.Principal) (string, error) {
	if number != "" {
		owner, err := ownerOf(state, number)
		if err != nil || owner != "" {
			return owner, err
		}
	}
	for p := range d.Get("performer").Items() {
		role := nhs.Contained(d, p.Get("actor"))
		if ods := role.Path("organization", "identifier", "value").Text(); ods != "" {
			return ods, nil
		}
		org, err := current(state, role.Path("organization", "reference").Text())
		if err != nil {
			return "", err
		}
		if org != nil {
			if ods := nhs.Identifier(org.Root(), nhs.IDODS).Text(); ods != "" {
				return ods, nil
			}
		}
	}
	if who.OnBehalf != "" {
		return who.OnBehalf, nil
	}
	return s.site, nil
}

// ownerOf is the pharmacy that all Tasks of a prescription are with, "" where that is
// none or several.
func ownerOf(state fhir.State, number string) (owner string, err error) {
	ids, err := state.Find("Task", nhs.Query("group-identifier", nhs.IDOrder, number))
	if err != nil {
		return "", err
	}
	for _, id := range ids {
		r, err := current(state, "Task/"+id)
		if err != nil {
			return "", err
		}
		if r == nil {
			continue
		}
		ods := r.Root().Path("owner", "identifier", "value").Text()
		if owner != "" && ods != "" && !strings.EqualFold(owner, ods) {
			return "", nil
		}
		if ods != "" {
			owner = ods
		}
	}
	return owner, nil
}

// same reports whether two entries of a supply say the same of it, as far as the
// supply itself does.
func (e *Entry) same(o *Entry) bool {
	return e.Page == o.Page && e.Change.Equal(o.Change) && e.Date == o.Date && e.Product == o.Product && e.Batch == o.Batch &&
		e.Patient == o.Patient && e.Order == o.Order && e.Collector == o.Collector && e.Requested == o.Requested && e.Provided == o.Provided
}

// sum is what entries add to a balance.
func sum(entries []*Entry) (total decimal.Decimal) {
	for _, e := range entries {
		total = total.Add(e.Change)
	}
	return total
}
