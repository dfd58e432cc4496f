package typed

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// timeFields are the fields of the messages for date, dateTime, instant and
// time: microseconds (since 1970, or since midnight of a time), the zone as it
// was written and the precision.
type timeFields struct {
	micros, zone, precision protoreflect.FieldDescriptor // zone is nil of Time
	precisions              map[string]protoreflect.EnumNumber
	names                   map[protoreflect.EnumNumber]string
	dates, moments          bool // whether it takes partial dates, moments
	expected                string
}

func timeFieldsOf(d protoreflect.MessageDescriptor) *timeFields {
	fields := d.Fields()
	t := &timeFields{
		micros: fields.ByName("value_us"), zone: fields.ByName("timezone"), precision: fields.ByName("precision"),
		precisions: map[string]protoreflect.EnumNumber{}, names: map[protoreflect.EnumNumber]string{},
	}
	for i := range t.precision.Enum().Values().Len() {
		v := t.precision.Enum().Values().Get(i)
		t.precisions[string(v.Name())] = v.Number()
		t.names[v.Number()] = string(v.Name())
	}
	switch d.Name() {
	case "Date":
		t.dates, t.expected = true, "a date such as 2026, 2026-11 or 2026-11-24"
	case "DateTime":
		t.dates, t.moments, t.expected = true, true, "a date such as 2026-11-24, or a date and time with zone such as 2026-11-24T09:30:00Z"
	case "Instant":
		t.moments, t.expected = true, "a date and time with zone such as 2026-11-24T09:30:00.000Z"
	default:
		t.expected = "a time of day such as 09:30:00"
	}
	return t
}

// google/fhir counts dates from midnight in this zone.
const dateZone = "UTC"

var layouts = map[string]string{"YEAR": "2006", "MONTH": "2006-01", "DAY": "2006-01-02"}

func (t *timeFields) parse(m protoreflect.Message, text string) bool {
	switch {
	case t.dates && len(text) <= len("2006-01-02"):
		for precision, layout := range layouts {
			if len(layout) == len(text) {
				at, err := time.Parse(layout, text)
				t.set(m, at.UnixMicro(), dateZone, precision)
				return err == nil
			}
		}
	case t.moments && len(text) > len("2006-01-02T15:04:05"):
		return t.parseMoment(m, text)
	case t.zone == nil && len(text) >= len("15:04:05"):
		clock, fraction, ok := splitClock(text)
		at, err := time.Parse("15:04:05", clock)
		if !ok || err != nil {
			return false
		}
		micros := at.Sub(at.Truncate(24 * time.Hour)).Microseconds()
		t.set(m, micros+microsOf(fraction), "", precisionOf(fraction))
		return true
	}
	return false
}

func (t *timeFields) parseMoment(m protoreflect.Message, text string) bool {
	const day = len("2006-01-02T")
	end := strings.IndexAny(text[day:], "Z+-")
	if end < 0 {
		return false
	}
	clock, fraction, ok := splitClock(text[day : day+end])
	zone := text[day+end:]
	at, err := time.Parse("2006-01-02T15:04:05Z07:00", text[:day]+clock+zone)
	if !ok || err != nil {
		return false
	}
	t.set(m, at.UnixMicro()+microsOf(fraction), zone, precisionOf(fraction))
	return true
}

// splitClock cuts the fraction from hh:mm:ss.fff. A leap second counts as the
// second before it: the message has no other place for it.
func splitClock(text string) (clock, fraction string, ok bool) {
	clock, fraction, dotted := strings.Cut(text, ".")
	if len(clock) != len("15:04:05") || dotted && fraction == "" || strings.Trim(fraction, "0123456789") != "" {
		return "", "", false
	}
	if rest, leap := strings.CutSuffix(clock, ":60"); leap {
		clock = rest + ":59"
	}
	return clock, fraction, true
}

func microsOf(fraction string) int64 {
	micros, _ := strconv.ParseInt((fraction + "000000")[:6], 10, 64)
	return micros
}

func precisionOf(fraction string) string {
	switch {
	case fraction == "":
		return "SECOND"
	case len(fraction) <= 3:
		return "MILLISECOND"
	}
	return "MICROSECOND"
}

func (t *timeFields) set(m protoreflect.Message, micros int64, zone, precision string) {
	m.Set(t.micros, protoreflect.ValueOfInt64(micros))
	m.Set(t.precision, protoreflect.ValueOfEnum(t.precisions[precision]))
	if t.zone != nil {
		m.Set(t.zone, protoreflect.ValueOfString(zone))
	}
}

func (t *timeFields) format(m protoreflect.Message) (string, error) {
	precision := t.names[m.Get(t.precision).Enum()]
	layout := layouts[precision]
	switch precision {
	case "SECOND":
		layout = "15:04:05"
	case "MILLISECOND":
		layout = "15:04:05.000"
	case "MICROSECOND":
		layout = "15:04:05.000000"
	}
	if layout == "" {
		return "", fmt.Errorf("a %s without a precision", m.Descriptor().Name())
	}
	at := time.UnixMicro(m.Get(t.micros).Int()).UTC()
	if t.zone == nil {
		return at.Format(layout), nil
	}
	zone := m.Get(t.zone).String()
	location, err := locationOf(zone)
	if err != nil {
		return "", err
	}
	at = at.In(location)
	if layouts[precision] != "" {
		return at.Format(layout), nil
	}
	suffix := at.Format("-07:00")
	if zone == "Z" {
		suffix = "Z"
	}
	return at.Format("2006-01-02T"+layout) + suffix, nil
}

func locationOf(zone string) (*time.Location, error) {
	if zone == "" || zone == "Z" || zone == dateZone {
		return time.UTC, nil
	}
	if zone[0] == '+' || zone[0] == '-' {
		at, err := time.Parse("-07:00", zone)
		if err != nil {
			return nil, fmt.Errorf("%q is no time zone", zone)
		}
		return at.Location(), nil
	}
	return time.LoadLocation(zone)
}
