package store

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

func observation(t testing.TB, n int, patient string) fhir.Change {
	r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Observation","status":"final","code":{"text":"c%d"},"subject":{"reference":"Patient/%s"}}`, n, patient))
	require.NoError(t, err)
	return fhir.Change{Method: fhir.Create, Type: "Observation", Resource: r}
}

// TestConditionsDelayNobody: whatever a transaction's conditions have to look
// at, another client's write waits 250 ms at most, and the transaction is decided
// all the same.
func TestConditionsDelayNobody(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	ctx := context.Background()
	db, err := Open(mem.New(), Options{})
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	const n = 10_000
	for from := 0; from < n; from += 500 {
		tx := creates(t, from, 500, "")
		for i := range tx.Changes {
			tx.Changes[i].ID, tx.Changes[i].Method = fmt.Sprintf("p%d", from+i), fhir.Update
			tx.Changes = append(tx.Changes, observation(t, from+i, fmt.Sprintf("p%d", from+i)))
		}
		_, err := db.Commit(ctx, tx)
		require.NoError(t, err)
	}
	for _, c := range []struct{ kind, typ, condition string }{
		{"scan", "Patient", "name:contains=nobody%d"},
		{"chain", "Observation", "subject:Patient.name:contains=nobody%d"},
		{"_has", "Patient", "_has:Observation:patient:code:text=nobody%d"},
	} {
		t.Run(c.kind, func(t *testing.T) {
			longest, decided := time.Hour, 0
			for try := 0; try < 3 && longest > 250*time.Millisecond; try++ { // what else the machine does delays writes, too
				longest, decided = delay(t, db, c.typ, c.condition)
			}
			require.Less(t, longest, 250*time.Millisecond)
			require.Positive(t, decided)
		})
	}
}

// delay is how long a write of one client waited at most while another one sent
// transactions with conditions, and how many of these were carried out.
func delay(t *testing.T, db *DB, typ, condition string) (longest time.Duration, decided int) {
	ctx, cancel := context.WithCancel(context.Background())
	var other sync.WaitGroup
	other.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			tx := &fhir.Transaction{}
			for i := range 5 {
				change := observation(t, n, "p1")
				if typ == "Patient" {
					change = fhir.Change{Method: fhir.Create, Type: typ, Resource: named(t, "x")}
				}
				change.Condition = fmt.Sprintf(condition, 5*n+i)
				tx.Changes = append(tx.Changes, change)
			}
			if _, err := db.Commit(context.WithoutCancel(ctx), tx); err == nil {
				decided++
			}
		}
	})
	for began := time.Now(); time.Since(began) < time.Second; {
		tx := creates(t, 20_000, 1, "")
		tx.Changes = append(tx.Changes, observation(t, 20_000, "p1"))
		at := time.Now()
		_, err := db.Commit(ctx, tx)
		require.NoError(t, err)
		longest = max(longest, time.Since(at))
	}
	cancel()
	other.Wait()
	return longest, decided
}
