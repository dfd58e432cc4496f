package clinical

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir/dosage"
)

// amounts are what a check works out of an instruction, once.
type amounts struct {
	daily    decimal.Decimal // the most of a day in milligrams
	err      error           // why it does not follow
	hasDaily bool
	until    time.Time
}

// dailyOf is the most milligrams that an instruction comes to on a day.
func (a *amounts) dailyOf(list []dosage.Dosage, m *Medicine) (decimal.Decimal, error) {
	if !a.hasDaily {
		peak, err := dosage.Peak(list, m.milligrams)
		a.daily, a.err, a.hasDaily = peak.High, err, true
	}
	return a.daily, a.err
}

// given is the dose of a day of the order.
func (c *check) given() (decimal.Decimal, error) {
	return c.ordered.dailyOf(c.order.Dosages, &c.order.Medicine)
}

// supplied is the dose of a day of the supply of that number.
func (c *check) supplied(i int) (decimal.Decimal, error) {
	s := &c.history.Supplies[i]
	return c.of(i).dailyOf(s.Dosages, &s.Medicine)
}

// until is the day on which the supply of that number is used up when the most is
// taken that its instructions allow; the day of the supply where that does not
// follow. What was supplied before of the same order, in part, is used up first.
func (c *check) until(i int) time.Time {
	a, s := c.of(i), &c.history.Supplies[i]
	if !a.until.IsZero() {
		return a.until
	}
	from := s.On
	if before := c.before(i); before >= 0 {
		if end := c.until(before); end.After(from) {
			from = end
		}
	}
	days := s.Days
	if days <= 0 {
		days, _ = dosage.Lasts(s.Dosages, s.Quantity, s.Medicine.pieces(s.Unit)) // 0 with an error
	}
	a.until = from.AddDate(0, 0, days)
	return a.until
}

// before is the number of the supply before that one of the same order; -1 for
// none.
func (c *check) before(i int) int {
	earlier := func(a, b int) bool {
		x, y := &c.history.Supplies[a], &c.history.Supplies[b]
		return x.On.Before(y.On) || x.On.Equal(y.On) && a > b // the newest are read first
	}
	last := -1
	for n := range c.history.Supplies {
		if s := &c.history.Supplies[n]; s.Order != "" && s.Order == c.history.Supplies[i].Order && earlier(n, i) && (last < 0 || earlier(last, n)) {
			last = n
		}
	}
	return last
}

func (c *check) of(i int) *amounts {
	if c.amounts == nil {
		c.amounts = make([]amounts, len(c.history.Supplies))
	}
	return &c.amounts[i]
}
