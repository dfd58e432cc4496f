package server

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// historyQuery reads parameters; self are those that were understood.
func (s *Server) historyQuery(c *gin.Context, given url.Values) (q fhir.HistoryQuery, self url.Values, err error) {
	x := exchangeOf(c)
	q = fhir.HistoryQuery{Type: x.resourceType, ID: c.Param("id"), Count: s.config.PageSize}
	self = url.Values{}
	var issues []fhir.Issue
	wrong := func(name, message, expected string) {
		issues = append(issues, fhir.Issue{
			Severity: fhir.Err, Code: fhir.Invalid, Expression: name, Message: message, Expected: expected, Found: given.Get(name),
		})
	}
	for _, name := range slices.Sorted(maps.Keys(withoutFormat(search.Given(given)))) {
		value := given.Get(name)
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
			if message := during(&q, given["_at"]); message != "" {
				wrong(name, message, instantExample+", with the prefix ge, gt, le or lt for a range: _at=ge2026-01-01&_at=le2026-03-31")
			}
			self["_at"] = given["_at"]
			continue
		case "_sort":
			if q.Oldest = value == search.LastUpdated; !q.Oldest && value != "-"+search.LastUpdated {
				wrong(name, "A history is in the order of time.", "_lastUpdated, the oldest version first, or -_lastUpdated, which is the default")
			}
		case "_type":
			if q.Type != "" {
				wrong(name, "This is the history of one type already.", "no _type, or the history of everything, GET [base]/_history")
			} else if q.Types, err = x.searched(given[name], r4.ResourceTypes()); err != nil {
				return q, self, err
			}
			self[name] = given[name]
			continue
		case "_summary":
			if value == "count" {
				q.Count = 0
			}
		case "_elements":
		case pageParam:
			continue
		default:
			if !search.Added(name) && !s.lenient(c.Request.Header) { // a history has no place for a warning
				wrong(name, "A history has no parameter "+name+".", historyParameters)
			}
			continue
		}
		self.Set(name, value)
	}
	if issues != nil {
		return q, self, &fhir.Error{Op: "history", Kind: fhir.Invalid, Issues: issues}
	}
	if token := given.Get(pageParam); token != "" {
		err = s.openHistoryPage(x, &q, sealedFor(c, self), token)
		self.Set(pageParam, token)
		return q, self, err
	}
	return q, self, nil
}

// historyParameters are those of a history: https://hl7.org/fhir/R4/http.html#history,
// _sort and _type by R5.
const historyParameters = "_count, _since, _at, _sort, _type, _summary, _elements, _format or _pretty"

// always is before and after everything that was ever stored.
var always = [2]time.Time{time.Unix(0, 0), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}

// during reads _at into the period that the query asks for, from q.At until
// before q.Until: a date, or bounds, such as HAPI's client sends for a range. It
// says what is wrong with them, "" for nothing.
func during(q *fhir.HistoryQuery, values []string) (problem string) {
	low, high, bounded := always[0], always[1], false
	for _, value := range values {
		prefix := ""
		for _, known := range []string{"eq", "ge", "gt", "le", "lt"} {
			if strings.HasPrefix(value, known) {
				prefix, value = known, value[2:]
			}
		}
		start, end, ok := period(value)
		if !ok {
			return "The time is malformed."
		}
		instant := end.IsZero()
		if instant {
			end = start.Add(time.Nanosecond)
		}
		switch prefix {
		case "ge":
			low, bounded = later(low, start), true
		case "gt":
			low, bounded = later(low, end), true
		case "le":
			high, bounded = earlier(high, end), true
		case "lt":
			high, bounded = earlier(high, start), true
		default:
			if len(values) > 1 {
				return "A time without a prefix is asked for alone."
			}
			if q.At = start; !instant {
				q.Until = end
			}
		}
	}
	if !low.Before(high) {
		return "The range ends before it begins."
	}
	if bounded {
		q.At, q.Until = low, high
	}
	return ""
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
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
