package prescription

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Owed is when what is owed of an item is expected, and why it is owed.
type Owed struct {
	Item     string
	Expected nhs.Date
	Reason   string
	Place    string // where issues point to
	Who      Party
	When     string
}

// owe records when the rest of items is expected: on a day on which they may be
// supplied still.
func owe(r Rules, p *Prescription, q Request) (Outcome, []fhir.Issue) {
	r.Classify(p)
	var issues []fhir.Issue
	today := nhs.DateOf(q.Now)
	p.Owings = slices.Clone(p.Owings)
	for _, o := range q.Owed {
		lines, found := p.meant(Request{Items: []string{o.Item}, Place: o.Place})
		issues = append(issues, found...)
		if len(lines) == 0 {
			continue
		}
		l := lines[0]
		wrong := func(rule, message, expected, found, fix string) {
			issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: rule, Expression: o.Place, Message: message, Expected: expected, Found: fhir.OrNothing(found), Fix: fix})
		}
		switch {
		case o.Expected.IsZero():
			wrong("OWE-1", "It is not clear when the rest is expected.", "the part expected, a day", "", "")
		case o.Expected.Before(today):
			wrong("OWE-1", "The day on which the rest is expected is over.", "a day from "+today.String(), o.Expected.String(), "")
		case !l.Last.IsZero() && l.Last.Before(o.Expected):
			// MDR-16, HMR-217: an owing is supplied by the last day of its item.
			wrong("OWE-1", l.Product.Display+" can no longer be supplied on that day.", "a day up to "+l.Last.String(), o.Expected.String(), "Get it from elsewhere, or return the prescription.")
		}
		if strings.TrimSpace(o.Reason) == "" {
			wrong("OWE-2", "It is said in words why the rest is owed.", "the part reason", "", "")
		}
		o.Item, o.Place, o.Who, o.When = l.Item, "", q.By, q.At()
		p.Owings = append(p.Owings, o)
	}
	if len(q.Owed) == 0 {
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.Required, Rule: "OWE-1", Expression: q.place("item"), Message: "It is not said what is owed.", Expected: "the parameter item with number, expected and reason", Found: "none"})
	}
	return Outcome{After: p}, issues
}

// OwedOf is what was told last of what is owed of a line, nil for nothing.
func (p *Prescription) OwedOf(l *Line) *Owed {
	for i := range slices.Backward(p.Owings) {
		if nhs.SameUUID(p.Owings[i].Item, l.Item) {
			return &p.Owings[i]
		}
	}
	return nil
}
