package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
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

// TestVerification: each pass tells when it ended and what it found, by resource
// where it is about one; an index that is not that of the resources is worse than
// a block that cannot be read.
func TestVerification(t *testing.T) {
	engine := &bad{Engine: mem.New()}
	db, err := store.Open(engine, store.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	r, err := fhir.Parse([]byte(`{"resourceType":"Patient","id":"a","name":[{"family":"Ames"}]}`))
	require.NoError(t, err)
	_, err = db.Commit(t.Context(), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Update, Type: "Patient", ID: "a", Resource: r}}})
	require.NoError(t, err)
	var log bytes.Buffer
	v := &verification{db: db, every: time.Hour, share: 0.5, log: slog.New(slog.NewTextHandler(&log, nil))}
	figure := func(name string) float64 {
		for _, c := range v.counters() {
			if c.Name == name && c.Value != nil {
				return c.Value()
			}
		}
		t.Fatal(name)
		return 0
	}
	require.Zero(t, figure("pestle_store_verified_timestamp_seconds"))
	start := time.Now()
	v.pass(t.Context())
	require.Greater(t, time.Since(start), 50*time.Millisecond, "1 MB at 16 MB a second")
	require.Empty(t, v.damage())
	require.Empty(t, v.wrong())
	require.Positive(t, figure("pestle_store_verified_timestamp_seconds"))
	require.Positive(t, figure("pestle_store_verification_seconds"))
	require.Empty(t, v.byResource())

	engine.where = []kv.Damage{{Where: "block 1", Low: []byte("a"), High: []byte("b")}, {Where: "block 2", Low: []byte("v"), High: []byte("w")}}
	v.pass(t.Context())
	require.Equal(t, float64(2), figure("pestle_store_damaged_blocks"))
	require.Equal(t, "The verification of the database has findings: 2, of 2 in all. `pestle check` names them.", v.damage())
	require.Empty(t, v.wrong(), "what cannot be read is refused")
	require.Equal(t, map[string]float64{"": 1, "Patient/a/_history/1": 1}, v.byResource())

	engine.where = nil
	require.NoError(t, engine.Write([]kv.Op{{Key: []byte("xPatient\x00family\x00nobody\x00\x00\x00\x00\x00\x00\x01\xff\xff\xff\xff\xff\xfe"), Value: []byte{}}}))
	_, err = db.Commit(t.Context(), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Update, Type: "Patient", ID: "b", Resource: parsed(t, `{"resourceType":"Patient","id":"b"}`)}}})
	require.NoError(t, err, "a moment later than the row")
	v.pass(t.Context())
	require.Contains(t, v.wrong(), "searches may be wrong: 1, of 1 in all. `pestle check` names them.")
	require.NotContains(t, log.String()+v.wrong()+v.damage(), "Patient/a", "for anybody to read")
	require.Equal(t, map[string]float64{"Patient/a": 1}, v.byResource())
	require.Equal(t, float64(1), figure("pestle_store_findings"))

	again := &verification{db: db, every: time.Hour, share: 0.5, log: slog.New(slog.DiscardHandler)} // of the next process
	require.NoError(t, again.recall())
	require.Equal(t, v.wrong(), again.wrong())
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	again.share = 0.0001
	again.pass(ctx) // broken off
	cancel()
	again = &verification{db: db, every: time.Hour, share: 0.5, log: slog.New(slog.DiscardHandler)}
	require.NoError(t, again.recall())
	require.Equal(t, v.wrong(), again.wrong())
	require.NoError(t, engine.Write([]kv.Op{{Key: []byte("xPatient\x00family\x00nobody\x00\x00\x00\x00\x00\x00\x01\xff\xff\xff\xff\xff\xfe")}}))
	_, err = db.Commit(t.Context(), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Update, Type: "Patient", ID: "c", Resource: parsed(t, `{"resourceType":"Patient","id":"c"}`)}}})
	require.NoError(t, err)
	again.pass(t.Context()) // goes on with the one that was broken off
	again.pass(t.Context())
	require.Empty(t, again.wrong(), "the row is gone")
	again = &verification{db: db, every: time.Hour, share: 0.5, log: slog.New(slog.DiscardHandler)}
	require.NoError(t, again.recall())
	require.Empty(t, again.wrong())

	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	v.run(ctx) // ends
}

func parsed(t *testing.T, text string) *fhir.Resource {
	r, err := fhir.Parse([]byte(text))
	require.NoError(t, err)
	return r
}

// TestVerificationGoesOn: one that ends with the server goes on after its restart.
func TestVerificationGoesOn(t *testing.T) {
	db, err := store.Open(&bad{Engine: mem.New()}, store.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	for i := range 200 {
		id := fmt.Sprintf("p%d", i)
		_, err = db.Commit(t.Context(), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Update, Type: "Patient", ID: id, Resource: parsed(t, `{"resourceType":"Patient","id":"`+id+`"}`)}}})
		require.NoError(t, err)
	}
	v := &verification{db: db, every: time.Hour, share: 0.0005, log: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	v.pass(ctx)
	require.Zero(t, v.passed)
	a, err := db.ResumeAudit()
	require.NoError(t, err)
	require.True(t, a.Begun)
	require.False(t, a.Done())
	v.share = 1
	v.pass(t.Context())
	require.NotZero(t, v.passed)
	a, err = db.ResumeAudit()
	require.NoError(t, err)
	require.False(t, a.Begun, "the next one begins")
}

// TestPacer: the work takes its share of the time, and many commits stop it only
// as long as there is time.
func TestPacer(t *testing.T) {
	db, err := store.Open(mem.New(), store.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	p := &pacer{db: db, share: 0.1, hurry: time.Now().Add(time.Hour)}
	require.NoError(t, p.pace(t.Context(), 0))
	time.Sleep(10 * time.Millisecond) // the work
	start := time.Now()
	require.NoError(t, p.pace(t.Context(), 0))
	require.Greater(t, time.Since(start), 85*time.Millisecond)
}
