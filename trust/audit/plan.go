package audit

import (
	"slices"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// plan is how a search is answered: what the index finds, and whether that is
// exactly what the search asks for.
type plan struct {
	Query
	numbers []uint64 // of the events that are looked at, where that is not nil
	exact   bool
}

// planOf reads a search. What it says of the parameters is looked at again in
// each AuditEvent unless the index is exact.
func planOf(q *search.Query) (*plan, error) {
	if err := unanswered(q); err != nil {
		return nil, err
	}
	p := &plan{Query: Query{Newest: true, Until: q.Before}, exact: true}
	for _, s := range q.Sort {
		p.Newest = s.Descending
	}
	for i := range q.Clauses {
		if c := &q.Clauses[i]; c.Param == search.ID && !c.Not && p.numbers == nil {
			p.numbers = []uint64{}
			for _, id := range c.IDs {
				if number, _, ok := partOf(id); ok && number > 0 {
					p.numbers = append(p.numbers, number)
				}
			}
		}
	}
	for name, values := range q.Self() {
		code, modifier, _ := strings.Cut(name, ":")
		if strings.HasPrefix(name, "_") && code != search.ID && code != search.LastUpdated {
			continue // of the form of the answer
		}
		for _, value := range values {
			if !p.narrow(code, modifier, value) {
				p.exact = false
			}
		}
	}
	return p, nil
}

// unanswered refuses what AuditEvents cannot be asked.
func unanswered(q *search.Query) error {
	refuse := func(expression, message, expected string) error {
		return fhir.E("search", fhir.NotSupported, fhir.Issue{Message: message, Expression: expression, Expected: expected})
	}
	switch {
	case q.Chained():
		return refuse("", "AuditEvents are not searched by chains.", "parameters of the AuditEvent itself, such as patient, agent, entity, date and action")
	case len(q.Include) > 0:
		return refuse("_include", "AuditEvents are answered by themselves.", "no _include; the resources are read by their references")
	case len(q.RevInclude) > 0:
		return refuse("_revinclude", "AuditEvents are answered by themselves.", "no _revinclude")
	case len(q.Sort) > 1 || len(q.Sort) == 1 && q.Sort[0].Param != "date" && q.Sort[0].Param != search.LastUpdated:
		return refuse("_sort", "AuditEvents are in the order of time.", "date or -date, which is the default")
	}
	return nil
}

// narrow uses one value of a parameter for the index, and reports whether the
// index is exact for it.
func (p *plan) narrow(code, modifier, value string) bool {
	if strings.ContainsAny(value, `\$`) {
		return false
	}
	switch code {
	case "patient":
		ids := listed(value, func(v string) string { return strings.TrimPrefix(v, "Patient/") })
		if modifier != "" && modifier != "Patient" || slices.ContainsFunc(ids, func(id string) bool { return !fhir.IsID(id) }) {
			return false
		}
		return use(&p.Patients, ids) && len(ids) == 1 // an event may be of several
	case "agent":
		plain := modifier == "identifier"
		keys := listed(value, func(v string) string { return v })
		for _, k := range keys {
			if plain && (strings.HasPrefix(k, "|") || !strings.Contains(k, "|") || strings.HasSuffix(k, "|")) || !plain && (modifier != "" || !localReference.MatchString(k)) {
				return false
			}
		}
		return use(&p.Agents, keys) && plain // a reference may be of a version
	case "entity":
		keys := listed(value, func(v string) string { return v })
		if modifier == "" && !slices.ContainsFunc(keys, func(k string) bool { return !localReference.MatchString(k) }) {
			use(&p.Entities, keys)
		}
	case "action":
		letters := strings.Join(listed(value, func(v string) string { return strings.TrimPrefix(v, "http://hl7.org/fhir/audit-event-action|") }), "")
		if modifier != "" || strings.Trim(letters, "CRUDE") != "" || p.Actions != "" || len(letters) != strings.Count(value, ",")+1 {
			return false
		}
		p.Actions = letters
		return true
	case "date", search.LastUpdated:
		return modifier == "" && p.during(value)
	}
	return false
}

func listed(value string, of func(string) string) (list []string) {
	for _, v := range strings.Split(value, ",") {
		list = append(list, of(v))
	}
	return list
}

// use has the index look for any of some texts, unless it does already for
// others.
func use(place *[]string, texts []string) bool {
	if *place != nil {
		return false
	}
	*place = texts
	return true
}

// during narrows the time by a date with its prefix.
func (p *plan) during(value string) bool {
	prefix, date := "eq", value
	if len(value) > 2 && value[0] >= 'a' {
		prefix, date = value[:2], value[2:]
	}
	start, end, ok := search.Period(date)
	if !ok {
		return false
	}
	from, until := time.Time{}, time.Time{}
	switch prefix {
	case "eq":
		from, until = start, end
	case "ge":
		from = start
	case "gt", "sa":
		from = end
	case "lt", "eb":
		until = start
	case "le":
		until = end
	default:
		return false
	}
	if from.After(p.From) {
		p.From = from
	}
	if !until.IsZero() && (p.Until.IsZero() || until.Before(p.Until)) {
		p.Until = until
	}
	return true
}
