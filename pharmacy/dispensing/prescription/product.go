package prescription

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// comparison is what comes of comparing a product with an order.
type comparison int

const (
	isOrdered  comparison = iota // what was ordered, or an actual product of it
	isAnother                    // another medicine, form or strength
	isNotKnown                   // nobody can tell
)

// compare compares the product of a supply with what a line orders, and says
// why it is not that.
func (f Formulary) compare(l *Line, supplied fhir.Coding, on nhs.Date) (v comparison, why string) {
	ordered := l.Product
	if supplied == ordered || supplied.Code == "" && supplied.Display != "" && strings.EqualFold(supplied.Display, ordered.Display) {
		return isOrdered, ""
	}
	if supplied.Code == "" && supplied.Display == "" {
		return isNotKnown, "The supply does not name its product."
	}
	if v, why := f.byName(ordered, supplied, on); v == isAnother {
		return v, why
	}
	if f.contradicts(supplied, on) {
		return isNotKnown, "The code and the name of the product are of different medicines."
	}
	if supplied.Code != "" && supplied.Code == ordered.Code && unitSystem(supplied.System) == unitSystem(ordered.System) {
		return isOrdered, ""
	}
	a, aKnown := f.medicine(ordered, on)
	b, bKnown := f.medicine(supplied, on)
	switch {
	case !aKnown || !bKnown || a.VMP == "" || b.VMP == "":
		if aKnown && bKnown && a.Substance != "" && b.Substance != "" && a.Substance != b.Substance {
			return isAnother, "another substance"
		}
		return isNotKnown, "The server does not know both products, so it cannot compare them."
	case a.VMP != b.VMP && (a.Substance == "" || a.Substance != b.Substance):
		return isAnother, "another medicine"
	case a.VMP != b.VMP:
		return isAnother, "another form or strength of the medicine"
	case a.Actual && a.Code != b.Code:
		return isNotKnown, "The order names an actual product, a brand or the product of one supplier, and the supply is another one of the same medicine."
	}
	return isOrdered, ""
}

// byName compares the substances and the strengths that names and codes tell.
func (f Formulary) byName(ordered, supplied fhir.Coding, on nhs.Date) (comparison, string) {
	a, b := f.substancesOf(ordered, on), f.substancesOf(supplied, on)
	if len(a) > 0 && len(b) > 0 && !slices.ContainsFunc(a, func(x string) bool {
		return slices.ContainsFunc(b, func(y string) bool { return related(x, y) })
	}) {
		return isAnother, "another medicine: " + b[0] + ", not " + a[0]
	}
	if x, y := strengths(ordered.Display), strengths(supplied.Display); len(a) > 0 && len(b) > 0 && len(x) > 0 && len(y) > 0 && !slices.Equal(x, y) {
		return isAnother, "another strength: " + strings.Join(y, ", ") + ", not " + strings.Join(x, ", ")
	}
	return isNotKnown, ""
}

// substancesOf are those that the code and the name of a product tell.
func (f Formulary) substancesOf(c fhir.Coding, on nhs.Date) (list []string) {
	name := c.Display
	if m, ok := f.medicine(c, on); ok {
		if m.Substance != "" {
			list = append(list, m.Substance)
		}
		if name == "" {
			name = m.Name
		}
	}
	if s, ok := f.substance(name, on); ok {
		list = append(list, s.name)
	}
	return list
}

var strengthWords = regexp.MustCompile(`(\d[\d,]*(?:\.\d+)?)\s*(mgs?|milligrams?|micrograms?|mcg|[uµμ]g|nanograms?|g|grams?|units?|iu|%)(?:(?:/|\s+per\s+|\s+in\s+)(\d*(?:\.\d+)?)\s*(ml|millilit(?:re|er)s?|mg|dose|hours?|hr))?(?:[^a-z0-9]|$)`)

// spellings are those of the units of strengths that have several.
var spellings = strings.NewReplacer("milligram", "mg", "mcg", "microgram", "ug", "microgram", "µg", "microgram", "μg", "microgram", "iu", "unit", "millilitre", "ml", "milliliter", "ml", "hr", "hour")

// strengths are the strengths in a name, each once, in one order and one spelling: "18mg",
// "2mg/ml" of 10 mg in 5 ml, "500microgram" of 0.5 mg, "1000mg" of 1 g. What is for so many
// milligrams is another substance's: "30mg/500mg".
func strengths(name string) (list []string) {
	unit := func(text string) string { return strings.TrimSuffix(spellings.Replace(text), "s") }
	for _, m := range strengthWords.FindAllStringSubmatch(strings.ToLower(name), -1) {
		amount, err := decimal.NewFromString(strings.ReplaceAll(m[1], ",", ""))
		per, perErr := decimal.NewFromString(cmp.Or(m[3], "1"))
		if err != nil || perErr != nil || !per.IsPositive() {
			continue
		}
		switch in := unit(m[4]); in {
		case "":
			list = append(list, amountOf(amount, unit(m[2])))
		case "mg":
			list = append(list, amountOf(amount, unit(m[2]))+"/"+per.String()+in)
		default:
			list = append(list, amountOf(amount.DivRound(per, 12), unit(m[2]))+"/"+in)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// amountOf is an amount in one spelling: of a mass in the largest of milligram, microgram and
// nanogram of which it is at least one.
func amountOf(n decimal.Decimal, unit string) string {
	exponent := map[string]int32{"g": 9, "gram": 9, "mg": 6, "microgram": 3, "nanogram": 0}
	e, isMass := exponent[unit]
	if !isMass {
		return n.String() + unit
	}
	n, unit = n.Shift(e), "nanogram"
	for _, larger := range []string{"mg", "microgram"} {
		if each := decimal.New(1, exponent[larger]); n.GreaterThanOrEqual(each) {
			n, unit = n.Shift(-exponent[larger]), larger
			break
		}
	}
	return n.String() + unit
}

// productIssues judges the product of a supply; what cannot be told is held.
func (p *Prescription) productIssues(l *Line, s Supply, j Judge) []fhir.Issue {
	v, why := j.Medicines.compare(l, s.Product, p.Appropriate(false))
	switch v {
	case isAnother:
		// HMR-214: what is supplied is what the prescription orders.
		return []fhir.Issue{s.wrong("HMR-214", "The product is not what was ordered: "+why+".", medicineText(l.Product), medicineText(s.Product), "Supply what is ordered, or ask the prescriber for a new prescription.")}
	case isNotKnown:
		h := Hold{Item: l.Item, Code: HoldProduct, About: HeldBy(s.Product), Text: why}
		if !p.isReleased(h) {
			p.Meet(h)
		}
	}
	return nil
}

// medicineText is a product for a message: its name and code.
func medicineText(c fhir.Coding) string {
	switch {
	case c.Display == "":
		return fhir.OrNothing(c.Code)
	case c.Code == "":
		return c.Display
	}
	return c.Display + " (" + c.Code + ")"
}
