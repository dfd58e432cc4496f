package clinical

import (
	"fmt"
	"slices"
	"time"
)

// allergy finds an allergy to the substance.
func (c *check) allergy(r *Rule) {
	for i := range c.history.Allergies {
		if a := &c.history.Allergies[i]; a.holds(c.on) && a.Medicine.same(c.order.Medicine) {
			c.findElsewhere(r, a.Elsewhere, a.Ref, "Recorded: "+a.Name+".", Evidence{a.Ref, a.Name})
		}
	}
}

// allergyFamily finds an allergy to another medicine of its family: of a class that
// is one of chemistry, not of use.
func (c *check) allergyFamily(r *Rule) {
	for i := range c.history.Allergies {
		a := &c.history.Allergies[i]
		if !a.holds(c.on) || a.Medicine.same(c.order.Medicine) {
			continue
		}
		for _, class := range families {
			if a.Medicine.in(class) && c.order.Medicine.in(class) {
				c.findElsewhere(r, a.Elsewhere, a.Ref, fmt.Sprintf("Recorded: %s, of the family %s.", a.Name, class), Evidence{a.Ref, a.Name})
				break
			}
		}
	}
}

// families are the classes of which an allergy to one is an alert for all.
var families = []string{"penicillins", "amfetamines"}

func (a *Recorded) holds(on time.Time) bool { return a.Ended.IsZero() || a.Ended.After(on) }

// condition finds a condition in which the medicine is contraindicated.
func (c *check) condition(r *Rule) {
	for i := range c.history.Conditions {
		if a := &c.history.Conditions[i]; a.holds(c.on) && slices.Contains(a.Conditions, r.parameters["condition"]) {
			c.findElsewhere(r, a.Elsewhere, a.Ref, "Recorded: "+a.Name+".", Evidence{a.Ref, a.Name})
		}
	}
}

// interaction finds another medicine that is taken, ordered or was supplied and
// lasts still, or ended within a number of days; the order may be of either of the
// two medicines.
func (c *check) interaction(r *Rule) {
	with := Rule{Subject: r.parameters["with"]}
	of := c.order.Medicine
	switch {
	case r.is(of):
		c.meets(r, &with)
	case with.is(of):
		c.meets(r, r)
	}
}

func (c *check) meets(r, other *Rule) {
	for i := range c.history.Supplies {
		s := &c.history.Supplies[i]
		if !other.is(s.Medicine) || s.Order == c.order.Ref {
			continue
		}
		if end := c.until(i); !end.AddDate(0, 0, r.days("days")).Before(c.on) {
			c.findElsewhere(r, s.Elsewhere, s.Ref, fmt.Sprintf("%s was supplied on %s.", name(s.Medicine), day(s.On)), Evidence{s.Ref, "lasts until " + day(end)})
		}
	}
	for i := range c.history.Orders {
		if o := &c.history.Orders[i]; other.is(o.Medicine) && o.Ref != c.order.Ref {
			c.findElsewhere(r, o.Elsewhere, o.Ref, fmt.Sprintf("%s is ordered since %s.", name(o.Medicine), day(o.On)), Evidence{o.Ref, name(o.Medicine)})
		}
	}
	for i := range c.history.Taken {
		t := &c.history.Taken[i]
		if other.is(t.Medicine) && (t.Ended.IsZero() || !t.Ended.AddDate(0, 0, r.days("days")).Before(c.on)) {
			c.findElsewhere(r, t.Elsewhere, t.Ref, name(t.Medicine)+" is recorded as taken.", Evidence{t.Ref, name(t.Medicine)})
		}
	}
}
