package stock

import (
	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Lot is what a pharmacy has of one product, batch and expiry in one location.
type Lot struct {
	Batch    string   // "" of the unrecorded lot
	Expiry   nhs.Date // the last day on which it may be used; zero of the unrecorded lot
	Location string
	Recalled bool // the batch is recalled: nothing of it is allocated or handed to a courier

	Held  map[State]decimal.Decimal
	Pence int64 // what its balance is worth
	Moves int   // how many there were
}

// Unrecorded reports whether the lot is the one from which is taken what was never
// received.
func (l *Lot) Unrecorded() bool { return l.Batch == "" }

// In is how much is in a state.
func (l *Lot) In(s State) decimal.Decimal { return l.Held[s] }

// Balance is how much the pharmacy has of the lot, wherever it is; without what
// patients brought back.
func (l *Lot) Balance() (sum decimal.Decimal) {
	for s, q := range l.Held {
		if s.Owned() {
			sum = sum.Add(q)
		}
	}
	return sum
}

// Empty reports whether nothing of the lot is in any state.
func (l *Lot) Empty() bool {
	for _, q := range l.Held {
		if !q.IsZero() {
			return false
		}
	}
	return true
}

// Usable says why nothing of the lot may be allocated on a day; "" where it may.
func (l *Lot) Usable(on nhs.Date) string {
	switch {
	case l.Unrecorded():
		return "it is not known what batch it is of"
	case l.Recalled:
		return "the batch is recalled"
	case l.Expiry.Before(on):
		return "it expired on " + l.Expiry.String()
	}
	return ""
}

// Apply makes a move on a day, with what it is worth, or says why it is none.
func (l *Lot) Apply(m *Move, on nhs.Date) *fhir.Issue {
	wrong := func(rule, message, expected, found string) *fhir.Issue {
		return &fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: rule, Expression: "Basic", Message: message, Expected: expected, Found: found}
	}
	switch has := l.In(m.From); {
	case !m.way():
		return wrong("STOCK-1", "Stock does not move in this way.", "a way of moves.tsv", m.String())
	case !m.Quantity.IsPositive():
		return wrong("STOCK-1", "Nothing is moved.", "a quantity above 0", m.Quantity.String())
	case m.From != Outside && has.LessThan(m.Quantity) && !(l.Unrecorded() && m.From == Available):
		return wrong("STOCK-2", "The lot has less than that "+string(m.From)+".", "at most "+has.String(), m.Quantity.String())
	case (m.Kind == Allocate || m.Kind == Dispatch) && l.Usable(on) != "":
		return wrong("STOCK-3", "Nothing of this batch may be sent: "+l.Usable(on)+".", "a batch that is not expired and not recalled", l.Batch)
	}
	if l.Held == nil {
		l.Held = map[State]decimal.Decimal{}
	}
	m.Pence = l.worth(*m)
	if m.From != Outside {
		l.Held[m.From] = l.Held[m.From].Sub(m.Quantity)
	}
	if m.To != Outside {
		l.Held[m.To] = l.Held[m.To].Add(m.Quantity)
	}
	if change := m.Change(); change.IsPositive() {
		l.Pence += m.Pence
	} else if change.IsNegative() {
		l.Pence -= m.Pence
	}
	l.Moves++
	return nil
}

// worth is what a move is worth: into the stock what is told, out of it the part of
// the lot's value, and all of it with the last.
func (l *Lot) worth(m Move) int64 {
	switch change, balance := m.Change(), l.Balance(); {
	case change.IsZero():
		return 0
	case change.IsPositive():
		return m.Pence
	case !balance.IsPositive():
		return 0
	case m.Quantity.GreaterThanOrEqual(balance):
		return l.Pence
	default:
		return decimal.NewFromInt(l.Pence).Mul(m.Quantity).DivRound(balance, 8).RoundBank(0).IntPart()
	}
}
