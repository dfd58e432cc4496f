package server

import (
	"encoding/binary"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
)

// historyQuery reads the parameters; self are those that were understood.
func (s *Server) historyQuery(c *gin.Context) (q fhir.HistoryQuery, self url.Values, err error) {
	x := exchangeOf(c)
	q = fhir.HistoryQuery{Type: x.resourceType, ID: c.Param("id"), Count: s.config.PageSize}
	self = url.Values{}
	var issues []fhir.Issue
	wrong := func(name, message, expected string) {
		issues = append(issues, fhir.Issue{
			Severity: fhir.Err, Code: fhir.Invalid, Expression: name, Message: message, Expected: expected, Found: x.query.Get(name),
		})
	}
	for _, name := range slices.Sorted(maps.Keys(withoutFormat(x.query))) {
		value := x.query.Get(name)
		var ok bool
		switch name {
		case "_count":
			if q.Count, err = strconv.Atoi(value); err != nil || q.Count < 0 {
				wrong(name, "The page size is malformed.", "a whole number from 0 to "+strconv.Itoa(s.config.MaxPageSize))
			}
			q.Count = min(q.Count, s.config.MaxPageSize)
		case "_since":
			if q.Since, _, ok = period(value); !ok {
				wrong(name, "The time is malformed.", instantExample)
			}
		case "_at":
			if q.At, q.Until, ok = period(value); !ok {
				wrong(name, "The time is malformed.", instantExample)
			}
		case "_summary":
			if value == "count" {
				q.Count = 0
			}
		case "_elements":
		case pageParam:
			continue
		default:
			if !prefer(c.Request.Header).lenient {
				wrong(name, "A history has no parameter "+name+".", "_count, _since, _at, _summary, _elements, _format or _pretty")
			}
			continue
		}
		self.Set(name, value)
	}
	if issues != nil {
		return q, self, &fhir.Error{Op: "history", Kind: fhir.Invalid, Issues: issues}
	}
	if token := x.query.Get(pageParam); token != "" {
		err = s.openHistoryPage(&q, sealedFor(c, self), token)
		self.Set(pageParam, token)
		return q, self, err
	}
	return q, self, nil
}

func (s *Server) openHistoryPage(q *fhir.HistoryQuery, query []byte, token string) error {
	place, ok := s.seal.Open(query, token)
	var at [3]uint64 // the state, and where in it the page begins: commit, place in the commit
	for i := range at {
		v, n := binary.Uvarint(place)
		if n <= 0 {
			ok = false
			break
		}
		at[i], place = v, place[n:]
	}
	if !ok {
		return fhir.E("history", fhir.Invalid, fhir.Issue{
			Message: "The page link is not one of this server, or belongs to another query.", Expression: pageParam,
			Fix: "Follow the link with relation next as it is, or begin again without " + pageParam + ".",
		})
	}
	q.AsOf, q.Before = fhir.Seq(at[0]), fhir.LogPlace{Seq: fhir.Seq(at[1]), Place: int(at[2])}
	return nil
}

const instantExample = "an instant such as 2026-05-31T10:30:00Z, or a date"

// period reads a date or time in UTC, whole or in part, as the time from its
// first moment until the one behind its last; an instant with a fraction of a
// second has no end. A plus that nobody escaped reaches us as a blank.
func period(s string) (start, end time.Time, ok bool) {
	s = strings.ReplaceAll(s, " ", "+")
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil && strings.Contains(s, ".") {
		return t, time.Time{}, true
	}
	for _, form := range []struct {
		layout              string
		years, months, days int
		rest                time.Duration
	}{
		{"2006", 1, 0, 0, 0}, {"2006-01", 0, 1, 0, 0}, {time.DateOnly, 0, 0, 1, 0},
		{"2006-01-02T15:04Z07:00", 0, 0, 0, time.Minute}, {"2006-01-02T15:04", 0, 0, 0, time.Minute},
		{time.RFC3339, 0, 0, 0, time.Second}, {"2006-01-02T15:04:05", 0, 0, 0, time.Second},
	} {
		if t, err := time.Parse(form.layout, s); err == nil {
			return t, t.AddDate(form.years, form.months, form.days).Add(form.rest), true
		}
	}
	return time.Time{}, time.Time{}, false
}
