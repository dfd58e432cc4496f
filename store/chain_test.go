package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/badger"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// drawn is a transaction with the values that were drawn for it.
type drawn struct {
	tx    *fhir.Transaction
	ids   []string
	salts []byte
}

// history is n random transactions, many of which are refused, find what others
// wrote, or are repeats.
func history(t testing.TB, seed uint64, n int) []drawn {
	rnd := rand.New(rand.NewPCG(seed, 1))
	list := make([]drawn, n)
	for i := range list {
		tx := &fhir.Transaction{Time: time.UnixMilli(1_793_610_000_000 + int64(i*7) - int64(rnd.IntN(50)))}
		d := drawn{tx: tx}
		for k := range 1 + rnd.IntN(4) {
			c := fhir.Change{Method: fhir.Update, Type: "Patient", ID: fmt.Sprintf("p%d", 40*k+rnd.IntN(40)), Resource: named(t, fmt.Sprintf("n%d", rnd.IntN(99)))}
			switch rnd.IntN(5) {
			case 0:
				c.Method, c.ID = fhir.Create, ""
			case 1:
				c.Method, c.ID, c.Condition = fhir.Create, "", fmt.Sprintf("identifier=urn:mrn|n%d", rnd.IntN(99))
			case 2:
				c.Method, c.Resource = fhir.Delete, nil
			case 3:
				c.IfMatch = fmt.Sprint(1 + rnd.IntN(3))
			}
			tx.Changes = append(tx.Changes, c)
			d.ids = append(d.ids, fmt.Sprintf("new-%d-%d", i, k))
		}
		if rnd.IntN(8) == 0 {
			tx.Receipt = fhir.Receipt{Key: fmt.Sprintf("k%d", rnd.IntN(20)), Body: []byte("{}")}
		}
		d.salts = make([]byte, saltsLen*len(tx.Changes))
		for b := range d.salts {
			d.salts[b] = byte(rnd.Uint32())
		}
		list[i] = d
	}
	return list
}

// replay commits a history in groups of a size, planned as of the group
// before. It returns the digest of all that is stored and how many were refused.
func replay(t *testing.T, e kv.Engine, list []drawn, size int, o Options) (string, int) {
	db, err := Open(e, o)
	require.NoError(t, err)
	c, refused := newCommitter(db, head{}), 0
	for len(list) > 0 {
		var group []*request
		for _, d := range list[:min(size, len(list))] {
			p, err := db.plan(context.Background(), d.tx, d.ids, nil)
			require.NoError(t, err)
			group = append(group, &request{ctx: context.Background(), tx: d.tx, ids: d.ids, salts: d.salts, plan: p, done: make(chan struct{})})
		}
		for _, r := range group {
			c.add(r)
		}
		c.flush()
		for _, r := range group {
			if r.err != nil {
				refused++
			}
		}
		list = list[len(group):]
	}
	found, err := db.Check(t.Context())
	require.NoError(t, err)
	require.Empty(t, found.Wrong)
	digest, _, err := db.Digest(t.Context())
	require.NoError(t, err)
	require.NoError(t, db.Close())
	return digest, refused
}

// TestCommitsAreAFunction: a history leaves the same bytes in every engine and
// however its commits are grouped.
func TestCommitsAreAFunction(t *testing.T) {
	before := insideTime
	insideTime = time.Hour // a machine that is slow for a moment refuses nothing here
	defer func() { insideTime = before }()
	for seed := range uint64(4) {
		list := history(t, seed, 300)
		want, refusals := replay(t, mem.New(), list, 1, Options{})
		require.NotZero(t, refusals)
		for _, size := range []int{3, 64, 300} {
			got, n := replay(t, mem.New(), list, size, Options{})
			require.Equal(t, want, got, "in groups of %d", size)
			require.Equal(t, refusals, n)
		}
		e, err := badger.Open(t.TempDir(), nil)
		require.NoError(t, err)
		got, _ := replay(t, e, list, 64, Options{})
		require.Equal(t, want, got, "on disk")
	}
}

// TestTheChainShowsChanges: a byte of a version that was changed behind the
// store's back is found, though the version can be read.
func TestTheChainShowsChanges(t *testing.T) {
	e := mem.New()
	db := opened(t, e)
	defer func() { require.NoError(t, db.Close()) }()
	_, err := db.Commit(t.Context(), updates(t, "p", "second"))
	require.NoError(t, err)
	require.NoError(t, db.look("test", 0, func(v view) error {
		key := keyVersion("Patient", 1, 1)
		b, _, err := v.r.Get(key)
		require.NoError(t, err)
		salts := bytes.Index(b, []byte(`{"resource`)) - 1
		changed := bytes.Clone(b)
		changed[salts] ^= 1
		require.NoError(t, e.Write([]kv.Op{{Key: key, Value: changed}}))
		return nil
	}))
	require.NoError(t, db.advance(2))
	found, err := db.Check(t.Context())
	require.NoError(t, err)
	require.Len(t, found.Wrong, 1)
	require.Contains(t, fmt.Sprint(found.Wrong), "log entry 1 does not continue the chain")
}

// kept is an engine that stays open.
type kept struct{ kv.Engine }

func (kept) Close() error { return nil }

// TestLeaves: every version has one leaf, in the order of the log, whatever was
// refused; tiles are written with the commits that complete them.
func TestLeaves(t *testing.T) {
	var first []uint64
	leaf := func(r LeafRecord) (hash [32]byte) {
		require.Len(t, r.EnvelopeSalt, saltLen)
		require.Len(t, r.ContentSalt, saltLen)
		require.NotEqual(t, r.EnvelopeSalt, r.ContentSalt)
		require.Equal(t, r.Millis, r.Version.LastUpdated.UnixMilli())
		binary.BigEndian.PutUint64(hash[:], r.Index)
		return hash
	}
	checkpoint := func(from uint64, leaves []byte) []Tile {
		first = append(first, from)
		return []Tile{{Name: fmt.Sprintf("%08d", from), Value: bytes.Clone(leaves)}}
	}
	e := mem.New()
	_, refused := replay(t, kept{e}, history(t, 9, 200), 16, Options{Leaf: leaf, Checkpoint: checkpoint})
	require.NotZero(t, refused)
	require.Greater(t, len(first), 5)
	next := uint64(0)
	snap, err := e.Snapshot()
	require.NoError(t, err)
	defer snap.Close()
	it := snap.Iterate([]byte{tableTile}, []byte{tableTile + 1}, false)
	for it.Next() {
		for b := it.Value(); len(b) > 0; b = b[32:] {
			require.Equal(t, next, binary.BigEndian.Uint64(b))
			next++
		}
	}
	require.NoError(t, it.Close())
	total := uint64(0)
	for seq := fhir.Seq(1); ; seq++ {
		c, err := view{r: snap}.record(seq)
		if err != nil {
			break
		}
		for b := c.leaves; len(b) > 0; b = b[32:] {
			require.Equal(t, total, binary.BigEndian.Uint64(b))
			total++
		}
		require.Equal(t, c.total, total)
	}
	require.Equal(t, next, total)
}
