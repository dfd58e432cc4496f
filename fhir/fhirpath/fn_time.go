package fhirpath

import "time"

// moment is the time of the evaluation, the same throughout.
func (m *machine) moment() time.Time {
	if m.now.IsZero() {
		if m.now = m.env.Now; m.now.IsZero() {
			m.now = time.Now()
		}
	}
	return m.now
}

func fnNow(m *machine, _ *call, base int) error {
	return m.answer(base, temporalItem(temporalOf(m.moment(), dateTime)))
}

func fnToday(m *machine, _ *call, base int) error {
	return m.answer(base, temporalItem(temporalOf(m.moment(), date)))
}

func fnTimeOfDay(m *machine, _ *call, base int) error {
	return m.answer(base, temporalItem(temporalOf(m.moment(), timeOfDay)))
}
