package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// The kinds of files of an export.
const (
	outputFile  = ""
	deletedFile = "deleted"
	errorFile   = "error" // what is damaged and cannot be shown
	notesFile   = "notes" // what was left aside of the request
)

// exportFile is a part of an export that is fetched at a time: so many pages from a
// place on, of one type.
type exportFile struct {
	Kind  string      `json:"kind,omitempty"`
	Type  string      `json:"type"`
	From  exportPlace `json:"from"`
	Pages int         `json:"pages"`
	Count int         `json:"count"`
}

// exportPlace is a place in an export: a segment, and a page of it. After the segments of
// what there is come those of what was deleted, one for each type.
type exportPlace struct {
	Segment int
	After   []byte        // of a search
	Before  fhir.LogPlace // of the log
}

type exportPlaceText struct {
	Segment int    `json:"s"`
	After   []byte `json:"a,omitempty"`
	Seq     uint64 `json:"q,omitempty"`
	Place   int    `json:"p,omitempty"`
}

// MarshalJSON writes the place.
func (c exportPlace) MarshalJSON() ([]byte, error) {
	return json.Marshal(exportPlaceText{c.Segment, c.After, uint64(c.Before.Seq), c.Before.Place})
}

// UnmarshalJSON reads the place.
func (c *exportPlace) UnmarshalJSON(b []byte) error {
	var t exportPlaceText
	err := json.Unmarshal(b, &t)
	*c = exportPlace{t.Segment, t.After, fhir.LogPlace{Seq: fhir.Seq(t.Seq), Place: t.Place}}
	return err
}

// exportLarge are types whose resources may be large: few of them are read at a time.
var exportLarge = map[string]bool{"Binary": true, "Bundle": true, "DocumentReference": true, "Media": true}

const (
	exportPage = 200     // resources that are read at a time
	exportFew  = 10      // of large ones
	exportMost = 100_000 // resources of a file, about
)

// exporter reads an export page by page, with the rights of a caller.
type exporter struct {
	s       *Server
	x       *exchange
	of      *export
	queries map[string]*search.Query // by type
	parts   map[string]subset
	members map[string]int // places of the patients, where they are named
}

// exporting prepares an export. The error says what of it cannot be carried out, or
// what the caller may not search by.
func (s *Server) exporting(ctx context.Context, x *exchange, e *export) (*exporter, error) {
	r := &exporter{s: s, x: x, of: e, queries: map[string]*search.Query{}, parts: map[string]subset{}}
	filters, issues := filtersOf(e)
	for _, typ := range e.Types {
		elements, wrong := elementsOf(e.Params, typ)
		issues = append(issues, wrong...)
		r.parts[typ] = subset{elements: elements}
		own := url.Values{}
		if !e.Since.IsZero() {
			own[search.LastUpdated] = []string{"ge" + e.Since.UTC().Format(time.RFC3339Nano)}
		}
		options := search.Options{Own: x.own, Custom: x.custom, Now: s.now(), Codes: s.codes(ctx), DefaultCount: exportPage, MaxCount: exportPage}
		q, _, err := search.Parse(typ, own, options)
		if err != nil {
			return nil, err
		}
		var any [][]search.Clause
		for _, filter := range filters[typ] {
			f, _, err := search.Parse(typ, filter, options)
			if err != nil {
				return nil, placed(err, "_typeFilter")
			}
			if err := x.permitReached(f); err != nil {
				return nil, err
			}
			any = append(any, f.Clauses)
		}
		if any != nil {
			q.Clauses = append(q.Clauses, search.Clause{Any: any})
		}
		q.Sort, q.Total, q.Count = nil, search.TotalNone, exportPage
		if exportLarge[typ] {
			q.Count = exportFew
		}
		r.queries[typ] = q
	}
	if issues != nil {
		return nil, &fhir.Error{Op: "export", Kind: fhir.Invalid, Issues: issues}
	}
	if e.Level == "members" {
		r.members = make(map[string]int, len(e.Members))
		for i, id := range e.Members {
			r.members[id] = i
		}
	}
	return r, nil
}

// filtersOf reads _typeFilter: searches by their types.
func filtersOf(e *export) (map[string][]url.Values, []fhir.Issue) {
	filters := map[string][]url.Values{}
	var issues []fhir.Issue
	wrong := func(message, expected, found string) {
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.Invalid, Expression: "_typeFilter", Message: message, Expected: expected, Found: found})
	}
	for _, list := range e.Params["_typeFilter"] {
		for _, text := range filterList(list) {
			typ, query, ok := strings.Cut(text, "?")
			values, err := search.ReadQuery(query)
			switch {
			case !ok || err != nil || query == "" || !r4.IsResource(typ):
				wrong("The filter is malformed.", "a search such as MedicationRequest?status=active", text)
				continue
			case !slices.Contains(e.Types, typ):
				wrong("The filter is on a type that is not exported.", strings.Join(e.Types[:min(len(e.Types), 20)], ", "), typ)
				continue
			}
			for name := range values {
				if base, _, _ := strings.Cut(name, ":"); strings.HasPrefix(base, "_") && base != search.ID && base != search.LastUpdated && base != "_has" && base != "_tag" && base != "_profile" && base != "_security" && base != "_source" && base != "_filter" && base != "_list" {
					wrong("The filter has a parameter that selects nothing.", "search parameters of "+typ, name)
				}
			}
			filters[typ] = append(filters[typ], values)
		}
	}
	return filters, issues
}

// filterList takes a list of filters apart at the commas between them: those before a
// type and its question mark.
func filterList(list string) (out []string) {
	for _, part := range strings.Split(list, ",") {
		typ, _, ok := strings.Cut(part, "?")
		if len(out) > 0 && !(ok && r4.IsResource(typ)) {
			out[len(out)-1] += "," + part
			continue
		}
		out = append(out, part)
	}
	return out
}

// segments are how many parts the export has: a type, or a type of a member, and then
// the deletions of a type.
func (r *exporter) segments() int {
	n := len(r.of.Types) * r.each()
	if r.deletions() {
		n += len(r.of.Types)
	}
	return n
}

// each is how many segments a type has.
func (r *exporter) each() int {
	if r.of.Level == "members" {
		return len(r.of.Members)
	}
	return 1
}

// deletions reports whether what was deleted is listed. What a deleted resource
// referred to is not known, so nobody can tell whether it was of a member.
func (r *exporter) deletions() bool { return !r.of.Since.IsZero() && r.of.Level != "members" }

// segment is the type and the kind of a segment, and the member that it is of.
func (r *exporter) segment(n int) (typ, kind string, member int) {
	if all := len(r.of.Types) * r.each(); n >= all {
		return r.of.Types[n-all], deletedFile, 0
	}
	return r.of.Types[n/r.each()], outputFile, n % r.each()
}

// page reads the resources at a place, and finds the place after them.
func (r *exporter) page(ctx context.Context, at exportPlace) (found []*fhir.Version, next exportPlace, err error) {
	typ, kind, member := r.segment(at.Segment)
	if kind == deletedFile {
		return r.deleted(ctx, typ, at)
	}
	q := *r.queries[typ]
	if r.of.Level == "members" {
		id := r.of.Members[member]
		if typ == "Patient" {
			one, _, err := search.Parse(typ, url.Values{search.ID: {id}}, search.Options{Own: r.x.own, Now: r.s.now()})
			if err != nil {
				return nil, exportPlace{}, err
			}
			q.Clauses = append(slices.Clone(q.Clauses), one.Clauses...)
		} else {
			within, _, err := search.Parse(typ, url.Values{}, search.Options{Own: r.x.own, Now: r.s.now(), Within: &search.Compartment{Type: "Patient", ID: id}})
			if err != nil {
				return nil, exportPlace{}, err
			}
			q.Clauses, q.Within = append(slices.Clone(q.Clauses), within.Clauses...), within.Within
		}
	}
	q.Page = search.Page{AsOf: r.of.AsOf, After: at.After}
	result, err := r.s.config.Repository.Search(ctx, &q)
	if err != nil {
		return nil, exportPlace{}, err
	}
	for _, v := range result.Matches {
		if of, err := r.belongs(v, member); err != nil {
			return nil, exportPlace{}, err
		} else if of && r.x.sees(v) {
			found = append(found, v)
		}
	}
	next = exportPlace{Segment: at.Segment + 1}
	if result.Next != nil {
		next = exportPlace{Segment: at.Segment, After: result.Next.After}
	}
	return found, next, nil
}

// belongs reports whether a resource is part of the records that are exported, and of
// several members the first.
func (r *exporter) belongs(v *fhir.Version, member int) (bool, error) {
	if r.of.Level == "system" || v.Type == "Patient" || v.Damage != "" {
		return true, nil
	}
	resource, err := v.Resource()
	if err != nil {
		return false, err
	}
	patients := search.Patients(resource.Root(), r.x.own)
	if r.of.Level == "patient" {
		return len(patients) > 0, nil
	}
	for _, id := range patients {
		if place, ok := r.members[id]; ok && place < member {
			return false, nil
		}
	}
	return true, nil
}

// deleted reads what of a type was deleted since and is not there in the state that is
// exported.
func (r *exporter) deleted(ctx context.Context, typ string, at exportPlace) (found []*fhir.Version, next exportPlace, err error) {
	h, err := r.s.config.Repository.History(ctx, fhir.HistoryQuery{Type: typ, Since: r.of.Since, AsOf: r.of.AsOf, Before: at.Before, Count: exportPage})
	if err != nil {
		return nil, exportPlace{}, err
	}
	for _, v := range h.Versions {
		if !v.Deleted() {
			continue
		}
		newest, err := r.s.config.Repository.History(ctx, fhir.HistoryQuery{Type: typ, ID: v.ID, AsOf: r.of.AsOf, Count: 1})
		if err != nil {
			return nil, exportPlace{}, err
		}
		if len(newest.Versions) > 0 && newest.Versions[0].VersionID == v.VersionID {
			found = append(found, v)
		}
	}
	next = exportPlace{Segment: at.Segment + 1}
	if h.Next != (fhir.LogPlace{}) {
		next = exportPlace{Segment: at.Segment, Before: h.Next}
	}
	return found, next, nil
}

// walk finds the files of an export: it reads all of it once, as of one state, and
// counts. After a restart it goes on where it was written down.
func (s *Server) walk(ctx context.Context, one *job, x *exchange) error {
	one.mu.Lock()
	e := one.Export
	one.mu.Unlock()
	r, err := s.exporting(ctx, x, e)
	if err != nil {
		return err
	}
	if err := s.pin(ctx, one, e); err != nil {
		return err
	}
	at, total := e.At, 0
	for _, f := range e.Files {
		total += f.Count
	}
	var open, damaged exportFile
	shut := func() error { // what is read so far is a file
		one.mu.Lock()
		if open.Count > 0 {
			e.Files = append(e.Files, open)
		}
		if damaged.Count > 0 {
			e.Files = append(e.Files, damaged)
		}
		e.At = at
		one.mu.Unlock()
		open, damaged = exportFile{}, exportFile{}
		return s.jobs.keep(one)
	}
	for at.Segment < r.segments() {
		if err := ctx.Err(); err != nil {
			return err
		}
		typ, kind, _ := r.segment(at.Segment)
		if open.Pages > 0 && (open.Type != typ || open.Kind != kind || open.Count >= exportMost) {
			if err := shut(); err != nil {
				return err
			}
		}
		if open.Pages == 0 {
			open = exportFile{Kind: kind, Type: typ, From: at}
			damaged = exportFile{Kind: errorFile, Type: typ, From: at}
		}
		found, next, err := r.page(ctx, at)
		if err != nil {
			return err
		}
		for _, v := range found {
			if v.Damage != "" {
				damaged.Count++
			} else {
				open.Count++
				total++
			}
		}
		open.Pages++
		damaged.Pages++
		at = next
		one.say(progressText(fmt.Sprintf("%s, part %d of %d", typ, at.Segment, r.segments()), fmt.Sprintf("%d resources", total)))
	}
	one.mu.Lock()
	if e.Notes != nil {
		e.Files = append(e.Files, exportFile{Kind: notesFile, Count: 1})
	}
	one.Done = true
	one.mu.Unlock()
	return shut()
}

// pin fixes the state that an export is of: that of the newest change which the caller
// sees, whose time the next export may ask for as _since.
func (s *Server) pin(ctx context.Context, one *job, e *export) error {
	if e.AsOf != 0 {
		return nil
	}
	h, err := s.config.Repository.History(ctx, fhir.HistoryQuery{Count: 1})
	if err != nil {
		return err
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	e.AsOf, e.Time = h.AsOf, one.Created
	if len(h.Versions) > 0 {
		e.Time = h.Versions[0].LastUpdated
	}
	return nil
}
