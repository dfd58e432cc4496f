package prescription

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

//go:embed law.json
var lawJSON []byte

// Law holds the limits that the law sets, each with the day from which it
// holds. The zero Law sets no limits.
type Law struct {
	About        string       `json:"about"`
	Validity     []Limit      `json:"validity"`
	RepeatRegime []Limit      `json:"repeatRegime"`
	Controlled   []Control    `json:"controlled"`
	Differences  []Difference `json:"differences"`
	Collection   []Collecting `json:"collection"`
	// PrescriptionOnly are medicines that are supplied on prescription alone, but for what
	// Unprescribed allows.
	PrescriptionOnly []PrescriptionOnly `json:"prescriptionOnly"`
	Unprescribed     []Unprescribed     `json:"unprescribed"`
}

// Limit is how long after the appropriate date something may be supplied.
type Limit struct {
	From      nhs.Date `json:"from"`
	Schedules []string `json:"schedules"` // CD1 … CD5, "" for what is not controlled
	Days      int      `json:"days"`
	Months    int      `json:"months"`
	// Recorded binds also a supply that another dispenser made and that is only
	// recorded here.
	Recorded bool   `json:"recorded"`
	Rule     string `json:"rule"`
	Source   string `json:"source"` // statutory instrument and regulation
}

// Control is what the prescription of a controlled drug must have.
type Control struct {
	From          nhs.Date `json:"from"`
	Schedules     []string `json:"schedules"`
	QuantityWords bool     `json:"quantityWords"` // the quantity also in words
	DefiniteDose  bool     `json:"definiteDose"`  // "as directed" alone is no dose
	Original      bool     `json:"original"`      // a private one is on paper, and the pharmacy holds it
	Repeatable    bool     `json:"repeatable"`
	NotBefore     bool     `json:"notBefore"` // no supply before the appropriate date
	// Prescriber is set where the prescription tells the number and the address
	// of who signed it, and the name and the address of the patient.
	Prescriber bool   `json:"prescriber"`
	Rule       string `json:"rule"`
	Source     string `json:"source"`
}

// Collecting is that it is recorded who collects a supply, of the day from which it holds.
type Collecting struct {
	From      nhs.Date `json:"from"`
	Schedules []string `json:"schedules"`
	Rule      string   `json:"rule"`
	Source    string   `json:"source"`
}

// ReadLaw reads limits as the embedded law.json holds them. It refuses fields
// that it does not know, and a file that leaves a part of the law out: no limit
// must be lost by a slip. One that says neither which medicines are prescription only nor
// what is supplied without one, as files of before these were rows had it, has the built-in
// rows of both.
func ReadLaw(data []byte) (law Law, err error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&law); err != nil {
		return Law{}, err
	}
	if law.PrescriptionOnly == nil && law.Unprescribed == nil {
		var own Law
		if err := json.Unmarshal(lawJSON, &own); err != nil {
			return Law{}, err
		}
		law.PrescriptionOnly, law.Unprescribed = own.PrescriptionOnly, own.Unprescribed
	}
	if len(law.Validity) == 0 || len(law.RepeatRegime) == 0 || len(law.Controlled) == 0 || len(law.Collection) == 0 || len(law.PrescriptionOnly) == 0 || len(law.Unprescribed) == 0 {
		return Law{}, errors.New("validity, repeatRegime, controlled, collection, prescriptionOnly and unprescribed must each have rows")
	}
	for _, l := range slices.Concat(law.Validity, law.RepeatRegime) {
		if l.From.IsZero() || l.Rule == "" || (l.Days > 0) == (l.Months > 0) || l.Days < 0 || l.Months < 0 {
			return Law{}, fmt.Errorf("the limit of %s from %s: expected from, rule, and either days or months", l.Rule, l.From)
		}
	}
	for _, c := range law.Controlled {
		if c.From.IsZero() || c.Rule == "" || len(c.Schedules) == 0 {
			return Law{}, fmt.Errorf("the row of %s from %s: expected from, rule and schedules", c.Rule, c.From)
		}
	}
	for _, c := range law.Collection {
		if c.From.IsZero() || c.Rule == "" || len(c.Schedules) == 0 {
			return Law{}, fmt.Errorf("the row of %s from %s: expected from, rule and schedules", c.Rule, c.From)
		}
	}
	for _, x := range law.PrescriptionOnly {
		if x.From.IsZero() || len(x.Schedules)+len(x.Medicines) == 0 {
			return Law{}, fmt.Errorf("the row of prescription only medicines from %s: expected from, and schedules or medicines", x.From)
		}
	}
	for _, x := range law.Unprescribed {
		if x.From.IsZero() || x.Rule == "" || x.Kind == "" || len(x.Schedules) == 0 || x.Days < 0 {
			return Law{}, fmt.Errorf("the row of %s from %s: expected from, rule, kind and schedules", x.Rule, x.From)
		}
	}
	for _, d := range law.Differences {
		if err := d.complete(); err != nil {
			return Law{}, err
		}
	}
	return law, nil
}

// expiry is the last day on which an item of the schedule may be supplied and
// the rule that says so; a zero date where there is no limit.
func (l Law) expiry(schedule string, appropriate nhs.Date) (last nhs.Date, rule string) {
	if limit, ok := l.limit(schedule, appropriate); ok {
		return limit.after(appropriate), limit.Rule
	}
	return nhs.Date{}, ""
}

// limit is the row that says how long an item of the schedule may be supplied.
func (l Law) limit(schedule string, appropriate nhs.Date) (Limit, bool) {
	return inForce(l.Validity, func(x Limit) nhs.Date { return x.From }, func(x Limit) bool {
		return slices.Contains(x.Schedules, schedule)
	}, appropriate)
}

// regimeEnd is the last day of a repeat dispensing regime.
func (l Law) regimeEnd(appropriate nhs.Date) (last nhs.Date, rule string) {
	if limit, ok := inForce(l.RepeatRegime, func(x Limit) nhs.Date { return x.From }, func(Limit) bool { return true }, appropriate); ok {
		return limit.after(appropriate), limit.Rule
	}
	return nhs.Date{}, ""
}

// Schedules are those that any limit is about.
func (l Law) Schedules() (all []string) {
	for _, limit := range l.Validity {
		all = append(all, limit.Schedules...)
	}
	all = slices.DeleteFunc(all, func(s string) bool { return s == "" })
	slices.Sort(all)
	return slices.Compact(all)
}

// Control is what holds for a schedule at a date.
func (l Law) Control(schedule string, on nhs.Date) Control {
	c, _ := inForce(l.Controlled, func(x Control) nhs.Date { return x.From }, func(x Control) bool {
		return slices.Contains(x.Schedules, schedule)
	}, on)
	return c
}

// collecting is the row by which it is recorded who collects a supply of a schedule.
func (l Law) collecting(schedule string, on nhs.Date) (Collecting, bool) {
	return inForce(l.Collection, func(x Collecting) nhs.Date { return x.From }, func(x Collecting) bool {
		return slices.Contains(x.Schedules, schedule)
	}, on)
}

// inForce picks, among the rows that apply, the one that came into force last.
func inForce[T any](rows []T, from func(T) nhs.Date, applies func(T) bool, on nhs.Date) (best T, found bool) {
	for _, row := range rows {
		if applies(row) && !on.Before(from(row)) && (!found || from(best).Before(from(row))) {
			best, found = row, true
		}
	}
	return best, found
}

// after is the last day of the limit. The days follow the appropriate date;
// months roll down to the end of a shorter month.
func (l Limit) after(d nhs.Date) nhs.Date {
	if l.Days > 0 {
		return nhs.Date{Time: d.AddDate(0, 0, l.Days)}
	}
	first := time.Date(d.Year(), d.Month()+time.Month(l.Months), 1, 0, 0, 0, 0, time.UTC)
	end := first.AddDate(0, 1, -1).Day()
	return nhs.Date{Time: first.AddDate(0, 0, min(d.Day(), end)-1)}
}

// BuiltInLaw is the law that the program comes with.
var BuiltInLaw = func() Law {
	law, err := ReadLaw(lawJSON)
	if err != nil {
		panic("dispensing: law.json: " + err.Error())
	}
	return law
}()
