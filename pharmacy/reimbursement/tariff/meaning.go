package tariff

import (
	"strconv"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/sheet"
)

// Meaning is what a code means from a day on. Meanings change over the years,
// so a code is only understood with a day.
type Meaning struct {
	Code        string
	From, Until time.Time // Until is the last day, zero while it holds
	Text        string
	Line        int // of the file
}

func (m Meaning) holds(day time.Time) bool {
	return !m.From.After(day) && (m.Until.IsZero() || !day.After(m.Until))
}

func (m Meaning) meaning() Meaning { return m }

// dated is a code list: what holds a Meaning, in the order of the file.
type dated[T interface{ meaning() Meaning }] []T

// At is the meaning of a code on a day.
func (l dated[T]) At(code string, day time.Time) (T, bool) {
	return l.first(day, func(e T) bool { return e.meaning().Code == code })
}

// Codes are the codes that hold on a day, in the order of the list.
func (l dated[T]) Codes(day time.Time) []string {
	var codes []string
	for _, e := range l {
		if e.meaning().holds(day) {
			codes = append(codes, e.meaning().Code)
		}
	}
	return codes
}

func (l dated[T]) first(day time.Time, fits func(T) bool) (found T, ok bool) {
	for _, e := range l {
		if e.meaning().holds(day) && fits(e) {
			return e, true
		}
	}
	return found, false
}

// readMeaning reads what every code list has: code, from, until and meaning.
// Two meanings of a code on one day are a mistake of the file.
func readMeaning[T interface{ meaning() Meaning }](s *table, r sheet.Row, before dated[T]) Meaning {
	m := Meaning{Code: s.text(r, "code"), From: s.day(r, "from"), Text: s.text(r, "meaning"), Line: r.Line()}
	if until, _ := s.Cell(r, "until"); until != "" {
		m.Until = s.day(r, "until")
	}
	for _, e := range before {
		other := e.meaning()
		if other.Code == m.Code && (other.Until.IsZero() || !other.Until.Before(m.From)) && (m.Until.IsZero() || !m.Until.Before(other.From)) {
			s.Fail(s.Start(r), fhir.Duplicate, "Code "+m.Code+" has two meanings on one day.", "", "line "+strconv.Itoa(other.Line)+" and this one")
		}
	}
	return m
}
