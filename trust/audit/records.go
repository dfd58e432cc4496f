package audit

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// Records are the events of a log as AuditEvents that are read and searched. An
// AuditEvent has the number of its event as its id, and "-2", "-3" … behind it
// where the event is of several patients.
type Records struct {
	Log  *Log
	Site Site
}

const auditEvent = "AuditEvent"

func partID(number uint64, part int) string {
	id := strconv.FormatUint(number, 10)
	if part > 0 {
		id += "-" + strconv.Itoa(part+1)
	}
	return id
}

// partOf reads an id.
func partOf(id string) (number uint64, part int, ok bool) {
	digits, rest, several := strings.Cut(id, "-")
	number, err := strconv.ParseUint(digits, 10, 64)
	if several {
		n, e := strconv.Atoi(rest)
		part, err = n-1, errors.Join(err, e)
	}
	return number, part, err == nil && part >= 0 && partID(number, part) == id
}

// organisations are those whose callers' accesses a principal sees, in capitals:
// nil for all. Who sees every resource, or acts for the pharmacy that the server
// serves, sees them all.
func (r Records) organisations(ctx context.Context) []string {
	who := fhir.PrincipalIn(ctx)
	codes, all := who.Owners()
	if all || r.Site.ODS != "" && who.ActsFor(r.Site.ODS) {
		return nil
	}
	return codes
}

// Read returns an AuditEvent; an error of kind NotFound where there is none that
// the principal of the context sees.
func (r Records) Read(ctx context.Context, id string) (*fhir.Version, error) {
	number, part, ok := partOf(id)
	if ok {
		e, err := r.Log.Event(number)
		seen := r.organisations(ctx)
		if err == nil && (seen == nil || slices.Contains(seen, strings.ToUpper(e.By.OnBehalf))) {
			if p := split(e); part < p.len() {
				return r.version(p, part), nil
			}
		}
		if err != nil && !errors.Is(err, ErrNoEvent) {
			return nil, err
		}
	}
	return nil, fhir.E("read", fhir.NotFound, fhir.Issue{Message: "There is no AuditEvent of this id.", Found: id,
		Fix: "The ids of AuditEvents are found by a search, such as AuditEvent?patient=1. What is older than the retention is deleted."})
}

func (r Records) version(p *parts, part int) *fhir.Version {
	resource := r.Site.render(p, part)
	return &fhir.Version{Type: auditEvent, ID: partID(p.Number, part), VersionID: "1", LastUpdated: p.Time, Method: fhir.Create, JSON: resource.JSON()}
}

// Search finds AuditEvents, newest first, or by _sort=date oldest first. Those of
// a patient, an agent, an entity, an action and a time are found by the index;
// every other parameter looks at each of what these leave.
func (r Records) Search(ctx context.Context, q *search.Query) (*search.Result, error) {
	p, err := planOf(q)
	if err != nil {
		return nil, err
	}
	p.Organisations = r.organisations(ctx)
	out := &search.Result{Total: -1, AsOf: q.Page.AsOf}
	if out.AsOf == 0 {
		out.AsOf = fhir.Seq(r.Log.Head())
	}
	if p.Head = uint64(out.AsOf); p.Head == 0 {
		if q.Total != search.TotalNone {
			out.Total = 0
		}
		return out, nil
	}
	if q.Total != search.TotalNone {
		if out.Total, err = r.count(ctx, q, p); err != nil {
			return nil, err
		}
	}
	if q.Count == 0 || q.Summary == search.SummaryCount {
		return out, nil
	}
	return out, r.page(ctx, q, p, out)
}

// page fills a page, from the place where the one before ended.
func (r Records) page(ctx context.Context, q *search.Query, p *plan, out *search.Result) error {
	number, shown := decodePlace(q.Page.After)
	query := p.Query
	if number > 0 { // the rest of that event comes first
		query.After = number + 1
		if !query.Newest {
			query.After = number - 1
		}
	}
	return r.find(ctx, query, p.numbers, func(h *Hit) (bool, error) {
		e, err := h.Event()
		if err != nil {
			return false, err
		}
		event := split(e)
		for part := range event.len() {
			if e.Number == number && part < shown {
				continue
			}
			v, ok, err := r.meets(ctx, q, p, event, part)
			if err != nil {
				return false, err
			}
			if !ok {
				continue
			}
			if len(out.Matches) == q.Count {
				out.Next = &search.Page{AsOf: out.AsOf, After: encodePlace(e.Number, part)}
				return false, nil
			}
			out.Matches = append(out.Matches, v)
		}
		return true, nil
	})
}

// find is [Log.Find], among some numbers where they are not nil.
func (r Records) find(ctx context.Context, q Query, numbers []uint64, visit func(*Hit) (bool, error)) error {
	if numbers == nil {
		return r.Log.Find(ctx, q, visit)
	}
	slices.Sort(numbers)
	if q.Newest {
		slices.Reverse(numbers)
	}
	for _, n := range slices.Compact(numbers) {
		if n > q.Head || q.After != 0 && (q.Newest && n >= q.After || !q.Newest && n <= q.After) {
			continue
		}
		one := q
		one.After, one.Newest, one.Head = n-1, false, n
		more := true
		if err := r.Log.Find(ctx, one, func(h *Hit) (ok bool, err error) { more, err = visit(h); return more, err }); err != nil || !more {
			return err
		}
	}
	return nil
}

// The place of a page is the number of an event and how many of its parts the
// pages before have.
func encodePlace(number uint64, parts int) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(nil, number), uint64(parts)) //nolint:gosec // not negative
}

func decodePlace(after []byte) (number uint64, parts int) {
	number, n := binary.Uvarint(after)
	if n <= 0 {
		return 0, 0
	}
	k, m := binary.Uvarint(after[n:])
	if m <= 0 || k > 1<<30 {
		return 0, 0
	}
	return number, int(k)
}

// meets reports whether a part of an event meets every clause of a query.
func (r Records) meets(ctx context.Context, q *search.Query, p *plan, e *parts, part int) (*fhir.Version, bool, error) {
	if p.Patients != nil && (part >= len(e.patients) || !slices.Contains(p.Patients, e.patients[part])) {
		return nil, false, nil
	}
	v := r.version(e, part)
	if p.exact {
		return v, true, nil
	}
	resource, err := v.Resource()
	if err != nil {
		return nil, false, err
	}
	keys, err := search.Extract(ctx, resource)
	if err != nil {
		return nil, false, err
	}
	keys = append(keys, search.Entry{Param: search.LastUpdated, Key: search.InstantKey(v.LastUpdated)}, search.Entry{Param: search.Every, Key: search.EveryKey})
	for i := range q.Clauses {
		if !q.Clauses[i].Holds(v.ID, keys) {
			return nil, false, nil
		}
	}
	return v, true, nil
}

// cheap is how many events are counted for a query that does not ask for the
// total.
const cheap = 10_000

// count is the total of a query, -1 where it is not asked for and not cheap.
func (r Records) count(ctx context.Context, q *search.Query, p *plan) (total int, err error) {
	wanted := q.Total == search.TotalAccurate || q.Count == 0 || q.Summary == search.SummaryCount
	if !wanted && (!p.exact || p.Patients == nil && p.Agents == nil) {
		return -1, nil
	}
	seen := 0
	err = r.find(ctx, p.Query, p.numbers, func(h *Hit) (bool, error) {
		if seen++; seen > cheap && !wanted {
			total = -1
			return false, nil
		}
		if seen%1024 == 0 && ctx.Err() != nil {
			return false, ctx.Err()
		}
		switch {
		case p.exact && p.Patients != nil:
			total++
			return true, nil
		case p.exact:
			total += h.Parts
			return true, nil
		}
		e, err := h.Event()
		if err != nil {
			return false, err
		}
		event := split(e)
		for part := range event.len() {
			_, ok, err := r.meets(ctx, q, p, event, part)
			if err != nil {
				return false, err
			}
			if ok {
				total++
			}
		}
		return true, nil
	})
	return total, err
}
