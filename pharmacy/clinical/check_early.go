package clinical

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir/dosage"
)

// last is the number of the newest supply of the medicine by another order; -1 for
// none. The items of one prescription may be strengths that make up a dose, and
// are supplied one after the other.
func (c *check) last() int {
	newest := -1
	for i := range c.history.Supplies {
		s := &c.history.Supplies[i]
		if s.Medicine.same(c.order.Medicine) && s.Order != c.order.Ref && !c.besides(s.Prescription, s.Medicine) && (newest < 0 || s.On.After(c.history.Supplies[newest].On)) {
			newest = i
		}
	}
	return newest
}

// besides reports whether a medicine is another product on the prescription of the
// order.
func (c *check) besides(prescription string, m Medicine) bool {
	return prescription != "" && prescription == c.order.Prescription && (m.Code == "" || m.Code != c.order.Medicine.Code)
}

// early finds that the last supply lasts longer than a tolerance, where the dose is
// as it was.
func (c *check) early(r *Rule) {
	if i := c.last(); i >= 0 && !(c.order.Medicine.in("adhd") && c.changed(i)) {
		c.tooSoon(r, i, "")
	}
}

// earlyTitration finds the same where the dose has changed.
func (c *check) earlyTitration(r *Rule) {
	i := c.last()
	if i < 0 || !c.changed(i) {
		return
	}
	before, errBefore := c.supplied(i)
	now, errNow := c.given()
	s := &c.history.Supplies[i]
	c.tooSoon(r, i, fmt.Sprintf(" The dose changes from %s to %s.", daily(before, errBefore, s.Medicine), daily(now, errNow, c.order.Medicine)))
}

func (c *check) tooSoon(r *Rule, i int, more string) {
	s, until := &c.history.Supplies[i], c.until(i)
	if daysBetween(c.on, until) <= r.days("days") {
		return
	}
	c.findElsewhere(r, s.Elsewhere, s.Ref, fmt.Sprintf("%s of %s were supplied on %s: they last until %s.%s", s.Quantity, name(s.Medicine), day(s.On), day(until), more),
		Evidence{s.Ref, "lasts until " + day(until)})
}

// changed reports whether the dose of a day, or the strength, is another than that
// of a supply.
func (c *check) changed(i int) bool {
	a, errA := c.given()
	b, errB := c.supplied(i)
	if errA == nil && errB == nil {
		return !a.Equal(b)
	}
	return !c.history.Supplies[i].Medicine.Strength.High.Equal(c.order.Medicine.Strength.High)
}

// daily is the dose of a day in words.
func daily(mg decimal.Decimal, err error, m Medicine) string {
	if err != nil {
		return name(m)
	}
	return mg.String() + " mg a day"
}

// long finds a quantity of a controlled drug for more than a number of days.
func (c *check) long(r *Rule) {
	n, err := dosage.Lasts(c.order.Dosages, c.order.Quantity, c.order.Medicine.pieces(c.order.Unit))
	if err == nil && n > r.days("days") {
		c.find(r, "", fmt.Sprintf("%s of %s last %d days.", c.order.Quantity, name(c.order.Medicine), n), Evidence{"", fmt.Sprintf("%d days", n)})
	}
}
