package main

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// bad is an engine with a damaged part.
type bad struct {
	kv.Engine
	where []kv.Damage
}

func (b *bad) Verify(_ context.Context, pace func(int) error) ([]kv.Damage, error) {
	return b.where, pace(1 << 20)
}

// TestVerification: each pass tells when it ended and what it found.
func TestVerification(t *testing.T) {
	engine := &bad{Engine: mem.New()}
	db, err := store.Open(engine, store.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	v := &verification{db: db, every: time.Millisecond, log: slog.New(slog.DiscardHandler)}
	figures := func() []float64 { return []float64{v.counters()[0].Value(), v.counters()[1].Value()} }
	require.Equal(t, []float64{0, 0}, figures())
	start := time.Now()
	v.pass(t.Context())
	require.Greater(t, time.Since(start), 50*time.Millisecond, "1 MB at 16 MB a second")
	require.Empty(t, v.damage())
	require.Positive(t, figures()[0])
	engine.where = []kv.Damage{{Where: "block 1", Low: []byte("a"), High: []byte("b")}, {Where: "block 2", Low: []byte("b"), High: []byte("c")}}
	v.pass(t.Context())
	require.Equal(t, float64(2), figures()[1])
	require.Equal(t, "block 1 is damaged; it holds no version of a resource, and 1 more; the log and `pestle check` have all", v.damage())

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	v.run(ctx) // ends
}
