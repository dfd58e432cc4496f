package prescription

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// LawRow is one row of the law in words.
type LawRow struct {
	Rule   string // MDR-16: its id in the table of rules
	From   nhs.Date
	For    string // what it is about: schedules of controlled drugs, medicines
	Says   string
	Source string // statutory instrument and regulation
}

// Rows returns every row of the law, by rule and by the day from which it holds.
func (l Law) Rows() (rows []LawRow) {
	for _, x := range l.Validity {
		rows = append(rows, LawRow{x.Rule, x.From, schedules(x.Schedules), "may be supplied for " + x.period() + " from the appropriate date", x.Source})
	}
	for _, x := range l.RepeatRegime {
		rows = append(rows, LawRow{x.Rule, x.From, "repeat dispensing", "may be supplied for " + x.period() + " from the appropriate date", x.Source})
	}
	for _, x := range l.Controlled {
		rows = append(rows, LawRow{x.Rule, x.From, schedules(x.Schedules), strings.Join(x.says(), "; "), x.Source})
	}
	for _, x := range l.Differences {
		rows = append(rows, LawRow{x.Rule, x.From, x.about(), x.says(), x.Source})
	}
	for _, x := range l.Collection {
		rows = append(rows, LawRow{x.Rule, x.From, schedules(x.Schedules), "it is recorded who collects a supply, the name and address of a healthcare professional, and whether proof of identity was requested and provided", x.Source})
	}
	for _, x := range l.PrescriptionOnly {
		rows = append(rows, LawRow{"HMR-214", x.From, schedules(slices.Concat(x.Schedules, x.Medicines)), "supplied on a prescription alone", x.Source})
	}
	for _, x := range l.Unprescribed {
		rows = append(rows, LawRow{x.Rule, x.From, schedules(slices.Concat(x.Schedules, x.Medicines)), x.says(), x.Source})
	}
	sorting.Stably(rows, func(a, b LawRow) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), a.From.Compare(b.From.Time))
	})
	return rows
}

func (l Limit) period() string {
	if l.Days > 0 {
		return fmt.Sprint(l.Days, " days")
	}
	return fmt.Sprint(l.Months, " months")
}

// says is what the prescription of a controlled drug must have.
func (c Control) says() (list []string) {
	for _, x := range []struct {
		holds bool
		words string
	}{
		{c.QuantityWords, "the quantity in words and figures"},
		{c.DefiniteDose, "a definite dose"},
		{c.Prescriber, "the number and the address of the prescriber, and the name and the address of the patient"},
		{c.Original, "a private one is on paper, which the pharmacy holds"},
		{!c.Repeatable, "not repeatable"},
		{c.NotBefore, "no supply before the appropriate date"},
	} {
		if x.holds {
			list = append(list, x.words)
		}
	}
	return list
}

func (d Difference) about() string {
	switch {
	case len(d.OnlyMedicines) > 0:
		return strings.Join(d.OnlyMedicines, ", ")
	case len(d.ExceptSchedules) > 0:
		return "all but " + strings.Join(slices.Concat(d.ExceptSchedules, d.ExceptMedicines), ", ")
	case len(d.ExceptMedicines) > 0:
		return "all but " + strings.Join(d.ExceptMedicines, ", ")
	}
	return "every medicine"
}

func (d Difference) says() string {
	words := fmt.Sprintf("%s: up to %d %% less or %d %% more completes an item", d.Code, d.Less, d.More)
	if d.Reference {
		words += "; the document that allows it is named"
	}
	return words
}

// schedules are those of controlled drugs in words.
func schedules(codes []string) string {
	list := slices.Clone(codes)
	for i, s := range list {
		if s == "" {
			list[i] = "not controlled"
		}
	}
	return strings.Join(list, ", ")
}
