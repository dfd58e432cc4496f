package prescription

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Medicine is what the server knows of a product by its code in dm+d.
type Medicine struct {
	Code      string
	VMP       string // the virtual product that it is, or is an actual product of
	Actual    bool   // an actual product: a brand, or the product of one supplier
	Name      string
	Substance string
	// Form, Strength and Unit are of the built-in tables; "" where they are not known.
	Form, Strength, Unit string
	// Schedule is CD1 … CD5, "" for what is not controlled; Known tells that from
	// a schedule that nobody knows.
	Schedule string
	Known    bool
}

// Dictionary is a dictionary of medicines that was loaded, as dm+d.
type Dictionary interface {
	// Medicine is the product of a code; packs are the product that they hold.
	Medicine(code string) (Medicine, bool)
}

// ScheduleOf is the schedule of a CONTROL_DRUG_CATEGORY of dm+d, "" for what is
// not controlled; known is false for a category that is none.
func ScheduleOf(category string) (schedule string, known bool) {
	schedule = nhs.Display("CONTROL_DRUG_CATEGORY", category)
	return strings.TrimPrefix(schedule, none), schedule != ""
}

//go:embed medicines.tsv
var medicinesTSV string

//go:embed substances.tsv
var substancesTSV string

// none says in the tables that a medicine is not controlled.
const none = "none"

// datedMedicine is a row of medicines.tsv.
type datedMedicine struct {
	from nhs.Date
	Medicine
}

// substance is a row of substances.tsv.
type substance struct {
	from          nhs.Date
	name          string
	schedule      string
	words, except []string
}

// Formulary is what the server knows of medicines: its own tables, and a
// dictionary where one is loaded.
type Formulary struct {
	byCode     map[string][]datedMedicine
	substances []substance
	dictionary Dictionary
}

// BuiltInMedicines are the tables that the program comes with.
var BuiltInMedicines = readFormulary(medicinesTSV, substancesTSV)

func readFormulary(medicines, substances string) Formulary {
	f := Formulary{byCode: map[string][]datedMedicine{}}
	for cells := range rows(medicines, 11) {
		m := Medicine{Code: cells[1], Actual: cells[2] == "AMP", VMP: cells[3], Name: cells[4], Substance: cells[5], Form: cells[6], Strength: cells[7], Unit: cells[8], Known: cells[9] != ""}
		if cells[9] != none {
			m.Schedule = cells[9]
		}
		f.byCode[m.Code] = append(f.byCode[m.Code], datedMedicine{nhs.ReadDate(cells[0]), m})
	}
	for cells := range rows(substances, 6) {
		s := substance{from: nhs.ReadDate(cells[0]), name: cells[1], schedule: cells[2], words: strings.Split(cells[3], ",")}
		if cells[4] != "" {
			s.except = strings.Split(cells[4], ",")
		}
		f.substances = append(f.substances, s)
	}
	return f
}

// rows reads a table of so many columns of which the first is a date.
func rows(tsv string, columns int) func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		for line := range strings.Lines(tsv) {
			cells := strings.Split(strings.TrimRight(line, "\n"), "\t")
			switch {
			case strings.HasPrefix(line, "#"):
			case len(cells) != columns || nhs.ReadDate(cells[0]).IsZero():
				panic("dispensing: a table of medicines: " + line)
			case !yield(cells):
				return
			}
		}
	}
}

// medicine is the product of a coding on a day.
func (f Formulary) medicine(c fhir.Coding, on nhs.Date) (Medicine, bool) {
	if c.Code == "" || unitSystem(c.System) != nhs.CSSNOMED {
		return Medicine{}, false
	}
	if f.dictionary != nil {
		if m, ok := f.dictionary.Medicine(c.Code); ok && (m.Known || len(f.byCode[c.Code]) == 0) {
			return m, true
		}
	}
	row, ok := inForce(f.byCode[c.Code], func(m datedMedicine) nhs.Date { return m.from }, func(datedMedicine) bool { return true }, on)
	return row.Medicine, ok
}

// substance is the substance that the words of a name tell, and the schedule
// where all its usual preparations have the same; the longest word decides, for
// "lisdexamfetamine" holds "dexamfetamine".
func (f Formulary) substance(name string, on nhs.Date) (s substance, ok bool) {
	name = strings.ToLower(name)
	longest := 0
	for _, row := range f.substances {
		for _, w := range row.words {
			if len(w) > longest && strings.Contains(name, w) && !on.Before(row.from) {
				s, ok, longest = row, true, len(w)
			}
		}
	}
	if slices.ContainsFunc(s.except, func(w string) bool { return strings.Contains(name, w) }) {
		s.schedule = ""
	}
	return s, ok
}

// With is what the tables know, and a dictionary beside them; nil for none.
func (f Formulary) With(d Dictionary) Formulary {
	f.dictionary = d
	return f
}

// Named is the virtual product of a name, as the tables have it.
func (f Formulary) Named(name string) (Medicine, bool) {
	for _, rows := range f.byCode {
		if m := rows[0].Medicine; m.Name == name && !m.Actual && m.VMP == m.Code {
			return m, true
		}
	}
	return Medicine{}, false
}
