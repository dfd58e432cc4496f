package served

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/profiles"
)

// Store is the database whose definitions are served with the built-in ones.
type Store interface {
	Commit(ctx context.Context, tx *fhir.Transaction) (*fhir.Commit, error)
	Read(ctx context.Context, typ, id string) (*fhir.Version, error)
	ReadBefore(ctx context.Context, typ, id string, before time.Time) (*fhir.Version, error)
	VRead(ctx context.Context, typ, id, versionID string) (*fhir.Version, error)
	History(ctx context.Context, q fhir.HistoryQuery) (*fhir.History, error)
	Search(ctx context.Context, q *search.Query) (*search.Result, error)
}

// Definitions is a database with the built-in definitions in it. It answers for
// every type, and passes on what is not about definitions.
type Definitions struct {
	store   Store
	library *profiles.Library
	stored  *profiles.Stored
	started time.Time // when the built-in ones were last updated, as far as clients see
	log     *slog.Logger

	heads sync.Map // *profiles.Entry -> []search.Entry
}

// New serves the definitions of a library with those of a database, and brings
// those of the database into the library. started is when the built-in ones were
// last updated, as far as clients see.
func New(store Store, library *profiles.Library, started time.Time, log *slog.Logger) *Definitions {
	d := &Definitions{store: store, library: library, stored: &profiles.Stored{Library: library, From: store}, started: started, log: log}
	d.Sync(context.Background())
	return d
}

// Commit commits, and brings definitions among what was written into the
// library before it answers.
func (d *Definitions) Commit(ctx context.Context, tx *fhir.Transaction) (*fhir.Commit, error) {
	done, err := d.store.Commit(ctx, tx)
	if err == nil && slices.ContainsFunc(done.Results, func(x fhir.Result) bool { return x.Version != nil && defines(x.Version.Type) }) {
		d.Sync(context.WithoutCancel(ctx))
	}
	return done, err
}

// Sync brings what is stored by now into the library. It tells the log what could not be
// taken over: the write itself holds.
func (d *Definitions) Sync(ctx context.Context) {
	if err := d.stored.Sync(ctx); err != nil {
		d.log.Warn("stored definitions", "error", err)
	}
}

func defines(typ string) bool { return slices.Contains(profiles.DefinitionTypes, typ) }

// Read returns a stored resource, else a built-in definition.
func (d *Definitions) Read(ctx context.Context, typ, id string) (*fhir.Version, error) {
	v, err := d.store.Read(ctx, typ, id)
	if err != nil && fhir.KindOf(err) == fhir.NotFound && defines(typ) {
		if e := d.library.Entry(typ, id); e != nil {
			return d.version(e)
		}
	}
	return v, err
}

// ReadBefore returns a stored resource as of a time, else a built-in definition.
func (d *Definitions) ReadBefore(ctx context.Context, typ, id string, before time.Time) (*fhir.Version, error) {
	v, err := d.store.ReadBefore(ctx, typ, id, before)
	if err != nil && fhir.KindOf(err) == fhir.NotFound && before.After(d.started) && defines(typ) {
		if e := d.library.Entry(typ, id); e != nil {
			return d.version(e)
		}
	}
	return v, err
}

// VRead returns a stored version, else the one version of a built-in definition.
func (d *Definitions) VRead(ctx context.Context, typ, id, versionID string) (*fhir.Version, error) {
	v, err := d.store.VRead(ctx, typ, id, versionID)
	if err != nil && fhir.KindOf(err) == fhir.NotFound && versionID == "1" && defines(typ) {
		return d.Read(ctx, typ, id)
	}
	return v, err
}

// History returns the versions of stored resources; a built-in definition has one,
// since the start of the server.
func (d *Definitions) History(ctx context.Context, q fhir.HistoryQuery) (*fhir.History, error) {
	h, err := d.store.History(ctx, q)
	if q.ID == "" || !defines(q.Type) || fhir.KindOf(err) != fhir.NotFound {
		return h, err
	}
	v, err := d.Read(ctx, q.Type, q.ID)
	if err != nil {
		return nil, err
	}
	return OneVersion(q, v), nil
}

// OneVersion is the answer to a query for the history of a resource with one version.
func OneVersion(q fhir.HistoryQuery, v *fhir.Version) *fhir.History {
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
func (d *Definitions) version(e *profiles.Entry) (*fhir.Version, error) {
	whole, err := d.library.Resource(e)
	if err != nil {
		return nil, err
	}
	return &fhir.Version{Type: e.Type, ID: e.ID, VersionID: "1", LastUpdated: d.started, Method: fhir.Create, JSON: whole.Stamp(e.ID, "1", d.started)}, nil
}

// Search finds stored resources and, after them, built-in definitions by what
// their head says: url, version, name, title, status, type, kind, base. The total,
// where there is one, is that of both on every page.
func (d *Definitions) Search(ctx context.Context, q *search.Query) (*search.Result, error) {
	if !defines(q.Type) {
		return d.store.Search(ctx, q)
	}
	if slices.ContainsFunc(q.Sort, func(by search.Sort) bool { return by.Chain != nil }) {
		return nil, fhir.E("search", fhir.NotSupported, fhir.Issue{Expression: "_sort", Message: "Definitions are not sorted by what they refer to.", Expected: "a search parameter of " + q.Type + " itself"})
	}
	if len(q.Sort) > 0 && len(q.Include)+len(q.RevInclude) == 0 {
		return d.sorted(ctx, q)
	}
	found, err := d.builtin(ctx, q)
	if err != nil {
		return nil, err
	}
	if at, ok := readPlace(q.Page.After); ok {
		out := &search.Result{AsOf: q.Page.AsOf, Total: at.total}
		if at.from >= q.Count {
			out.Previous = place{at.from - q.Count, at.total}.page(out.AsOf)
		}
		return out, d.fill(q, out, found, at.from)
	}
	out, err := d.store.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	out.Last = nil // that of the stored ones alone
	if out.Total >= 0 {
		out.Total += len(found)
	}
	if out.Next != nil {
		return out, nil
	}
	return out, d.fill(q, out, found, 0)
}

// fill adds built-in definitions to a page, from a place on.
func (d *Definitions) fill(q *search.Query, out *search.Result, found []*profiles.Entry, from int) error {
	if q.Count == 0 || q.Summary == search.SummaryCount {
		return nil
	}
	for i := min(from, len(found)); i < len(found); i++ {
		if len(out.Matches) == q.Count {
			out.Next = place{i, out.Total}.page(out.AsOf)
			return nil
		}
		v, err := d.version(found[i])
		if err != nil {
			return err
		}
		out.Matches = append(out.Matches, v)
	}
	return nil
}

// builtin lists the built-in definitions that meet a query and that no stored
// resource hides.
func (d *Definitions) builtin(ctx context.Context, q *search.Query) ([]*profiles.Entry, error) {
	if !q.Before.IsZero() && !q.Before.After(d.started) {
		return nil, nil
	}
	if q.Chained() {
		return nil, nil
	}
	var found []*profiles.Entry
	list := d.library.Entries()
	for i := range list {
		e := &list[i]
		if e.Type != q.Type {
			continue
		}
		keys, err := d.head(ctx, e)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(q.Clauses, func(c search.Clause) bool { return !c.Holds(e.ID, keys) }) {
			continue
		}
		if _, err := d.store.Read(ctx, e.Type, e.ID); fhir.KindOf(err) == fhir.NotFound {
			found = append(found, e)
		}
	}
	return found, nil
}

// head returns what an entry is found by.
func (d *Definitions) head(ctx context.Context, e *profiles.Entry) ([]search.Entry, error) {
	if keys, ok := d.heads.Load(e); ok {
		return keys.([]search.Entry), nil
	}
	keys, err := search.Extract(ctx, e.Head)
	if err != nil {
		return nil, err
	}
	keys = append(keys, search.Entry{Param: search.LastUpdated, Key: search.InstantKey(d.started)}, search.Entry{Param: search.Every, Key: search.EveryKey})
	d.heads.Store(e, keys)
	return keys, nil
}
