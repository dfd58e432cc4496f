package warehouse

import (
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// form reads the parameters of an operation, and gathers what is wrong with them.
type form struct {
	s      *Service
	call   *fhir.Call
	op     string
	org    string
	day    nhs.Date
	b      *book
	issues []fhir.Issue
	err    error
}

func (f *form) add(name string, i fhir.Issue) {
	if i.Expression == "" {
		i.Expression = "Parameters.parameter.where(name='" + name + "')"
	}
	i.Severity = fhir.Err
	f.issues = append(f.issues, i)
}

func (f *form) want(ok bool, name, message, expected string) {
	if !ok {
		f.add(name, fhir.Issue{Rule: "STOCK-6", Code: fhir.Required, Message: message, Expected: expected, Found: "nothing"})
	}
}

// get is the parameter of a name, absent where there is none.
func (f *form) get(name string) fhir.Node {
	if f.call.Body != nil {
		for p := range f.call.Body.Get("parameter").Items() {
			if p.Get("name").Text() == name {
				return p
			}
		}
	}
	return fhir.Node{}
}

func (f *form) text(name string) string {
	return strings.TrimSpace(f.get(name).Get("valueString").Text())
}

func (f *form) yes(name string) bool { return f.get(name).Get("valueBoolean").Bool() }

// date is a day that is given, the zero Date where none is.
func (f *form) date(name string) nhs.Date {
	n := f.get(name).Get("valueDate")
	d := nhs.ReadDate(n.Text())
	if n.Exists() && d.IsZero() {
		f.add(name, fhir.Issue{Rule: "STOCK-6", Code: fhir.Invalid, Message: "The date is not a day.", Expected: "a day such as 2026-11-30", Found: n.Text(), Position: n.Position()})
	}
	return d
}

// past is a day on which something happened: today unless another is given.
func (f *form) past(name string) nhs.Date {
	d := f.date(name)
	if d.IsZero() {
		return f.day
	}
	if f.day.Before(d) {
		f.add(name, fhir.Issue{Rule: "STOCK-6", Message: "What is entered has happened: the day is not to come.", Expected: "a day until " + f.day.String(), Found: d.String()})
	}
	return d
}

// amount is a quantity above 0, or any but 0 where signed, or from 0 where mayBeNone;
// with its unit, "" where none is told.
func (f *form) amount(name string, signed, mayBeNone bool) (decimal.Decimal, string) {
	n := f.get(name).Get("valueQuantity")
	if !n.Exists() {
		return decimal.Zero, ""
	}
	text := n.Get("value").Text()
	q, err := decimal.NewFromString(text)
	expected := "a value above 0"
	if signed {
		expected = "a value above or below 0"
	} else if mayBeNone {
		expected = "a value from 0"
	}
	if bad := err != nil || len(text) > 40 || q.Exponent() < -6 || q.Exponent() > 9 || n.Get("comparator").Exists(); bad || q.IsNegative() && !signed || q.IsZero() && !mayBeNone {
		f.add(name, fhir.Issue{Rule: "STOCK-6", Code: fhir.Invalid, Message: "The quantity is not an amount.", Expected: expected + ", with 6 decimals at most", Found: fhir.OrNothing(text), Position: n.Position()})
		return decimal.Zero, ""
	}
	return q, f.s.medicines.Unit(n.Get("unit").Text(), n.Get("system").Text(), n.Get("code").Text(), f.day)
}

// product is the medicine that is meant, and the unit in which it is counted, which a
// quantity tells where it tells one.
func (f *form) product(unit string) (p Product, counted string) {
	n := f.get("product").Get("valueCoding")
	c := fhir.Coding{System: n.Get("system").Text(), Code: n.Get("code").Text(), Display: n.Get("display").Text()}
	p, ok := f.s.medicines.Product(c, f.day)
	if !ok || p.key() == "" {
		f.add("product", fhir.Issue{Rule: "STOCK-6", Code: fhir.NotFound, Message: "The server does not know the product.", Expected: "a product or pack, by its code in dm+d", Found: strings.TrimSpace(c.Code + " " + c.Display), Position: n.Position(),
			Fix: "Load the release of dm+d that has it, with serve --dmd."})
	}
	switch {
	case unit == "":
		unit = p.Unit
	case p.Unit != "" && unit != p.Unit:
		f.add("product", fhir.Issue{Rule: "STOCK-6", Message: "The medicine is counted in another unit.", Expected: p.Unit, Found: unit, Position: n.Position()})
	}
	if unit == "" {
		f.add("product", fhir.Issue{Rule: "STOCK-6", Code: fhir.Required, Message: "The unit of the quantity is missing.", Expected: "Quantity.unit, such as tablet", Found: "nothing", Position: n.Position()})
	}
	return p, unit
}

// free refuses what the controlled drugs register is kept for.
func (f *form) free(p Product, way string) {
	if f.s.kept(p, f.day) {
		f.add("product", fhir.Issue{Rule: "MDR-19", Message: "The controlled drugs register is kept for this medicine, and has it entered first.", Expected: "a medicine without a register", Found: p.Name + ", " + p.Schedule, Fix: "Record it with " + way + ": the stock ledger follows in the same commit."})
	}
}

// pence is an amount of money that is given, in pence.
func (f *form) pence(name string) int64 {
	n := f.get(name).Get("valueMoney")
	if !n.Exists() {
		return 0
	}
	d, err := decimal.NewFromString(n.Get("value").Text())
	if err != nil || d.IsNegative() || d.Exponent() < -2 || d.GreaterThan(decimal.New(1, 9)) || n.Get("currency").Text() != "GBP" {
		f.add(name, fhir.Issue{Rule: "STOCK-6", Code: fhir.Invalid, Message: "The price is not an amount of pounds and pence.", Expected: "a Money from 0 with two decimals at most, and the currency GBP", Found: strings.TrimSpace(n.Get("value").Text() + " " + n.Get("currency").Text()), Position: n.Position()})
		return 0
	}
	return d.Shift(2).IntPart()
}

// stored is the lot that batch, expiry and location mean, of an item that is of the
// ledger; nil with an issue where none is meant, or several.
func (f *form) stored(p Product, unit string) (*item, *lot) {
	if len(f.issues) > 0 || f.err != nil {
		return nil, nil
	}
	i, err := f.b.item(itemID(f.org, p, unit))
	if err != nil {
		f.err = err
		return nil, nil
	}
	batch, expiry, location := f.text("batch"), f.date("expiry"), f.get("location")
	var found []*lot
	if i != nil {
		lots, err := f.b.lotsOf(i)
		if err != nil {
			f.err = err
			return nil, nil
		}
		for _, l := range lots {
			if l.Batch == batch && !l.Unrecorded() && (expiry.IsZero() || l.Expiry == expiry) && (!location.Exists() || l.Location == f.text("location")) {
				found = append(found, l)
			}
		}
	}
	if len(found) == 1 {
		return i, found[0]
	}
	var told []string
	for _, l := range found {
		told = append(told, "expires "+l.Expiry.String()+" in "+fhir.OrNothing(l.Location))
	}
	if len(found) == 0 {
		f.add("batch", fhir.Issue{Rule: "STOCK-6", Code: fhir.NotFound, Message: "The ledger has no such lot.", Expected: "a batch of " + p.Name + ", with its expiry and location where it has several", Found: fhir.OrNothing(batch)})
	} else {
		f.add("batch", fhir.Issue{Rule: "STOCK-6", Code: fhir.MultipleMatches, Message: "The ledger has the batch several times.", Expected: "expiry and location", Found: strings.Join(told, "; ")})
	}
	return nil, nil
}
