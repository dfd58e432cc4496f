package prescription

import (
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Instalment is how much of an item is supplied at a time, and how many days lie between:
// dispenseRequest.initialFill.quantity and dispenseInterval of the order, whose quantity
// is the total. The zero Instalment is of an item that is supplied at once.
type Instalment struct {
	Amount Quantity
	Days   int
	said   bool // the order says one of both, or more
}

// HoldInstalment is the code of the hold of an instalment prescription that does not say
// both the amount and the interval.
const HoldInstalment = "INSTALMENT"

// instalmentOf reads how an order is to be supplied by instalments.
func instalmentOf(mr node) Instalment {
	fill, interval := mr.Path("dispenseRequest", "initialFill", "quantity"), mr.Path("dispenseRequest", "dispenseInterval")
	i := Instalment{Amount: ReadQuantity(fill), said: fill.Exists() || interval.Exists()}
	per := map[string]int64{"d": 1, "wk": 7}[interval.Get("code").Text()]
	if n, ok := Amount(interval.Get("value").Text()); ok && n.IsInteger() && n.IsPositive() && n.LessThan(decimal.NewFromInt(1000)) {
		i.Days = int(n.IntPart() * per)
	}
	return i
}

// by reports whether an item is supplied by instalments, as its order says in full.
func (i Instalment) by() bool { return i.Days > 0 && i.Amount.Value.IsPositive() }

// checkInstalment holds a controlled drug whose order tells of instalments and does not
// say how much of the total is supplied at a time, and at what intervals (MDR 15(1)).
func (l *Line) checkInstalment(c Control, on nhs.Date) {
	switch i := l.Instalment; {
	case !c.QuantityWords || !i.said:
	case !i.by():
		l.hold(HoldInstalment, "An instalment prescription says the amount of each (dispenseRequest.initialFill.quantity) and the interval in days or weeks (dispenseRequest.dispenseInterval).")
	case !units.sameUnit(l.Quantity, i.Amount, on) || i.Amount.Value.GreaterThan(l.Quantity.Value):
		l.hold(HoldInstalment, "An instalment is a part of the total quantity, in its unit: "+i.Amount.InUnits()+" of "+l.Quantity.InUnits()+" is not.")
	}
}

// instalments are how many there are of an item.
func (l *Line) instalments() int {
	const most = 1000
	n := l.Quantity.Value.Div(l.Instalment.Amount.Value).Ceil()
	if n.GreaterThan(decimal.NewFromInt(most)) {
		return most
	}
	return int(n.IntPart())
}

// lastInstalment is the last day for the instalments of an item of which the first was
// supplied: the days that they take from then on. The first is supplied as any other item.
func (l *Line) lastInstalment() (nhs.Date, bool) {
	if !l.Instalment.by() || l.First.IsZero() || !l.Quantity.Value.IsPositive() {
		return nhs.Date{}, false
	}
	return nhs.Date{Time: l.First.AddDate(0, 0, l.Instalment.Days*l.instalments())}, true
}

// instalmentIssues judge what is handed over of an item at once: no more than an
// instalment, and not before the interval from the one before is over, also where an
// amendment tells anew of the last. One that was missed is not made up for.
func (l *Line) instalmentIssues(before Line, supplies []Supply, j Judge) (issues []fhir.Issue) {
	if !l.Instalment.by() || !needsWords(l.Schedule) {
		return nil
	}
	var now decimal.Decimal
	var last Supply
	for _, s := range supplies {
		if nhs.SameUUID(s.Item, l.Item) && s.handsOver() {
			now, last = now.Add(s.Quantity.Value), s
		}
	}
	if last.Item == "" {
		return nil
	}
	i := l.Instalment
	// MDR-16-2: as the direction on the prescription says.
	if now.GreaterThan(i.Amount.Value) {
		issues = append(issues, last.wrong("MDR-16-2", "More than one instalment would be supplied of "+l.Product.Display+".", "at most "+i.Amount.InUnits()+" at a time", now.String(), "Supply one instalment: the part quantity, and the status 0003 while more are to come."))
	}
	if from := (nhs.Date{Time: before.LastSupply.AddDate(0, 0, i.Days)}); !before.LastSupply.IsZero() && j.When.Before(from) {
		issues = append(issues, last.wrong("MDR-16-2", "The interval from the last instalment of "+l.Product.Display+" is not over.", "a supply from "+from.String(), j.When.String(), ""))
	}
	return issues
}

// String tells of instalments for people: "by instalments of 14 tablet, every 14 days".
func (i Instalment) String() string {
	if !i.by() {
		return ""
	}
	return strings.TrimSpace("by instalments of " + i.Amount.Value.String() + " " + i.Amount.Unit + ", every " + decimal.NewFromInt(int64(i.Days)).String() + " days")
}

// AtOnce is how much of the rest of an item is supplied at once.
func (l *Line) AtOnce(rest decimal.Decimal) decimal.Decimal {
	if l.Instalment.by() && l.Instalment.Amount.Value.LessThan(rest) {
		return l.Instalment.Amount.Value
	}
	return rest
}

// handedOver notes the day of what was handed over of an item.
func (l *Line) handedOver(supplies []Supply, on nhs.Date) {
	for _, s := range supplies {
		if nhs.SameUUID(s.Item, l.Item) && s.handsOver() {
			l.SuppliedOn(on)
		}
	}
}

// SuppliedOn notes a day on which something of an item was handed over.
func (l *Line) SuppliedOn(on nhs.Date) {
	if on.IsZero() {
		return
	}
	if l.First.IsZero() || on.Before(l.First) {
		l.First = on
	}
	l.LastSupply = nhs.Later(l.LastSupply, on)
}
