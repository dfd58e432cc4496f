package main

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/store"
)

// repository is the database as the server sees it: the definitions that are
// stored take part in validation and terminology as soon as their commit is
// answered, and those that are built in or configured can be read and searched
// like stored ones. Neither their urls nor their ids can be taken by stored ones
// ([profiles.Library.Guard]).
type repository struct {
	*store.DB
	library *profiles.Library
	stored  *profiles.Stored
	started time.Time // when the built-in ones were last updated, as far as clients see
	log     *slog.Logger

	heads sync.Map // *profiles.Entry -> []search.Entry
}

func newRepository(db *store.DB, library *profiles.Library, log *slog.Logger) *repository {
	r := &repository{DB: db, library: library, stored: &profiles.Stored{Library: library, From: db}, started: time.Now(), log: log}
	r.sync(context.Background())
	return r
}

// Commit commits, and brings definitions among what was written into the
// library before it answers.
func (r *repository) Commit(ctx context.Context, tx *fhir.Transaction) (*fhir.Commit, error) {
	done, err := r.DB.Commit(ctx, tx)
	if err == nil && slices.ContainsFunc(done.Results, func(x fhir.Result) bool { return x.Version != nil && defines(x.Version.Type) }) {
		r.sync(context.WithoutCancel(ctx))
	}
	return done, err
}

// sync tells the log what could not be taken over: the write itself stands.
func (r *repository) sync(ctx context.Context) {
	if err := r.stored.Sync(ctx); err != nil {
		r.log.Warn("stored definitions", "error", err)
	}
}

func defines(typ string) bool { return slices.Contains(profiles.DefinitionTypes, typ) }

// Read gives a stored resource, else a built-in definition.
func (r *repository) Read(ctx context.Context, typ, id string) (*fhir.Version, error) {
	v, err := r.DB.Read(ctx, typ, id)
	if err != nil && fhir.KindOf(err) == fhir.NotFound && defines(typ) {
		if e := r.library.Entry(typ, id); e != nil {
			return r.version(e)
		}
	}
	return v, err
}

// ReadBefore returns a stored resource as of a time, else a built-in definition.
func (r *repository) ReadBefore(ctx context.Context, typ, id string, before time.Time) (*fhir.Version, error) {
	v, err := r.DB.ReadBefore(ctx, typ, id, before)
	if err != nil && fhir.KindOf(err) == fhir.NotFound && before.After(r.started) && defines(typ) {
		if e := r.library.Entry(typ, id); e != nil {
			return r.version(e)
		}
	}
	return v, err
}

// VRead gives a stored version, else the one version of a built-in definition.
func (r *repository) VRead(ctx context.Context, typ, id, versionID string) (*fhir.Version, error) {
	v, err := r.DB.VRead(ctx, typ, id, versionID)
	if err != nil && fhir.KindOf(err) == fhir.NotFound && versionID == "1" && defines(typ) {
		return r.Read(ctx, typ, id)
	}
	return v, err
}

// History returns the versions of stored resources; a built-in definition has one,
// since the start of the server.
func (r *repository) History(ctx context.Context, q fhir.HistoryQuery) (*fhir.History, error) {
	h, err := r.DB.History(ctx, q)
	if q.ID == "" || !defines(q.Type) || fhir.KindOf(err) != fhir.NotFound {
		return h, err
	}
	v, err := r.Read(ctx, q.Type, q.ID)
	if err != nil {
		return nil, err
	}
	return once(q, v), nil
}

// once is the history of a resource with one version.
func once(q fhir.HistoryQuery, v *fhir.Version) *fhir.History {
	end := q.Until
	if end.IsZero() {
		end = q.At
	}
	if q.Since.After(v.LastUpdated) || !end.IsZero() && end.Before(v.LastUpdated) {
		return &fhir.History{}
	}
	return &fhir.History{Versions: []*fhir.Version{v}, Total: 1}
}

// version is a built-in definition as the one version of a resource.
func (r *repository) version(e *profiles.Entry) (*fhir.Version, error) {
	whole, err := r.library.Resource(e)
	if err != nil {
		return nil, err
	}
	return &fhir.Version{Type: e.Type, ID: e.ID, VersionID: "1", LastUpdated: r.started, Method: fhir.Create, JSON: whole.Stamp(e.ID, "1", r.started)}, nil
}

// Search finds stored resources and, behind them, built-in definitions by what
// their head says: url, version, name, title, status, type, kind, base.
func (r *repository) Search(ctx context.Context, q *search.Query) (*search.Result, error) {
	if !defines(q.Type) {
		return r.DB.Search(ctx, q)
	}
	if len(q.Sort) > 0 && len(q.Include)+len(q.RevInclude) == 0 {
		return r.sorted(ctx, q)
	}
	from, behind := builtinPlace(q.Page.After)
	out := &search.Result{AsOf: q.Page.AsOf, Total: -1}
	if !behind {
		var err error
		if out, err = r.DB.Search(ctx, q); err != nil || out.Next != nil {
			if out != nil {
				out.Last, out.Total = nil, -1 // what stands behind the stored ones is not counted yet
			}
			return out, err
		}
	}
	out.Last = nil // that of the stored ones alone
	return out, r.append(ctx, q, out, from)
}

// append fills a page with built-in definitions, from a place on.
func (r *repository) append(ctx context.Context, q *search.Query, out *search.Result, from int) error {
	found, err := r.builtin(ctx, q)
	if err != nil {
		return err
	}
	if out.Total >= 0 {
		out.Total += len(found)
	}
	if q.Count == 0 || q.Summary == search.SummaryCount {
		return nil
	}
	for i := min(from, len(found)); i < len(found); i++ {
		if len(out.Matches) == q.Count {
			out.Next = &search.Page{AsOf: out.AsOf, After: append([]byte(builtinMark), strconv.Itoa(i)...)}
			return nil
		}
		v, err := r.version(found[i])
		if err != nil {
			return err
		}
		out.Matches = append(out.Matches, v)
	}
	return nil
}

// builtinMark begins the place of a page of built-in definitions. No place of
// the store begins with it: those begin with the varint of a total.
const builtinMark = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xffbuiltin "

func builtinPlace(after []byte) (from int, ok bool) {
	if len(after) < len(builtinMark) || string(after[:len(builtinMark)]) != builtinMark {
		return 0, false
	}
	from, err := strconv.Atoi(string(after[len(builtinMark):]))
	return from, err == nil
}

// builtin lists the built-in definitions that meet a query and that no stored
// resource hides.
func (r *repository) builtin(ctx context.Context, q *search.Query) ([]*profiles.Entry, error) {
	if !q.Before.IsZero() && !q.Before.After(r.started) {
		return nil, nil
	}
	if slices.ContainsFunc(q.Clauses, func(c search.Clause) bool { return c.Chain != nil || c.Has != nil }) {
		return nil, nil
	}
	var found []*profiles.Entry
	list := r.library.Entries()
	for i := range list {
		e := &list[i]
		if e.Type != q.Type {
			continue
		}
		keys, err := r.head(ctx, e)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(q.Clauses, func(c search.Clause) bool { return !c.Holds(e.ID, keys) }) {
			continue
		}
		if _, err := r.DB.Read(ctx, e.Type, e.ID); fhir.KindOf(err) == fhir.NotFound {
			found = append(found, e)
		}
	}
	return found, nil
}

// head gives what an entry is found by.
func (r *repository) head(ctx context.Context, e *profiles.Entry) ([]search.Entry, error) {
	if keys, ok := r.heads.Load(e); ok {
		return keys.([]search.Entry), nil
	}
	keys, err := search.Extract(ctx, e.Head)
	if err != nil {
		return nil, err
	}
	keys = append(keys, search.Entry{Param: search.LastUpdated, Key: search.InstantKey(r.started)}, search.Entry{Param: search.Every, Key: search.EveryKey})
	r.heads.Store(e, keys)
	return keys, nil
}
