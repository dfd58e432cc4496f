package console

import (
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// moment is a time as it is shown, with what machines read.
type moment struct {
	Instant string // RFC 3339 in UTC, "" for none: moments sort by it
	Words   string // "23 Nov 16:02"
}

// momentOf reads a FHIR instant, dateTime or date as it is told at now.
func momentOf(text string, now time.Time) moment {
	t, day := timeOf(text, now.Location())
	switch {
	case t.IsZero():
		return moment{Words: text}
	case day:
		return moment{t.UTC().Format(time.RFC3339), dayWords(t, now)}
	}
	return moment{t.UTC().Format(time.RFC3339), clockWords(t, now)}
}

// timeOf is the time of a dateTime; day reports that it is a whole day.
func timeOf(text string, zone *time.Location) (t time.Time, day bool) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.In(zone), false
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		return t, true
	}
	return time.Time{}, false
}

// dayWords is a day as people say it: the year where it is another one.
func dayWords(t, now time.Time) string {
	if t.Year() != now.Year() {
		return t.Format("2 Jan 2006")
	}
	return t.Format("2 Jan")
}

func clockWords(t, now time.Time) string { return dayWords(t, now) + " " + t.Format("15:04") }

// days is how many days it is from a day to another: negative in the past.
func days(from, to time.Time) int {
	y, m, d := from.Date()
	a := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	y, m, d = to.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Sub(a).Hours() / 24)
}

// plural is a number with its noun: "1 day", "3 days".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// nameOf is a HumanName as the NHS has it: SURNAME, Given (Title).
func nameOf(names fhir.Node) string {
	for n := range names.Items() {
		if use := n.Get("use").Text(); use == "old" || use == "nickname" {
			continue
		}
		var given []string
		for g := range n.Get("given").Items() {
			given = append(given, g.Text())
		}
		out := strings.ToUpper(n.Get("family").Text())
		if len(given) > 0 {
			out = strings.TrimPrefix(out+", "+strings.Join(given, " "), ", ")
		}
		if prefix := n.Get("prefix").Item(0).Text(); prefix != "" && out != "" {
			out += " (" + prefix + ")"
		}
		if out == "" {
			out = n.Get("text").Text()
		}
		if out != "" {
			return out
		}
	}
	return ""
}

// numberOf is an NHS number as it is read aloud, 3-3-4; what is hidden of it is dots.
func numberOf(value string) string {
	if len(value) == 10 && isDigits(value) {
		return value[:3] + " " + value[3:6] + " " + value[6:]
	}
	shown := strings.TrimLeft(value, "*•…xX ")
	if shown == "" || len(shown) >= 10 || !isDigits(shown) {
		return value
	}
	dots := strings.Repeat("•", 10-len(shown)) + shown
	r := []rune(dots)
	return string(r[:3]) + " " + string(r[3:6]) + " " + string(r[6:])
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// conceptOf is a CodeableConcept in words.
func (s *Server) conceptOf(n fhir.Node) string {
	for c := range n.Get("coding").Items() {
		if d := s.codingOf(c); d != "" {
			return d
		}
	}
	return n.Get("text").Text()
}

// codingOf is a Coding in words.
func (s *Server) codingOf(c fhir.Node) string {
	if d := c.Get("display").Text(); d != "" {
		return d
	}
	if d := s.config.Display(c.Get("system").Text(), c.Get("code").Text()); d != "" {
		return d
	}
	return c.Get("code").Text()
}

// amountOf is a Quantity or Money in words.
func amountOf(n fhir.Node) string {
	value := n.Get("value").Text()
	if n.Get("currency").Text() == "GBP" {
		if rest, ok := strings.CutPrefix(value, "-"); ok {
			return "−£" + rest
		}
		return "£" + value
	}
	unit := n.Get("unit").Text()
	if value != "1" && len(unit) > 3 && strings.Trim(strings.ToLower(unit), "abcdefghijklmnopqrstuvwxyz") == "" && !strings.HasSuffix(unit, "s") {
		if unit += "s"; strings.HasSuffix(unit, "chs") || strings.HasSuffix(unit, "shs") || strings.HasSuffix(unit, "xs") { // patches, boxes
			unit = unit[:len(unit)-1] + "es"
		}
	}
	return strings.TrimSpace(value + " " + unit)
}

// medicineOf is the medicine of an order or a supply as the role is shown it.
func (s *Server) medicineOf(r fhir.Node) string {
	if m := s.conceptOf(r.Get("medicationCodeableConcept")); m != "" {
		return m
	}
	return r.Path("medicationReference", "display").Text()
}
