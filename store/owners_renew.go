package store

import (
	"bytes"
	"fmt"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
)

// ownersVersion is that of the rules by which the database is written; of no
// rules, which leave what is kept of owners behind.
func (db *DB) ownersVersion() []byte {
	if db.opts.Owners == nil {
		return []byte{}
	}
	return []byte(db.opts.Owners.Version())
}

// renewOwners makes what is kept of owners anew where other rules wrote it, from
// the log. Until it is done what is kept is of no rules, so that what breaks off
// begins again, whatever program opens the database then.
func (db *DB) renewOwners(v view) error {
	b, ok, err := v.r.Get(keyOwners)
	if err != nil || ok && bytes.Equal(b, db.ownersVersion()) || !ok && db.opts.Owners == nil {
		return err
	}
	w := &batcher{engine: db.engine}
	if db.opts.Owners != nil {
		if err := db.engine.Room(0); err != nil {
			return fmt.Errorf("store: whose the resources are was worked out by other rules and has to be worked out anew before anything is served: %w", err)
		}
		if err := db.engine.Write([]kv.Op{{Key: keyOwners, Value: []byte{}}}); err != nil {
			return err
		}
		if err := v.dropOwners(w); err != nil {
			return err
		}
		if err := db.replayOwners(v.at); err != nil {
			return err
		}
	}
	if err := w.add(kv.Op{Key: keyOwners, Value: db.ownersVersion()}); err != nil {
		return err
	}
	return w.flush()
}

// dropOwners removes all that is kept of owners.
func (v view) dropOwners(w *batcher) error {
	for _, table := range []byte{tableOwner, tableOwned, tableHeir} {
		it := v.r.Iterate([]byte{table}, after([]byte{table}), false)
		var err error
		for err == nil && it.Next() {
			err = w.add(kv.Op{Key: bytes.Clone(it.Key())})
		}
		if err = ended(it, err); err != nil {
			return err
		}
	}
	return w.flush()
}

// replayOwners applies the log up to a commit, a part of it at a time.
func (db *DB) replayOwners(to fhir.Seq) error {
	for seq := fhir.Seq(1); seq <= to; {
		snap, err := db.engine.Snapshot()
		if err != nil {
			return err
		}
		over := kv.NewOverlay(snap)
		seq, err = replayPart(over, db.opts.Owners, seq, to)
		w := &batcher{engine: db.engine}
		if err == nil {
			err = w.add(over.Ops()...)
		}
		if err == nil {
			err = w.flush()
		}
		snap.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// replayPart applies commits from one on into an overlay until it is large, and
// returns the first that is left.
func replayPart(over *kv.Overlay, rules Owners, seq, to fhir.Seq) (fhir.Seq, error) {
	for ; seq <= to; seq++ {
		if _, size := over.Cost(); size > 4<<20 {
			break
		}
		if err := replayCommit(over, rules, seq); err != nil {
			return seq, err
		}
	}
	return seq, nil
}

// replayCommit applies one commit.
func replayCommit(over *kv.Overlay, rules Owners, seq fhir.Seq) error {
	over.Mark()
	v := view{r: over, at: seq}
	record, err := v.record(seq)
	if err != nil {
		return err
	}
	list, err := v.told(rules, record.versions)
	if err != nil {
		return err
	}
	return (&owning{v: v, out: over, rules: rules, renews: true}).own(list)
}

// told reads what the versions of a commit say of whose they are.
func (v view) told(rules Owners, versions []place) (list []told, err error) {
	for _, p := range versions {
		if rules.Public(p.typ) {
			continue
		}
		ver, err := v.version(p.typ, p.rid, p.vno)
		if err != nil {
			return nil, err
		}
		said, err := v.said(rules, p, ver)
		if err != nil {
			return nil, err
		}
		list = append(list, told{target{p.typ, p.rid}, ver, said})
	}
	return list, nil
}

// said is what a version says of whose its resource is; of one that was purged, what
// it said then.
func (v view) said(rules Owners, p place, ver *fhir.Version) (fhir.Ownership, error) {
	if ver.Purged != nil {
		left, err := v.remains(p)
		return left.said, err
	}
	r, err := contentOf(ver)
	if err != nil {
		return fhir.Ownership{}, err
	}
	return rules.Of(ver, r), nil
}
