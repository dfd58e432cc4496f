package prescription

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Product is what the server knows of the medicine of a coding on a day: by its code,
// or the substance and schedule by the words of its name.
func (f Formulary) Product(c fhir.Coding, on nhs.Date) (Medicine, bool) {
	m, ok := f.medicine(c, on)
	if s, named := f.substance(c.Display, on); named && (!ok || !m.Known) {
		if !ok {
			m = Medicine{Name: c.Display, Substance: s.name}
		}
		m.Schedule, m.Known = strings.TrimPrefix(s.schedule, none), s.schedule != ""
		ok = true
	}
	return m, ok
}

// UnitNamed is the name of the unit of a quantity on a day: one for all codes and
// words that mean it; the word itself where the table does not have it.
func UnitNamed(q Quantity, on nhs.Date) string {
	byCode, byWord := units.named(q, on)
	if name := either(byCode, byWord); name != "" {
		return name
	}
	return either(strings.ToLower(strings.TrimSpace(q.Unit)), q.Code)
}
