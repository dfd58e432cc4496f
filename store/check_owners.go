package store

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
)

// ownerTables are those that follow from the log by the rules of ownership.
var ownerTables = []byte{tableHeir, tableOwner, tableOwned} // in their order

// replica is what the log says of owners, made anew beside the database.
type replica struct {
	base    apart
	over    *kv.Overlay
	scratch func() (kv.Engine, error) // takes what is too much for memory; nil where nothing does
	engine  kv.Engine                 // that it has made
	made    kv.Snapshot               // of it
	at      fhir.Seq                  // as of which commit
}

// apart is a database with other tables of owners.
type apart struct {
	db, owners kv.Reader // owners nil for none
}

func (a apart) of(key []byte) kv.Reader {
	switch {
	case len(key) == 0 || bytes.IndexByte(ownerTables, key[0]) < 0:
		return a.db
	case a.owners == nil:
		return nothing{}
	}
	return a.owners
}

func (a apart) Get(key []byte) ([]byte, bool, error) { return a.of(key).Get(key) }

func (a apart) Iterate(low, high []byte, reverse bool) kv.Iterator {
	return a.of(low).Iterate(low, high, reverse)
}

// nothing is a reader without keys.
type nothing struct{}

func (nothing) Get([]byte) ([]byte, bool, error)        { return nil, false, nil }
func (nothing) Iterate(_, _ []byte, _ bool) kv.Iterator { return nothing{} }
func (nothing) Next() bool                              { return false }
func (nothing) Seek([]byte) bool                        { return false }
func (nothing) Key() []byte                             { return nil }
func (nothing) Value() []byte                           { return nil }
func (nothing) Close() error                            { return nil }

// maxReplica is how many bytes of a replica are kept in memory where there is an
// engine for the rest.
const maxReplica = 1 << 20

// on puts the replica on a snapshot of the database.
func (r *replica) on(snap kv.Reader) {
	r.base.db = snap
	if r.over == nil {
		r.over = kv.NewOverlay(&r.base)
	}
}

// spill writes what is in memory to the engine, where it is much.
func (r *replica) spill() (err error) {
	if _, size := r.over.Cost(); size < maxReplica || r.scratch == nil {
		return nil
	}
	if r.engine == nil {
		if r.engine, err = r.scratch(); err != nil {
			return err
		}
	}
	w := &batcher{engine: r.engine}
	err = w.add(r.over.Ops()...)
	if err == nil {
		err = w.flush()
	}
	if err != nil {
		return err
	}
	if r.made != nil {
		r.made.Close()
	}
	if r.made, err = r.engine.Snapshot(); err != nil {
		return err
	}
	r.base.owners, r.over = r.made, kv.NewOverlay(&r.base)
	return nil
}

func (r *replica) close() error {
	if r.made != nil {
		r.made.Close()
	}
	if r.engine != nil {
		return r.engine.Close()
	}
	return nil
}

// owners compares the tables of owners with what the log says, all as of the newest
// commit of each step.
func (c *checker) owners() (through bool, err error) {
	rules := c.db.opts.Owners
	if rules == nil {
		return true, nil
	}
	if b, ok, err := c.v.r.Get(keyOwners); err != nil || !ok || string(b) != rules.Version() {
		if err == nil {
			c.wrong("", "whose the resources are was worked out by other rules: start the server once, which works it out anew")
		}
		return true, err
	}
	if c.a.replica == nil {
		c.a.replica, c.a.Next = &replica{scratch: c.db.opts.Scratch}, nil
	}
	r := c.a.replica
	r.on(c.v.r)
	newest, err := c.newest()
	if err != nil {
		return false, err
	}
	for r.at < newest {
		if err := replayCommit(r.over, rules, r.at+1); err != nil {
			return true, c.unreplayed(r.at+1, err)
		}
		r.at++
		if err := r.spill(); err != nil {
			return false, err
		}
		if c.over() && r.at < newest {
			return false, c.ctx.Err()
		}
	}
	return c.compareOwners(r)
}

// unreplayed says that the owners cannot be worked out from the log, unless that is
// because the check was ended.
func (c *checker) unreplayed(seq fhir.Seq, err error) error {
	if c.ctx.Err() != nil {
		return c.ctx.Err()
	}
	f := Finding{Text: fmt.Sprintf("whose the resources are cannot be worked out from log entry %d: %v", seq, err), Unreadable: errors.Is(err, kv.ErrDamaged)}
	c.a.Add(f)
	return nil
}

// compareOwners walks both, from the position of the part on.
func (c *checker) compareOwners(r *replica) (through bool, err error) {
	from := c.a.Next
	if from == nil {
		from = ownerTables[:1]
	}
	for _, table := range ownerTables {
		if from[0] > table {
			continue
		}
		if from[0] < table {
			from = []byte{table}
		}
		end := after([]byte{table})
		stored, said := c.v.r.Iterate(from, end, false), r.over.Iterate(from, end, false)
		next, err := c.mergeOwners(stored, said)
		if err = errors.Join(err, stored.Close(), said.Close()); err != nil {
			return false, err
		}
		if next != nil {
			c.a.Next = next
			return false, c.ctx.Err()
		}
	}
	return true, nil
}

// mergeOwners compares rows until the step is over, and returns the key at which to
// go on; nil at the end.
func (c *checker) mergeOwners(stored, said kv.Iterator) ([]byte, error) {
	a, b := stored.Next(), said.Next()
	for n := 1; a || b; n++ {
		order := 1
		switch {
		case a && b:
			order = bytes.Compare(stored.Key(), said.Key())
		case a:
			order = -1
		}
		key := said.Key
		switch {
		case order < 0:
			key = stored.Key
			c.ownerRow(key(), "is stored, and nothing in the log says so")
		case order > 0:
			c.ownerRow(key(), "is missing")
		case !bytes.Equal(stored.Value(), said.Value()):
			c.ownerRow(key(), "is not what the log says")
		}
		done := append(bytes.Clone(key()), 0)
		if order <= 0 {
			a = stored.Next()
		}
		if order >= 0 {
			b = said.Next()
		}
		if n%64 == 0 && c.over() {
			return done, nil
		}
	}
	return nil, nil
}

// ownerRow names a row of the tables of owners that is wrong, by its resource.
func (c *checker) ownerRow(key []byte, wrong string) {
	typ, rest, _ := bytes.Cut(key[1:], []byte{0})
	what := "what decides on its owners"
	if key[0] == tableOwner {
		owner, row, _ := bytes.Cut(rest, []byte{0})
		what, rest = fmt.Sprintf("its owner %q", owner), row
	}
	if len(rest) < ridLen {
		c.wrong("", "the row %x of the owners cannot be read", key)
		return
	}
	p := place{typ: string(typ), rid: rid(getUint(rest[:ridLen]))}
	if key[0] == tableHeir && len(rest) > 2*ridLen {
		heir := splitHeir(key, len(key)-len(rest)+ridLen)
		what = "that " + strings.TrimSuffix(c.named(place{heir.typ, heir.rid, 0}), "/_history/0") + " has its owners too"
	}
	ref := strings.TrimSuffix(c.named(p), "/_history/0")
	c.wrong(ref, "%s: %s %s, so it is shown to others than it should be", ref, what, wrong)
}
