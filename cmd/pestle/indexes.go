package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/server/console"
	"github.com/pestle-fhir/pestle/store"
)

// indexingTold has the log tell of steps of indexes of stored SearchParameters that failed.
func indexingTold(log *slog.Logger) func(store.Index) {
	return func(x store.Index) {
		log.Error("index parked", "parameter", x.Name, "id", x.ID, "type", x.Type, "tries", x.Tries, "again", x.Next.UTC().Format(time.RFC3339), "error", x.Err)
	}
}

// unindexed names the indexes that are parked, for /health/ready; "" for none.
func (a *app) unindexed() string {
	list, err := a.db.Indexes()
	if err != nil {
		return "" // the store is asked besides
	}
	var names []string
	for _, x := range list {
		if x.Err != nil {
			names = append(names, x.Name+" of "+x.Type)
		}
	}
	if names == nil {
		return ""
	}
	return "The index of the search parameters " + strings.Join(names, ", ") + " cannot be made at present, and searches by them are refused; SearchParameter/[id]/$status tells why."
}

// parkedIndexes is how many there are; -1 where that cannot be read.
func (a *app) parkedIndexes() float64 {
	list, err := a.db.Indexes()
	if err != nil {
		return -1
	}
	n := 0
	for _, x := range list {
		if x.Err != nil {
			n++
		}
	}
	return float64(n)
}

// indexState is one of the index of a SearchParameter for a type.
func indexState(x store.Index) string {
	switch {
	case x.Err != nil:
		return "parked"
	case x.Percent == 100:
		return "answers"
	case x.Removing:
		return "removing"
	}
	return "indexing"
}

// indexStatus is SearchParameter/[id]/$status: for each type whether searches by the
// parameter are answered, or how far its index is and what has stopped it.
func indexStatus(db *store.DB, read func(ctx context.Context, resourceType, id string) (*fhir.Version, error)) fhir.Operation {
	return fhir.Operation{Name: "status", Type: "SearchParameter", Instance: true, Idempotent: true,
		Doc: "How far the index of a stored SearchParameter is, for each resource type, and why it does not go on.",
		Handle: func(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
			v, err := read(ctx, "SearchParameter", call.ID)
			if err != nil {
				return nil, err
			}
			r, err := v.Resource()
			if err != nil {
				return nil, err
			}
			list, err := db.Indexes()
			if err != nil {
				return nil, err
			}
			var parts []any
			for _, x := range list {
				if x.ID == call.ID {
					parts = append(parts, indexPart(x))
				}
			}
			if of, _ := search.ReadDefinition(call.ID, r); of == nil && parts == nil {
				return nil, fhir.E("status", fhir.NotSupported, fhir.Issue{Message: "Nothing is searched by this SearchParameter.",
					Expected: "one that is active and not of R4 itself", Found: r.Get("status").Text()})
			}
			answer, err := fhir.Parse(fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(parts...)).JSON())
			return &fhir.Reply{Resource: answer, Impersonal: true}, err
		}}
}

func indexPart(x store.Index) fhir.Value {
	code := func(name, value string) fhir.Value { return fhir.Obj("name", name, "valueCode", value) }
	parts := []any{code("type", x.Type), code("status", indexState(x)), fhir.Obj("name", "percent", "valueInteger", x.Percent)}
	if x.Err != nil {
		parts = append(parts, fhir.Obj("name", "reason", "valueString", whyParked(x.Err)), fhir.Obj("name", "tries", "valueInteger", x.Tries),
			fhir.Obj("name", "since", "valueInstant", x.Since.UTC().Format(time.RFC3339)), fhir.Obj("name", "next", "valueInstant", x.Next.UTC().Format(time.RFC3339)))
	}
	return fhir.Obj("name", "index", "part", fhir.List(parts...))
}

// whyParked is what stopped an index, without what the log alone tells.
func whyParked(err error) string {
	var e *fhir.Error
	if errors.As(err, &e) && len(e.Issues) > 0 {
		return e.Issues[0].Message
	}
	return "The log has the reason."
}

// indexRows are the stored SearchParameters for the administration.
func (a *admin) indexRows() (console.Section, error) {
	s := console.Section{Title: "Search parameters of your own", Head: []string{"Parameter", "Type", "State", "Done", "Tried again"}, Empty: "None is stored."}
	list, err := a.app.db.Indexes()
	for _, x := range list {
		s.Rows = append(s.Rows, []string{x.Name, x.Type, indexState(x), number(x.Percent) + " %", map[bool]string{true: toldAt(x.Next)}[x.Err != nil]})
	}
	return s, err
}
