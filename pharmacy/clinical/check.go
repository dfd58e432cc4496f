package clinical

import (
	"cmp"
	"slices"
	"time"

	"github.com/pestle-fhir/pestle/internal/sorting"
)

// check is one judgement of an order.
type check struct {
	rules   Table
	on      time.Time
	patient *Patient
	order   *Order
	history *History
	found   []Finding

	ordered amounts
	amounts []amounts // of the supplies
}

// kinds are the checks, by the kind of the rules that they judge by. Each is given
// a rule of its kind that holds on the day and is about the medicine.
var kinds = map[string]func(c *check, r *Rule){
	"duplicate": (*check).duplicate, "duplicate-titration": (*check).duplicateTitration, "duplicate-class": (*check).duplicateClass,
	"early": (*check).early, "early-titration": (*check).earlyTitration, "long": (*check).long,
	"dose": (*check).dose, "dose-unread": (*check).doseUnread, "dose-left": (*check).doseLeft, "dose-weight": (*check).doseWeight,
	"age": (*check).age, "age-unknown": (*check).ageUnknown,
	"allergy": (*check).allergy, "allergy-family": (*check).allergyFamily,
	"interaction": (*check).interaction, "condition": (*check).condition,
	"monitoring": (*check).monitoring, "monitoring-change": (*check).monitoringChange, "monitoring-high": (*check).monitoringHigh,
	"brand-unnamed": (*check).brandUnnamed, "brand-switch": (*check).brandSwitch,
	"address": (*check).address,
}

// Check judges an order on a day, and returns what the rules say of it: the severe
// first, then in the order of their ids. What it costs depends on what the history
// holds, which whoever reads it bounds by time.
func (t Table) Check(on time.Time, p *Patient, o *Order, h *History) []Finding {
	c := check{rules: t, on: on, patient: p, order: o, history: h}
	for kind, rules := range t {
		for i := range rules {
			if r := &rules[i]; r.holds(on) && r.concerns(o) {
				kinds[kind](&c, r)
			}
		}
	}
	sorting.By(c.found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(weight(a.Rule.Severity), weight(b.Rule.Severity)), cmp.Compare(a.Rule.ID, b.Rule.ID), cmp.Compare(a.Key, b.Key))
	})
	return c.found
}

func weight(severity string) int { return slices.Index([]string{high, "moderate", "low"}, severity) }

// find records a finding. Its words and its evidence tell of facts and days, never
// of how long ago they are: what follows from the same facts is the same finding,
// whenever it is looked at.
func (c *check) find(r *Rule, key, detail string, evidence ...Evidence) {
	c.found = append(c.found, Finding{Rule: r, Key: key, Detail: detail, Evidence: evidence})
}

func (c *check) findElsewhere(r *Rule, elsewhere bool, key, detail string, evidence ...Evidence) {
	c.find(r, key, detail, evidence...)
	c.found[len(c.found)-1].Elsewhere = elsewhere
}

func day(t time.Time) string { return t.Format(time.DateOnly) }

// daysBetween is how many days later b is than a.
func daysBetween(a, b time.Time) int { return int(b.Sub(a).Hours()) / 24 }
