package clinical

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/internal/sorting"
)

// newest is the last measurement of a kind up to the day; nil for none.
func (c *check) newest(measure string) (m *Measured) {
	for i := range c.history.Measured {
		if n := &c.history.Measured[i]; n.Measure == measure && !n.On.After(c.on.AddDate(0, 0, 1)) && (m == nil || n.On.After(m.On)) {
			m = n
		}
	}
	return m
}

// monitoring finds that a measurement is overdue.
func (c *check) monitoring(r *Rule) {
	if r.parameters["age"] != "" {
		if age, ok := c.patient.age(c.on); !ok || !r.between("age", float64(age)) {
			return
		}
	}
	switch m := c.newest(r.parameters["measure"]); {
	case m == nil:
		c.find(r, "", "None is recorded.")
	case daysBetween(m.On, c.on) > r.days("days"):
		c.findElsewhere(r, m.Elsewhere, "", "The last is of "+day(m.On)+".", Evidence{m.Ref, day(m.On)})
	}
}

// monitoringChange finds that measurements are missing since the dose changed last
// between two supplies.
func (c *check) monitoringChange(r *Rule) {
	changed, from, to := c.lastChange()
	if changed.IsZero() {
		return
	}
	var missing []string
	for _, measure := range strings.Split(r.parameters["measures"], ",") {
		if m := c.newest(measure); m == nil || m.On.Before(changed) {
			missing = append(missing, strings.ReplaceAll(measure, "-", " "))
		}
	}
	if len(missing) > 0 {
		c.find(r, "", fmt.Sprintf("The dose changed on %s from %s to %s; since then no %s.", day(changed), from, to, strings.Join(missing, " and no ")))
	}
}

// lastChange is the day of the newest supply of the medicine whose dose is not that
// of the supply before it.
func (c *check) lastChange() (on time.Time, from, to string) {
	var list []int
	for i := range c.history.Supplies {
		if s := &c.history.Supplies[i]; s.Medicine.same(c.order.Medicine) && s.Order != c.order.Ref {
			list = append(list, i)
		}
	}
	sorting.By(list, func(a, b int) int { return c.history.Supplies[b].On.Compare(c.history.Supplies[a].On) })
	for n := 0; n+1 < len(list); n++ {
		a, errA := c.supplied(list[n])
		b, errB := c.supplied(list[n+1])
		if errA == nil && errB == nil && !a.Equal(b) {
			return c.history.Supplies[list[n]].On, b.String() + " mg", a.String() + " mg a day"
		}
	}
	return on, "", ""
}

// monitoringHigh finds that the last measurement is above a limit.
func (c *check) monitoringHigh(r *Rule) {
	limit, err := decimal.NewFromString(r.parameters["above"])
	if m := c.newest(r.parameters["measure"]); err == nil && m != nil && m.Value.GreaterThan(limit) {
		c.findElsewhere(r, m.Elsewhere, m.Ref, fmt.Sprintf("%s on %s.", m.Value, day(m.On)), Evidence{m.Ref, m.Value.String()})
	}
}

// brandUnnamed finds an order of modified-release methylphenidate by its generic
// name: release differs among the brands.
func (c *check) brandUnnamed(r *Rule) {
	if m := c.order.Medicine; m.isForm(r.parameters["form"]) && m.Brand == "" {
		c.find(r, "", "Ordered: "+name(m)+".", Evidence{c.order.Ref, name(m)})
	}
}

// brandSwitch finds that another brand was supplied last.
func (c *check) brandSwitch(r *Rule) {
	i, m := c.last(), c.order.Medicine
	if i < 0 || m.Brand == "" || !m.isForm(r.parameters["form"]) {
		return
	}
	s := &c.history.Supplies[i]
	if !s.Medicine.Modified || s.Medicine.Brand == "" || m.Brand == s.Medicine.Brand {
		return
	}
	c.findElsewhere(r, s.Elsewhere, s.Ref, fmt.Sprintf("Supplied on %s: %s. Ordered: %s.", day(s.On), name(s.Medicine), name(m)), Evidence{s.Ref, name(s.Medicine)})
}

// address finds controlled drugs for several patients at one address.
func (c *check) address(r *Rule) {
	seen := map[string]bool{}
	for _, n := range c.history.Neighbours {
		if daysBetween(n.On, c.on) <= r.days("days") {
			seen[n.Patient] = true
		}
	}
	n := len(seen) + 1
	if n < r.days("patients") {
		return
	}
	count := fmt.Sprintf("%d patients", n)
	if most := r.days("most"); most > 0 && len(seen) >= most {
		n, count = most+1, fmt.Sprintf("more than %d patients", most)
	}
	c.findElsewhere(r, true, strconv.Itoa(n), fmt.Sprintf("Controlled drugs were ordered for %s at the address of the patient within %d days.", count, r.days("days")), Evidence{c.patient.Ref, count})
}
