package store_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/badger"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// zeros are salts that are the same in every database.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// TestDigest applies one log to two engines, with a batch for the journal of the
// durable one: the digests are equal after each part of it, also when the durable
// one is opened again, and tell when the databases differ in anything.
func TestDigest(t *testing.T) {
	dir := t.TempDir()
	durable, err := badger.Open(dir, nil)
	require.NoError(t, err)
	other := openDB(t, mem.New(), store.Options{})
	engines := []kv.Engine{mem.New(), durable}
	var scenes []*scene
	for _, e := range engines {
		scenes = append(scenes, &scene{t: t, rnd: rand.New(rand.NewPCG(5, 9)), db: openDB(t, e, store.Options{Random: zeros{}}), worlds: map[fhir.Seq]world{}, clock: epoch})
	}
	digest := func(db *store.DB) string {
		sum, at, err := db.Digest(ctx)
		require.NoError(t, err)
		require.Equal(t, db.Head(), at)
		require.Len(t, sum, 64)
		return sum
	}
	seen := map[string]bool{digest(other): true}
	require.Equal(t, digest(scenes[0].db), digest(other), "empty")
	for range 4 {
		for range 10 {
			for _, s := range scenes {
				s.commit()
			}
		}
		sum := digest(scenes[0].db)
		require.Equal(t, sum, digest(scenes[1].db))
		require.False(t, seen[sum])
		seen[sum] = true
	}
	large := &fhir.Transaction{Time: scenes[0].clock, Receipt: fhir.Receipt{Key: "large", Body: []byte(noise(3 << 20))}, Cursor: fhir.Cursor{Name: "f", Seq: 3}}
	for _, s := range scenes {
		_, err := s.db.Commit(ctx, large)
		require.NoError(t, err)
	}
	sum := digest(scenes[0].db)
	require.False(t, seen[sum], "a cursor and a receipt are part of it")
	require.Equal(t, sum, digest(scenes[1].db))
	require.NoError(t, scenes[1].db.Close())
	durable, err = badger.Open(dir, nil)
	require.NoError(t, err)
	again := openDB(t, durable, store.Options{})
	require.Equal(t, sum, digest(again), "opened again")
	require.NoError(t, again.Close())
}
