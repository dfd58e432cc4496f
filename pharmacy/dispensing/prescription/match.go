package prescription

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Match is the product of dm+d that a coding means on a day: that of its code, or else
// that of its name as the tables have it. Where it is none, why says so in words.
func (f Formulary) Match(c fhir.Coding, on nhs.Date) (m Medicine, why string) {
	if c.Code == "" {
		return f.byItsName(strings.TrimSpace(c.Display))
	}
	m, known := f.medicine(c, on)
	switch {
	case !known:
		return m, "The server's data have no product of the code " + c.Code + "."
	case f.contradicts(c, on):
		return m, "The code " + c.Code + " is of " + m.Name + ", which is another medicine."
	}
	if a, b := strengths(c.Display), strengths(m.Name); len(a) > 0 && len(b) > 0 && strings.Join(a, " ") != strings.Join(b, " ") {
		return m, "The code " + c.Code + " is of " + m.Name + ", which is another strength."
	}
	return m, ""
}

// byItsName is the one product of the tables with a name: of several codes that are of one
// virtual product, its own.
func (f Formulary) byItsName(name string) (found Medicine, why string) {
	for _, rows := range f.byCode {
		m := rows[0].Medicine
		switch {
		case !strings.EqualFold(m.Name, name):
		case found.Code != "" && found.VMP != m.VMP:
			return Medicine{}, "Several products of the tables have that name."
		case found.Code == "" || m.Code == m.VMP || found.Code != found.VMP && m.Code < found.Code:
			found = m
		}
	}
	if found.Code == "" {
		return found, "It is told by its name alone, which is none of the tables."
	}
	return found, ""
}

// LastDay is the last day on which an item of a schedule may be supplied, by its
// appropriate date; the zero Date where there is no limit.
func (l Law) LastDay(schedule string, appropriate nhs.Date) nhs.Date {
	last, _ := l.expiry(schedule, appropriate)
	return last
}
