package store

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store/kv"
)

// renewIndex makes the index anew where another version of the extraction
// wrote it. Its version is written last: what breaks off begins again.
func (db *DB) renewIndex(v view) error {
	b, _, err := v.r.Get(keyIndex)
	if err != nil {
		return err
	}
	if n, err := decodeSeq(b); err == nil && n == indexVersion {
		return nil
	}
	if err := db.engine.Room(0); err != nil {
		return fmt.Errorf("store: the index was made by another version of this program and has to be made anew before anything is served: %w", err)
	}
	w := &batcher{engine: db.engine}
	it := v.r.Iterate([]byte{tableIndex}, after([]byte{tableCustom}), false)
	for err == nil && it.Next() {
		err = w.add(kv.Op{Key: bytes.Clone(it.Key())})
	}
	if err = ended(it, err); err == nil {
		err = w.flush() // before rows with the same keys are written
	}
	if err == nil {
		err = v.eachResource(func(typ string, r rid, versions []*fhir.Version) error {
			rows, err := timeline(allEntries(context.Background()), typ, r, versions)
			if err != nil {
				return err
			}
			return w.add(rows...)
		})
	}
	if err == nil {
		err = w.add(kv.Op{Key: keyIndex, Value: encodeSeq(indexVersion)})
	}
	if err == nil {
		err = w.flush()
	}
	return err
}

// batcher writes operations in batches of a convenient size.
type batcher struct {
	engine kv.Engine
	ops    []kv.Op
	size   int64
}

func (b *batcher) add(ops ...kv.Op) error {
	for _, op := range ops {
		b.ops = append(b.ops, op)
		b.size += kv.Cost(op.Key, op.Value)
		if len(b.ops) >= 20_000 || b.size >= 4<<20 {
			if err := b.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *batcher) flush() error {
	if len(b.ops) == 0 {
		return nil
	}
	err := b.engine.Room(b.size)
	if err == nil {
		err = b.engine.Write(b.ops)
	}
	b.ops, b.size = nil, 0
	return err
}

// eachResource gives the versions of each resource, in order.
func (v view) eachResource(f func(typ string, r rid, versions []*fhir.Version) error) error {
	table := []byte{tableIdentity}
	it := v.r.Iterate(table, after(table), false)
	var err error
	for err == nil && it.Next() {
		typ, _, _ := bytes.Cut(it.Key()[1:], []byte{0})
		var now identity
		if now, err = decodeIdentity(it.Value()); err != nil {
			break
		}
		var versions []*fhir.Version
		if versions, err = v.versions(string(typ), now.rid); err == nil {
			err = f(string(typ), now.rid, versions)
		}
	}
	return ended(it, err)
}

// versions gives all versions of a resource, in order.
func (v view) versions(typ string, r rid) ([]*fhir.Version, error) {
	prefix := keyVersions(typ, r)
	it := v.r.Iterate(prefix, after(prefix), false)
	var versions []*fhir.Version
	var err error
	for err == nil && it.Next() {
		n := maxVno - vno(getUint(it.Key()[len(prefix):]))
		var ver *fhir.Version
		if ver, err = decodeVersion(typ, n, bytes.Clone(it.Value())); err == nil {
			versions = append(versions, ver)
		}
	}
	slices.Reverse(versions)
	return versions, ended(it, err)
}

// extraction gives the entries of a stored version, none for a deletion.
type extraction func(ver *fhir.Version) ([]search.Entry, error)

// allEntries are those of the index, which the time of the version belongs to.
func allEntries(ctx context.Context) extraction {
	return func(ver *fhir.Version) ([]search.Entry, error) {
		now, err := entriesBefore(ctx, nil, ver)
		if now != nil {
			now = with(now, updatedEntry(ver))
		}
		return now, err
	}
}

// storedEntries are those of stored SearchParameters.
func storedEntries(of *search.Custom) extraction {
	return func(ver *fhir.Version) ([]search.Entry, error) {
		r, err := contentOf(ver)
		if r == nil || err != nil {
			return nil, err
		}
		return of.Extract(r), nil
	}
}

// timeline gives the index rows of a resource over all its versions, which are
// in order.
func timeline(entries extraction, typ string, r rid, versions []*fhir.Version) ([]kv.Op, error) {
	var rows []kv.Op
	open := map[string]int{} // place in rows of the rows that hold, by entry
	var before []search.Entry
	for _, ver := range versions {
		now, err := entries(ver)
		if err != nil {
			return nil, err
		}
		gone, come := diff(before, now)
		for _, e := range gone {
			rows[open[string(keyEntry(typ, e.Param, e.Key, r))]].Value = until(ver.Seq)
		}
		for _, e := range come {
			open[string(keyEntry(typ, e.Param, e.Key, r))] = len(rows)
			rows = append(rows, kv.Op{Key: keyRow(typ, e.Param, e.Key, r, ver.Seq), Value: holds})
		}
		before = now
	}
	return rows, nil
}
