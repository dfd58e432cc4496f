package clinical

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir/dosage"
)

// dose finds more milligrams a day than a maximum, which may depend on the form,
// the age and the weight. The age and the weight must be known for a maximum of
// them: that they are not is a finding of its own. A dose of which the instruction leaves how
// often it is taken is compared as taken once a day.
func (c *check) dose(r *Rule) {
	if !c.order.Medicine.isForm(r.parameters["form"]) || !c.within(r) {
		return
	}
	given, err := c.given()
	if err != nil {
		var ok bool
		if given, ok = c.left(); !ok {
			return // dose-unread finds it
		}
	}
	given = c.together(given)
	most, why := c.most(r)
	if !most.IsPositive() || !given.GreaterThan(most) {
		return
	}
	evidence := []Evidence{{c.order.Ref, given.String() + " mg a day"}}
	by := &Measured{} // what the maximum is by
	if m := c.weighed(); m != nil && r.byWeight() {
		by = m
		evidence = append(evidence, Evidence{by.Ref, by.Value.String() + " kg"})
	}
	c.findElsewhere(r, by.Elsewhere, by.Ref, fmt.Sprintf("%s mg a day, the maximum is %s.", given, why), evidence...)
}

// byWeight reports whether a maximum depends on the weight.
func (r *Rule) byWeight() bool { return r.parameters["kg"] != "" || r.parameters["mg/kg"] != "" }

// together adds what the other items of the prescription come to that are of the
// same substance and release, ordered or supplied already: strengths that make up a
// dose.
func (c *check) together(given decimal.Decimal) decimal.Decimal {
	counted := map[string]bool{c.order.Ref: true}
	add := func(ref, prescription string, m *Medicine, list []dosage.Dosage) {
		if counted[ref] || prescription == "" || prescription != c.order.Prescription || !m.same(c.order.Medicine) || m.Modified != c.order.Medicine.Modified {
			return
		}
		if more, err := dosage.Peak(list, m.milligrams); err == nil {
			given, counted[ref] = given.Add(more.High), true
		}
	}
	for i := range c.history.Orders {
		o := &c.history.Orders[i]
		add(o.Ref, o.Prescription, &o.Medicine, o.Dosages)
	}
	for i := range c.history.Supplies {
		if s := &c.history.Supplies[i]; c.until(i).After(c.on) {
			add(s.Order, s.Prescription, &s.Medicine, s.Dosages)
		}
	}
	return given
}

// within reports whether a rule is for the age and weight of the patient.
func (c *check) within(r *Rule) bool {
	if r.parameters["age"] != "" {
		if age, ok := c.patient.age(c.on); !ok || !r.between("age", float64(age)) {
			return false
		}
	}
	if r.parameters["kg"] != "" {
		kg, ok := c.weight()
		return ok && r.between("kg", kg.InexactFloat64())
	}
	return true
}

// most is the maximum of a rule: the smaller of an amount and one by weight.
func (c *check) most(r *Rule) (most decimal.Decimal, why string) {
	if mg, err := decimal.NewFromString(r.parameters["mg"]); err == nil {
		most, why = mg, mg.String()+" mg"
	}
	if each, err := decimal.NewFromString(r.parameters["mg/kg"]); err == nil {
		if kg, ok := c.weight(); ok {
			if by := each.Mul(kg); most.IsZero() || by.LessThan(most) {
				most, why = by, fmt.Sprintf("%s mg (%s mg for each of %s kg)", by, each, kg)
			}
		}
	}
	return most, why
}

// weighed is the last weight of half a year; nil for none.
func (c *check) weighed() *Measured {
	m := c.newest("weight")
	if m == nil || daysBetween(m.On, c.on) > 183 || !m.Value.IsPositive() {
		return nil
	}
	return m
}

func (c *check) weight() (decimal.Decimal, bool) {
	if m := c.weighed(); m != nil {
		return m.Value, true
	}
	return decimal.Decimal{}, false
}

// doseUnread finds that the dose of a day does not follow from the instruction.
func (c *check) doseUnread(r *Rule) {
	if _, err := c.given(); err != nil {
		if _, left := c.left(); !left {
			c.unread(r)
		}
	}
}

// doseLeft finds that the instruction gives an amount, and leaves to the patient how often
// it is taken, as "one as directed" does.
func (c *check) doseLeft(r *Rule) {
	if _, err := c.given(); err != nil {
		if _, left := c.left(); left {
			c.unread(r)
		}
	}
}

// left is what the instructions come to in milligrams when each is followed once; ok is true
// where each gives an amount that can be converted, and none says how often, nor how much
// within a time that is no day.
func (c *check) left() (once decimal.Decimal, ok bool) {
	for i := range c.order.Dosages {
		d := &c.order.Dosages[i]
		amount, err := d.Day() // by a maximum of a day
		if err != nil {
			amount = dosage.Amount{High: d.Dose.High, Unit: d.Dose.Unit}
		}
		if d.Dose.High.IsZero() || d.Timing.Says() || err != nil && len(d.MaxPerPeriod) > 0 {
			return once, false
		}
		if amount, err = c.order.Medicine.milligrams(amount); err != nil {
			return once, false
		}
		once = once.Add(amount.High)
	}
	return once, len(c.order.Dosages) > 0
}

func (c *check) unread(r *Rule) {
	c.find(r, "", fmt.Sprintf("The instruction is %q, of %s.", c.order.Text, name(c.order.Medicine)), Evidence{c.order.Ref, c.order.Text})
}

// doseWeight finds that a maximum depends on a weight that is not known.
func (c *check) doseWeight(r *Rule) {
	if _, ok := c.weight(); ok {
		return
	}
	age, known := c.patient.age(c.on)
	for _, d := range c.rules["dose"] {
		if d.holds(c.on) && d.is(c.order.Medicine) && d.byWeight() && known && d.between("age", float64(age)) {
			c.find(r, "", "The maximum of "+d.Subject+" at this age is by body weight.", Evidence{"", d.ID})
			return
		}
	}
}

// age finds a patient who is too young or too old for the licence.
func (c *check) age(r *Rule) {
	age, ok := c.patient.age(c.on)
	if !ok {
		return
	}
	from, to := r.days("from"), r.days("to")
	if age < from || to > 0 && age > to {
		c.find(r, "", fmt.Sprintf("The patient is %d years old.", age), Evidence{c.patient.Ref, "born " + day(c.patient.Born)})
	}
}

func (c *check) ageUnknown(r *Rule) {
	if _, ok := c.patient.age(c.on); !ok {
		c.find(r, "", "The patient has no whole date of birth.", Evidence{c.patient.Ref, "no date of birth"})
	}
}
