package clinical

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// lookBack is how many days after it was recorded a supply is looked at: nothing
// that is dispensed lasts for longer than a year, and rules ask for some weeks
// after that.
const lookBack = 400

// gatherer reads what a check of one order needs to know.
type gatherer struct {
	state  fhir.State
	on     time.Time
	person person
	scope  scope
	order  *Order
	kinds  medicines
	// within are the refs of what the transaction that is judged writes: its
	// supplies do not count yet, and its orders count as open.
	within map[string]bool
	h      History
}

// about are the rules of a table that may find something of an order on a day.
func (t Table) about(o *Order, on time.Time) Table {
	out := Table{}
	for kind, rules := range t {
		for _, r := range rules {
			if r.holds(on) && r.concerns(o) {
				out[kind] = append(out[kind], r)
			}
		}
	}
	return out
}

// has reports whether a table has rules of a kind.
func (t Table) has(kinds ...string) bool {
	return slices.ContainsFunc(kinds, func(k string) bool { return len(t[k]) > 0 })
}

// measures are the measurements that the rules of a table go by.
func (t Table) measures() (list []string) {
	add := func(names ...string) {
		for _, name := range names {
			if name != "" && !slices.Contains(list, name) {
				list = append(list, name)
			}
		}
	}
	for kind, rules := range t {
		for _, r := range rules {
			add(r.parameters["measure"])
			add(strings.Split(r.parameters["measures"], ",")...)
			if kind == "dose-weight" || r.byWeight() {
				add("weight")
			}
		}
	}
	slices.Sort(list)
	return list
}

// gather reads what the rules of a table ask for, and no more.
func (g *gatherer) gather(t Table) (*History, error) {
	for _, part := range []struct {
		read  func() error
		kinds []string
	}{
		{g.orders, []string{"duplicate", "duplicate-titration", "dose", "interaction"}},
		{g.supplies, []string{"dose", "duplicate-class", "early", "early-titration", "interaction", "monitoring-change", "brand-switch"}},
		{g.taken, []string{"interaction"}},
		{g.allergies, []string{"allergy", "allergy-family"}},
		{g.conditions, []string{"condition"}},
		{func() error { return g.neighbours(t["address"]) }, []string{"address"}},
	} {
		if t.has(part.kinds...) {
			if err := part.read(); err != nil {
				return nil, err
			}
		}
	}
	measures := t.measures()
	if len(measures) > 0 {
		if any, err := g.observed(); err != nil || !any {
			return &g.h, err
		}
	}
	for _, measure := range measures {
		if err := g.measured(measure); err != nil {
			return nil, err
		}
	}
	return &g.h, nil
}

// observed reports whether there is any Observation of the person: of most patients
// of a pharmacy there is none, and it need not be looked for each measure.
func (g *gatherer) observed() (bool, error) {
	for _, id := range g.person.records {
		ids, err := g.state.Newest("Observation", "patient=Patient/"+id, 1)
		if err != nil || len(ids) > 0 {
			return len(ids) > 0, err
		}
	}
	return false, nil
}

// orders are the other orders that are open, and those of the transaction that
// closes them.
func (g *gatherer) orders() error {
	list, err := g.person.openOrders(g.state)
	if err != nil {
		return err
	}
	for ref := range g.within {
		id, ok := strings.CutPrefix(ref, "MedicationRequest/")
		if !ok || slices.ContainsFunc(list, func(v *fhir.Version) bool { return v.ID == id }) {
			continue
		}
		v, err := g.state.Current("MedicationRequest", id)
		if err != nil {
			return err
		}
		if v != nil && !v.Deleted() {
			list = append(list, v)
		}
	}
	for _, v := range list {
		if err := g.otherOrder(v); err != nil {
			return err
		}
	}
	return nil
}

func (g *gatherer) otherOrder(v *fhir.Version) error {
	r, err := v.Resource()
	if err != nil || v.Ref() == g.order.Ref || !g.person.has(r.Root()) {
		return err
	}
	switch r.Get("status").Text() {
	case "cancelled", "entered-in-error":
		return nil
	}
	writer, err := g.scope.writer(g.state, v.Type, v.ID)
	if err != nil {
		return err
	}
	if counts, err := g.orderCounts(writer, r.Root()); !counts || err != nil {
		return err
	}
	o, err := g.kinds.order(v)
	o.Elsewhere = g.scope.elsewhere(writer)
	g.h.Orders = append(g.h.Orders, o)
	return err
}

// orderCounts reports whether an order is considered: one of the scope, and one that
// the pharmacy is to supply.
func (g *gatherer) orderCounts(writer string, mr node) (bool, error) {
	if g.scope.counts(writer) {
		return true, nil
	}
	return g.scope.supplies(g.state, mr)
}

// someRecords is how many of the newest records of a patient are looked at first.
const someRecords = 16

// newest goes through the resources of a type that are of a patient, those that
// were recorded last first, until visit says that there are enough.
func (g *gatherer) newest(typ, query string, visit func(v, first *fhir.Version) (more bool, err error)) error {
	for had, n := 0, someRecords; ; had, n = n, 4*n {
		ids, err := g.state.Newest(typ, query, n)
		if err != nil {
			return err
		}
		for i := had; i < len(ids); i++ {
			v, err := g.state.Current(typ, ids[i])
			if err != nil {
				return err
			}
			first, err := g.state.First(typ, ids[i])
			if err != nil {
				return err
			}
			if v == nil || v.Deleted() || first == nil {
				continue
			}
			if more, err := visit(v, first); !more || err != nil {
				return err
			}
		}
		if len(ids) < n {
			return nil
		}
	}
}

// supplies are those of the last year: none was handed over after it was recorded. What
// another pharmacy supplied before was recorded when it was taken on: of a patient who has
// such records the index of the days of handing over finds those of the last year.
func (g *gatherer) supplies() error {
	oldest := g.on.AddDate(0, 0, -lookBack)
	for _, id := range g.person.records {
		patient, had, before := "patient=Patient/"+id, len(g.h.Supplies), false
		visit := func(v, first *fhir.Version) (bool, error) {
			if first.LastUpdated.Before(oldest) {
				return false, nil
			}
			return true, g.supply(v, first)
		}
		err := g.newest("MedicationDispense", patient, func(v, first *fhir.Version) (more bool, err error) {
			if before, err = longAgo(v, oldest); before || err != nil {
				return false, err
			}
			return visit(v, first)
		})
		if err != nil || !before {
			if err != nil {
				return err
			}
			continue
		}
		g.h.Supplies = g.h.Supplies[:had]
		for _, query := range []string{patient + "&whenhandedover=ge" + oldest.Format(time.DateOnly), patient + "&whenhandedover:missing=true"} {
			if err := g.newest("MedicationDispense", query, visit); err != nil {
				return err
			}
		}
	}
	return nil
}

// longAgo reports whether a supply was taken on from another pharmacy, and was made before
// a day.
func longAgo(v *fhir.Version, day time.Time) (bool, error) {
	r, err := v.Resource()
	if err != nil || !nhs.SuppliedElsewhere(r.Root()) {
		return false, err
	}
	when := nhs.Day(r.Get("whenHandedOver").Text())
	return !when.IsZero() && when.Before(day), nil
}

func (g *gatherer) supply(v, first *fhir.Version) error {
	s, ok, err := g.kinds.supply(v)
	if err != nil || !ok || g.within[v.Ref()] {
		return err
	}
	// Whoever sees an order sees what was supplied of it, and by whom is in the scope
	// of them alone.
	writer := cmp.Or(first.Requester.OnBehalf, g.scope.site)
	if !g.scope.counts(writer) {
		return nil
	}
	if id := strings.TrimPrefix(s.Order, "MedicationRequest/"); id != "" {
		if writer, err = g.scope.writer(g.state, "MedicationRequest", id); err != nil {
			return err
		}
	}
	s.Elsewhere = g.scope.elsewhere(writer)
	g.h.Supplies = append(g.h.Supplies, s)
	return nil
}

// recorded goes through all resources of a type that are of the person and count.
func (g *gatherer) recorded(typ string, visit func(v *fhir.Version, r *fhir.Resource, elsewhere bool) error) error {
	for _, patient := range g.person.records {
		ids, err := g.state.Find(typ, "patient=Patient/"+patient)
		if err != nil {
			return err
		}
		for _, id := range ids {
			writer, err := g.scope.writer(g.state, typ, id)
			if err != nil {
				return err
			}
			v, err := g.state.Current(typ, id)
			if err != nil {
				return err
			}
			if v == nil || v.Deleted() || !g.scope.counts(writer) {
				continue
			}
			r, err := v.Resource()
			if err != nil {
				return err
			}
			if err := visit(v, r, g.scope.elsewhere(writer)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *gatherer) taken() error {
	return g.recorded("MedicationStatement", func(v *fhir.Version, r *fhir.Resource, elsewhere bool) error {
		rec, ok, err := g.kinds.taken(v, r)
		if ok {
			rec.Elsewhere = elsewhere
			g.h.Taken = append(g.h.Taken, rec)
		}
		return err
	})
}

func (g *gatherer) allergies() error {
	return g.recorded("AllergyIntolerance", func(v *fhir.Version, r *fhir.Resource, elsewhere bool) error {
		for _, rec := range allergies(v, r) {
			rec.Elsewhere = elsewhere
			g.h.Allergies = append(g.h.Allergies, rec)
		}
		return nil
	})
}

func (g *gatherer) conditions() error {
	return g.recorded("Condition", func(v *fhir.Version, r *fhir.Resource, elsewhere bool) error {
		if rec, ok := conditionRecorded(v, r); ok {
			rec.Elsewhere = elsewhere
			g.h.Conditions = append(g.h.Conditions, rec)
		}
		return nil
	})
}

// measured is the last measurement of a kind. None was made after it was recorded,
// so that older records need not be looked at.
func (g *gatherer) measured(measure string) error {
	var last Measured
	for _, id := range g.person.records {
		err := g.newest("Observation", "patient=Patient/"+id+"&"+measureQueries[measure], func(v, first *fhir.Version) (bool, error) {
			if nhs.Midnight(first.LastUpdated).Before(last.On) {
				return false, nil
			}
			r, err := v.Resource()
			if err != nil {
				return false, err
			}
			writer, err := g.scope.writer(g.state, v.Type, v.ID)
			if err != nil {
				return false, err
			}
			m, ok := measured(v, r, measure)
			if ok && g.scope.counts(writer) && m.On.After(last.On) && !m.On.After(g.on.AddDate(0, 0, 1)) {
				last, last.Elsewhere = m, g.scope.elsewhere(writer)
			}
			return true, nil
		})
		if err != nil {
			return err
		}
	}
	if last.Ref != "" {
		g.h.Measured = append(g.h.Measured, last)
	}
	return nil
}

// neighbours are other patients at the address for whom controlled drugs were ordered
// within the days of the rules, no more than the rules count: a home of many patients
// costs a check no more than one of some.
func (g *gatherer) neighbours(rules []Rule) error {
	if len(g.person.records) == 0 {
		return nil
	}
	own, err := read(g.state, "Patient", g.person.records[0])
	if err != nil || own == nil {
		return err
	}
	days, most := 0, 0
	for i := range rules {
		days, most = max(days, rules[i].days("days")), max(most, cmp.Or(rules[i].days("most"), math.MaxInt))
	}
	for _, home := range homes(own) {
		ids, err := g.state.Find("Patient", home.query())
		if err != nil {
			return err
		}
		for _, id := range ids {
			if len(g.h.Neighbours) >= most {
				return nil
			}
			if err := g.neighbour(id, home, days); err != nil {
				return err
			}
		}
	}
	return nil
}

// neighbour adds a patient, once, for whom a controlled drug was ordered within so
// many days.
func (g *gatherer) neighbour(id string, at home, days int) error {
	r, err := read(g.state, "Patient", id)
	if err != nil || r == nil || slices.Contains(g.person.records, id) || !slices.Contains(homes(r), at) {
		return err
	}
	who := nhs.Identifier(r.Root(), nhs.IDNHS).Text()
	if who == "" {
		who = id
	}
	if slices.ContainsFunc(g.h.Neighbours, func(n Neighbour) bool { return n.Patient == who }) {
		return nil
	}
	return g.newest("MedicationRequest", "patient=Patient/"+id, func(v, first *fhir.Version) (bool, error) {
		if first.LastUpdated.Before(g.on.AddDate(0, 0, -lookBack)) {
			return false, nil
		}
		mr, err := v.Resource()
		if err != nil {
			return false, err
		}
		o, err := g.kinds.order(v)
		if err != nil {
			return false, err
		}
		if !needsForm(o.Schedule) {
			return true, nil
		}
		writer, err := g.scope.writer(g.state, v.Type, v.ID)
		if err != nil {
			return false, err
		}
		counts, err := g.orderCounts(writer, mr.Root())
		if counts && daysBetween(o.On, g.on) > days {
			return false, err
		}
		if counts {
			g.h.Neighbours = append(g.h.Neighbours, Neighbour{Patient: who, Order: o.Ref, On: o.On})
			return false, err // the newest is enough
		}
		return true, err
	})
}

// needsForm reports whether a drug is of schedule 2 or 3.
func needsForm(schedule string) bool {
	return strings.HasPrefix(schedule, "CD2") || strings.HasPrefix(schedule, "CD3")
}

// home is an address as it is compared: the first line and the postcode.
type home struct{ line, postcode string }

// query finds the Patients at an address, and others whose address begins like it:
// strings are found by their beginning, without case and with blanks as one.
func (h home) query() string {
	return "address-postalcode=" + nhs.Text(h.postcode) + "&address=" + nhs.Text(h.line)
}

// homes are the addresses of a Patient that name a line and a postcode.
func homes(r *fhir.Resource) (list []home) {
	for a := range r.Get("address").Items() {
		h := home{plain(a.Get("line").Item(0).Text()), strings.ToUpper(strings.TrimSpace(a.Get("postalCode").Text()))}
		if use := a.Get("use").Text(); use == "old" || h.line == "" || h.postcode == "" || slices.Contains(list, h) {
			continue
		}
		list = append(list, h)
	}
	return list
}

func plain(line string) string { return strings.Join(strings.Fields(strings.ToLower(line)), " ") }
