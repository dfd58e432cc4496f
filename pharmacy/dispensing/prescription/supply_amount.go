package prescription

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// wrong is an issue about a supply.
func (s Supply) wrong(rule, message, expected, found, fix string) fhir.Issue {
	return fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: rule, Expression: s.Place, Message: message, Expected: expected, Found: found, Fix: fix}
}

// handsOver reports whether the supply is of something.
func (s Supply) handsOver() bool { return s.Status == FullyDispensed || s.Status == PartDispensed }

// takes judges one supply of a line by itself: that it is of something, in the
// unit of the order.
func (l *Line) takes(s Supply, j Judge) (issues []fhir.Issue) {
	if !s.handsOver() {
		return nil
	}
	if !s.Quantity.Value.IsPositive() {
		issues = append(issues, s.wrong("DN-1", "A supply must be of something.", "a quantity above 0", s.Quantity.Value.String(), ""))
	}
	if e := s.Pack.Expiry; !e.IsZero() && e.Before(j.When) {
		issues = append(issues, s.wrong("PACK-2", "The pack had expired.", "an expiry date from "+j.When.String(), e.String(), "Supply from another pack."))
	}
	if !units.sameUnit(l.Quantity, s.Quantity, j.Now) {
		// DN-10: amounts in different units cannot be compared.
		issues = append(issues, s.wrong("DN-10", "The supply is in another unit than the order.", l.Quantity.InUnits(), s.Quantity.InUnits(), ""))
	}
	return issues
}

// Become is what a supply makes of a line: an item that one supply of several
// completes stays complete.
func (l *Line) Become(to LineStatus) {
	if l.Status != FullyDispensed {
		l.Status = to
	}
}

// amounts judges what the supplies of one notification come to for a line,
// together with all that went before.
func (l *Line) amounts(before Line, supplies []Supply, j Judge) []fhir.Issue {
	var last Supply
	total := before.Supplied.Value
	for _, s := range supplies {
		if nhs.SameUUID(s.Item, l.Item) && s.handsOver() {
			total = total.Add(s.Quantity.Value)
			if s.Difference != "" || last.Difference == "" {
				last = s
			}
		}
	}
	if last.Item == "" {
		return nil
	}
	if last.Difference != "" {
		return l.differs(last, total, j)
	}
	return l.comesTo(last, before.Supplied.Value, total, j)
}

// comesTo compares the total of a line with its order.
func (l *Line) comesTo(last Supply, before, total decimal.Decimal, j Judge) []fhir.Issue {
	byName := "A difference that the law allows is given by name: " + j.Law.differenceCodes(j.Now) + "."
	switch ordered := l.Quantity.Value; {
	case !ordered.IsPositive():
		return []fhir.Issue{last.wrong("DN-2", "The order does not say how much to supply.", "dispenseRequest.quantity", "nothing", "Ask the prescriber for a new prescription.")}
	case total.GreaterThan(ordered):
		return []fhir.Issue{last.wrong("DN-2", "More would be supplied than was prescribed.", "at most "+l.Quantity.InUnits()+" in all, of which "+before.String()+" were supplied before", total.String(), byName)}
	case l.Status == PartDispensed && total.Equal(ordered):
		return []fhir.Issue{last.wrong("DN-3", "Nothing would be left of the item.", "status 0001, fully dispensed", string(PartDispensed), "")}
	case l.Status == FullyDispensed && total.LessThan(ordered):
		return []fhir.Issue{last.wrong("DN-9", "Less would be supplied than was prescribed, so the item is not fully dispensed.", l.Quantity.InUnits()+" in all", total.String(),
			"Use the status 0003, so that the rest is owed. "+byName)}
	}
	return nil
}

// differs judges a total for which a reason is named.
func (l *Line) differs(s Supply, total decimal.Decimal, j Judge) []fhir.Issue {
	d, ok := j.Law.difference(s.Difference, nhs.Later(j.When, nhs.Date{}))
	switch {
	case !ok:
		return []fhir.Issue{s.wrong("DN-11", "The reason for another quantity is unknown.", "one of "+j.Law.differenceCodes(j.When), s.Difference, "")}
	case l.Status != FullyDispensed:
		return []fhir.Issue{s.wrong("DN-11", "A reason for another quantity completes the item.", "status 0001, fully dispensed", string(s.Status), "Leave it out where the rest is owed.")}
	}
	if why := d.allows(l, total, s.Reference); why != "" {
		return []fhir.Issue{s.wrong(d.Rule, fmt.Sprintf("The reason %s does not allow this quantity: %s.", d.Code, why), l.Quantity.InUnits(), total.String(), "")}
	}
	return nil
}
