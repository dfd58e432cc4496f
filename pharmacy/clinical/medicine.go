package clinical

import (
	_ "embed"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/dosage"
	"github.com/pestle-fhir/pestle/internal/sorting"
)

//go:embed substances.tsv
var substancesTSV string

// substance is a row of substances.tsv.
type substance struct {
	name    string
	classes []string
	words   []string
}

// dictionary is substances.tsv.
type dictionary struct {
	byWord []wordOf // the longest first
	byCode map[string]*substance
}

type wordOf struct {
	word      string
	substance *substance
}

var substances = readSubstances(substancesTSV)

func readSubstances(tsv string) dictionary {
	d := dictionary{byCode: map[string]*substance{}}
	for _, cells := range rows(tsv) {
		s := &substance{name: cells[0], classes: list(cells[1]), words: list(cells[2])}
		for _, w := range s.words {
			d.byWord = append(d.byWord, wordOf{w, s})
		}
		for _, c := range list(cells[3]) {
			d.byCode[c] = s
		}
	}
	sorting.Stably(d.byWord, func(a, b wordOf) int { return len(b.word) - len(a.word) })
	return d
}

func list(cell string) []string {
	if cell == "" {
		return nil
	}
	return strings.Split(cell, ",")
}

// Medicine is what its codes and names say of a product.
type Medicine struct {
	Substance string   // of substances.tsv; else the words before the strength
	Classes   []string // of substances.tsv
	Brand     string   // the first word of the name of a branded product: "concerta"
	Strength  dosage.Amount
	Per       dosage.Amount // what holds the strength: 1 tablet, 1 ml
	Form      string        // tablets, capsules, solution …
	Modified  bool          // modified release
	Name      string
	Code      string
}

func (m Medicine) in(class string) bool { return slices.Contains(m.Classes, class) }

// same reports whether two products are of one substance.
func (m Medicine) same(other Medicine) bool {
	return m.Substance != "" && m.Substance == other.Substance
}

// isForm reports whether a product is of a form: "modified tablets", "immediate".
func (m Medicine) isForm(form string) bool {
	for _, w := range strings.Fields(form) {
		switch {
		case w == "modified" && !m.Modified, w == "immediate" && m.Modified:
			return false
		case w != "modified" && w != "immediate" && m.Form != w:
			return false
		}
	}
	return true
}

var (
	strength = regexp.MustCompile(`(?i)([0-9][0-9,.]*) ?(mg|micrograms?|g)(?:/([0-9.]+)? ?(ml))?`)
	forms    = regexp.MustCompile(`(?i)\b(tablet|capsule|oral solution|oral suspension|solution|liquid|patch|sachet|granules|suppositor)`)
	modified = regexp.MustCompile(`(?i)\b(modified[- ]release|prolonged[- ]release|extended[- ]release|XL|SR|LA|MR|XR|retard)\b`)
	// branded are words of brand names that are modified release without saying so.
	branded = regexp.MustCompile(`(?i)\b(delmosart|intuniv)\b`)
)

// medicineOf reads what codes and names say of a product: dm+d writes the
// substance or brand, the strength and the form, in this order.
func medicineOf(codes []fhir.Coding) (m Medicine) {
	for _, c := range codes {
		if s := substances.of(c); s != nil && m.Substance == "" {
			m.Substance, m.Classes = s.name, s.classes
		}
		if m.Code == "" {
			m.Code = c.Code
		}
		if m.Name == "" || !strength.MatchString(m.Name) {
			if c.Display != "" {
				m.Name = c.Display
			}
		}
	}
	m.readName()
	return m
}

func (m *Medicine) readName() {
	name := strings.TrimSpace(m.Name)
	at := strength.FindStringSubmatchIndex(name)
	before := name
	if at != nil {
		before = name[:at[0]]
		m.readStrength(strength.FindStringSubmatch(name))
	}
	if f := forms.FindStringSubmatchIndex(name); f != nil {
		m.Form = strings.ToLower(name[f[2]:f[3]])
		switch m.Form {
		case "tablet", "capsule":
			m.Form += "s"
		case "suppositor":
			m.Form = "suppositories"
		}
		if f[0] < len(before) {
			before = name[:f[0]]
		}
	}
	m.Modified = modified.MatchString(name) || branded.MatchString(name)
	before = strings.ToLower(strings.TrimSpace(modified.ReplaceAllString(before, "")))
	if m.Substance == "" {
		m.Substance = before
	} else if first, _, _ := strings.Cut(before, " "); first != "" && !strings.Contains(before, m.Substance) {
		m.Brand = first
	}
	if m.Brand == "" {
		m.Brand = maker(name)
	}
}

// maker is who makes a product that is named by its substance: dm+d writes them
// in brackets behind it.
func maker(name string) string {
	open := strings.LastIndexByte(name, '(')
	if open < 0 || !strings.HasSuffix(name, ")") {
		return ""
	}
	return strings.ToLower(name[open+1 : len(name)-1])
}

func (m *Medicine) readStrength(s []string) {
	n, err := decimal.NewFromString(strings.TrimRight(strings.ReplaceAll(s[1], ",", ""), "."))
	if err != nil {
		return
	}
	m.Strength = dosage.Amount{Low: n, High: n, Unit: dosage.UnitOf("", strings.ToLower(s[2]))}
	m.Per = one("")
	if s[4] != "" {
		m.Per = one("millilitre")
		if per, err := decimal.NewFromString(s[3]); err == nil && per.IsPositive() {
			m.Per.Low, m.Per.High = per, per
		}
	}
}

func one(unit string) dosage.Amount {
	n := decimal.NewFromInt(1)
	return dosage.Amount{Low: n, High: n, Unit: unit}
}

// of is the substance of a code or, else, of a name.
func (d *dictionary) of(c fhir.Coding) *substance {
	if s := d.byCode[c.Code]; s != nil && c.Code != "" {
		return s
	}
	name := strings.ToLower(c.Display)
	for _, w := range d.byWord {
		if strings.Contains(name, w.word) {
			return w.substance
		}
	}
	return nil
}

// errUnit says that an amount cannot be told in milligrams.
var errUnit = errors.New("clinical: the strength of the medicine is not known")

// milligrams is an amount of a product in milligrams: of tablets by their strength.
func (m *Medicine) milligrams(a dosage.Amount) (dosage.Amount, error) {
	if mg, ok := a.In("milligram"); ok {
		return mg, nil
	}
	each, ok := m.Strength.In("milligram")
	if !ok || each.IsZero() {
		return a, errUnit
	}
	switch {
	case m.Per.Unit != "":
		ml, ok := a.In(m.Per.Unit)
		if !ok {
			return a, errUnit
		}
		a = dosage.Amount{Low: ml.Low.Div(m.Per.High), High: ml.High.Div(m.Per.High)}
	case !countable(a.Unit, m.Form):
		return a, errUnit
	}
	return dosage.Amount{Low: a.Low.Mul(each.High), High: a.High.Mul(each.High), Unit: "milligram"}, nil
}

// countable reports whether a unit counts pieces of a form: "1 daily" and "1
// tablet daily" of tablets.
func countable(unit, form string) bool {
	return (form == "tablets" || form == "capsules") && (unit == "" || unit == "dose" || unit+"s" == form || unit == "piece")
}

// pieces is an amount in the unit in which a quantity is: tablets where the dose is
// in milligrams.
func (m *Medicine) pieces(unit string) func(dosage.Amount) (dosage.Amount, error) {
	return func(a dosage.Amount) (dosage.Amount, error) {
		if in, ok := a.In(unit); ok {
			return in, nil
		}
		if a.Unit == "" || a.Unit == "dose" {
			return dosage.Amount{Low: a.Low, High: a.High, Unit: unit}, nil
		}
		mg, ok := a.In("milligram")
		each, known := m.Strength.In("milligram")
		if !ok || !known || each.IsZero() {
			return a, errUnit
		}
		n := dosage.Amount{Low: mg.Low.Div(each.High), High: mg.High.Div(each.High), Unit: unit}
		if m.Per.Unit != "" {
			if m.Per.Unit != unit {
				return a, errUnit
			}
			n.Low, n.High = n.Low.Mul(m.Per.High), n.High.Mul(m.Per.High)
		}
		return n, nil
	}
}
