package fhirpath

import "github.com/shopspring/decimal"

// component makes a function that answers with one part of a date or time, and
// with nothing where the value does not have it.
func component(p precision, part func(t temporal) int) func(m *machine, c *call, base int) error {
	return func(m *machine, c *call, base int) error {
		t, ok, err := m.temporalInput(c, base)
		if err != nil || !ok || t.prec < p || t.kind == timeOfDay && p < toHour {
			return err
		}
		m.push(IntegerItem(part(t)))
		return nil
	}
}

// temporalInput is the input as one date or time; ok is false when it is empty.
func (m *machine) temporalInput(c *call, base int) (t temporal, ok bool, err error) {
	it, err := m.only(c, base)
	if err != nil {
		return t, false, err
	}
	m.cut(base)
	v := it.value()
	switch v.kind {
	case nothing:
		return t, false, nil
	case date, dateTime, timeOfDay:
		return v.ref.time, true, nil
	}
	return t, false, expectType(c, "a date or time", it)
}

func fnTimezoneOffsetOf(m *machine, c *call, base int) error {
	t, ok, err := m.temporalInput(c, base)
	if err != nil || !ok || !t.zoned {
		return err
	}
	m.push(DecimalItem(divide(decimal.New(int64(t.offset), 0), decimal.New(60, 0))))
	return nil
}

func fnDateOf(m *machine, c *call, base int) error {
	t, ok, err := m.temporalInput(c, base)
	if err != nil || !ok || t.kind == timeOfDay {
		return err
	}
	t.kind = date
	t.cut(toDay)
	m.push(temporalItem(t))
	return nil
}

func fnTimeOf(m *machine, c *call, base int) error {
	t, ok, err := m.temporalInput(c, base)
	if err != nil || !ok || t.prec < toHour {
		return err
	}
	m.push(temporalItem(temporal{kind: timeOfDay, prec: t.prec, hour: t.hour, minute: t.minute, second: t.second, nano: t.nano, digits: t.digits}))
	return nil
}
