package prescription

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

//go:embed labels.tsv
var labelsTSV string

// Particular is something that a label tells, from a day.
type Particular struct {
	from         nhs.Date
	Name         string // patient, supplier, address, date, product, directions, precautions, warning
	Required     bool
	Text         string // of a warning
	Rule, Source string
}

var particulars = readParticulars(labelsTSV)

func readParticulars(tsv string) (list []Particular) {
	for cells := range rows(tsv, 6) {
		list = append(list, Particular{nhs.ReadDate(cells[0]), cells[1], cells[2] == "required", cells[3], cells[4], cells[5]})
	}
	return list
}

// Label is what is printed on the pack of an item, or of what is owed of it.
type Label struct {
	Item        string
	Patient     string
	Supplier    string
	Address     string // in one line
	Date        nhs.Date
	Product     string
	Quantity    Quantity
	Directions  string
	Precautions []string
	Owing       *OwingLabel // for the note of what is owed, nil for a label
}

// OwingLabel is what the note of an owing tells beside.
type OwingLabel struct {
	Ordered  Quantity
	Expected nhs.Date // zero where it is not known
	Last     nhs.Date // on which it may be supplied, zero where there is no limit
}

// told is what a label has of a particular.
func (l *Label) told(name string) string {
	switch name {
	case "patient":
		return l.Patient
	case "supplier":
		return l.Supplier
	case "address":
		return l.Address
	case "date":
		return l.Date.String()
	case "product":
		return l.Product
	case "directions":
		return l.Directions
	case "precautions":
		return strings.Join(l.Precautions, ". ")
	}
	return ""
}

// Warnings are the words that are printed on a label of its day.
func (l *Label) Warnings() (list []string) {
	for _, p := range particulars {
		if p.Text != "" && !l.Date.Before(p.from) {
			list = append(list, p.Text)
		}
	}
	return list
}

// Missing is what the law of its day asks for and the label does not have. An owing needs
// no directions.
func (l *Label) Missing() (issues []fhir.Issue) {
	fixes := map[string]string{
		"address":    "Store the pharmacy's Organization, with its ODS code and address.",
		"supplier":   "Store the pharmacy's Organization, with its ODS code and name.",
		"directions": "Ask the prescriber: the order does not say how it is taken, or not in words that are safe.",
	}
	for _, p := range particulars {
		if !p.Required || l.Date.Before(p.from) || l.told(p.Name) != "" || l.Owing != nil && p.Name == "directions" {
			continue
		}
		issues = append(issues, fhir.Issue{Code: fhir.Required, Rule: p.Rule, Expression: "Task.input", Message: "The label of " + fhir.OrNothing(l.Product) + " lacks a particular.", // HMR-258
			Expected: p.Source, Found: "no " + p.Name, Fix: fixes[p.Name]})
	}
	return issues
}

// Parts are the lines of the label: what it is of, in full view; how it is taken; whose it
// is, and who supplies it.
func (l *Label) Parts() (heads, lines, foot []string) {
	told := func(text ...string) []string {
		return slices.DeleteFunc(text, func(t string) bool { return t == "" })
	}
	amount := strings.TrimSpace(l.Quantity.Value.String() + " " + l.Quantity.Unit)
	if o := l.Owing; o != nil {
		heads = told("OWING", amount+" of "+strings.TrimSpace(o.Ordered.Value.String()+" "+o.Ordered.Unit), l.Product)
		if !o.Expected.IsZero() {
			lines = append(lines, "Expected on "+onLabel(o.Expected))
		}
		if !o.Last.IsZero() {
			lines = append(lines, "To be supplied by "+onLabel(o.Last))
		}
	} else {
		heads = told(amount, l.Product)
		lines = told(slices.Concat([]string{l.Directions}, l.Precautions, l.Warnings())...)
	}
	return heads, lines, told(l.Patient+"   "+onLabel(l.Date), l.Supplier, l.Address)
}

// String is the label as it is printed, a line for each of its parts.
func (l *Label) String() string {
	heads, lines, foot := l.Parts()
	return strings.Join(slices.Concat(heads, lines, foot), "\n")
}

func onLabel(d nhs.Date) string { return d.Format("2 Jan 2006") }

// Packed judges what is to be in the pack of an item: so much of the rest, in the unit of
// the order, of what was ordered. Where nobody can tell whether a product is that, a
// pharmacist has to have said so.
func (r Rules) Packed(p *Prescription, l *Line, q Quantity, product fhir.Coding, rest decimal.Decimal, on nhs.Date) *fhir.Issue {
	switch v, why := r.Medicines.compare(l, product, on); {
	case (q.Unit != "" || q.Code != "") && !units.sameUnit(q, l.Quantity, on):
		return &fhir.Issue{Rule: "DN-10", Code: fhir.BusinessRule, Message: "The quantity is in another unit than the order's.", Expected: l.Quantity.Of(rest).InUnits() + " at most", Found: q.InUnits()}
	case !q.Value.IsPositive() || q.Value.GreaterThan(rest):
		return &fhir.Issue{Rule: "LABEL-1", Code: fhir.ValueCode, Message: "The pack cannot hold that much of the item.", Expected: "more than 0, and at most " + l.Quantity.Of(rest).InUnits(), Found: q.Value.String()}
	case v == isAnother:
		return &fhir.Issue{Rule: "HMR-214", Code: fhir.BusinessRule, Message: "The product is not what was ordered: " + why + ".", Expected: medicineText(l.Product), Found: medicineText(product)}
	case v == isNotKnown && !p.isReleased(Hold{Item: l.Item, Code: HoldProduct, About: HeldBy(product)}):
		return &fhir.Issue{Rule: "HOLD-PRODUCT", Code: fhir.BusinessRule, Message: "It is not clear whether the product is what was ordered. " + why, Expected: medicineText(l.Product), Found: medicineText(product), Fix: "A pharmacist decides it with $release-hold, when the supply is recorded."}
	}
	return nil
}
