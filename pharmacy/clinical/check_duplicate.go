package clinical

import "fmt"

// duplicate finds the same medicine on another open order: the same strength, or
// any where doses are not titrated.
func (c *check) duplicate(r *Rule) {
	for i := range c.history.Orders {
		if o := &c.history.Orders[i]; c.open(r, o) && !c.titrates(o) {
			c.findElsewhere(r, o.Elsewhere, o.Ref, fmt.Sprintf("%s is also on the order of %s.", name(o.Medicine), day(o.On)), Evidence{o.Ref, name(o.Medicine)})
		}
	}
}

// duplicateTitration finds another strength of the medicine on another open order.
func (c *check) duplicateTitration(r *Rule) {
	for i := range c.history.Orders {
		if o := &c.history.Orders[i]; c.open(r, o) && c.titrates(o) {
			c.findElsewhere(r, o.Elsewhere, o.Ref, fmt.Sprintf("%s is on the order of %s, %s on this one.", name(o.Medicine), day(o.On), name(c.order.Medicine)), Evidence{o.Ref, name(o.Medicine)})
		}
	}
}

// open reports whether another order is of the same medicine, and lately made.
// Items of one prescription may be strengths that make up a dose.
func (c *check) open(r *Rule, o *Order) bool {
	if o.Ref == c.order.Ref || !o.Medicine.same(c.order.Medicine) || daysBetween(o.On, c.on) > r.days("days") {
		return false
	}
	return !c.besides(o.Prescription, o.Medicine)
}

// titrates reports whether another order may be a step of the same titration.
func (c *check) titrates(o *Order) bool {
	return c.order.Medicine.in("adhd") && !o.Medicine.Strength.High.Equal(c.order.Medicine.Strength.High)
}

func name(m Medicine) string {
	if m.Name != "" {
		return m.Name
	}
	return m.Substance
}

// duplicateClass finds a supply of another medicine of the class that lasts still.
func (c *check) duplicateClass(r *Rule) {
	for i := range c.history.Supplies {
		s := &c.history.Supplies[i]
		if !s.Medicine.in(r.Subject) || s.Medicine.same(c.order.Medicine) || c.besides(s.Prescription, s.Medicine) {
			continue
		}
		if until := c.until(i); until.After(c.on) {
			c.findElsewhere(r, s.Elsewhere, s.Ref, fmt.Sprintf("%s was supplied on %s and lasts until %s.", name(s.Medicine), day(s.On), day(until)), Evidence{s.Ref, "lasts until " + day(until)})
		}
	}
}
