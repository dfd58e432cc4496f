package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement"
)

// TestExpiryIsClaimed: a prescription of methylphenidate and paracetamol of which a third of
// the one and all of the other was supplied ends by itself 28 days later, and both
// are claimed. Of one that nobody took the methylphenidate is over, and six months later the
// rest.
func TestExpiryIsClaimed(t *testing.T) {
	w := startCounted(t)
	part, none := newClaimed(t, benchNumber(1)), newClaimed(t, benchNumber(2))
	id, left := strings.TrimPrefix(part.task, "/Task/"), strings.TrimPrefix(none.task, "/Task/")
	w.call("process-message", "", part.order)
	w.call("process-message", "", none.order)
	w.call("accept", id, nil)
	var p map[string]any
	require.NoError(t, json.Unmarshal(part.supply, &p))
	first := p["parameter"].([]any)[0].(map[string]any)
	first["part"] = append(first["part"].([]any), map[string]any{"name": "status", "valueCode": "0003"},
		map[string]any{"name": "quantity", "valueQuantity": map[string]any{"value": 10}})
	supply, err := json.Marshal(p)
	require.NoError(t, err)
	w.call("dispense", id, supply)

	status := func(id string) string {
		v, err := w.db.State(t.Context()).Current("Task", id)
		require.NoError(t, err)
		r, err := v.Resource()
		require.NoError(t, err)
		return r.Get("status").Text()
	}
	claim := func() *fhir.Version {
		v, err := w.db.State(t.Context()).Current("Claim", reimbursement.ClaimID(part.number, 1))
		require.NoError(t, err)
		return v
	}
	pass := func(days int, until func() bool) {
		clock := func() time.Time { return time.Now().AddDate(0, 0, days) }
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		timer := pharmacy.Timer{DB: w.db, Head: w.db.Head, Timed: w.service.Timed()[0], Clock: clock, Logger: slog.Default()}
		go func() { done <- timer.Run(ctx) }()
		require.Eventually(t, until, 10*time.Second, 5*time.Millisecond)
		stop()
		require.NoError(t, <-done)
	}
	still := func() bool { time.Sleep(50 * time.Millisecond); return true }
	pass(28, still)
	require.Equal(t, "in-progress", status(id), "the last day is a whole day")
	require.Equal(t, "requested", status(left))
	require.Nil(t, claim())
	pass(29, func() bool { return status(id) == "completed" && claim() != nil })
	r, err := claim().Resource()
	require.NoError(t, err)
	details := slices.Collect(r.Get("item").Item(0).Get("detail").Items())
	require.Len(t, details, 2, "%s", r.JSON())
	require.Equal(t, "10", details[0].Get("subDetail").Item(0).Path("quantity", "value").Text(), "what was supplied: %s", r.JSON())
	require.Equal(t, "requested", status(left))
	head := w.db.Head()
	pass(29, still)
	require.Equal(t, head, w.db.Head(), "what has passed does not pass again")
	pass(200, func() bool { return status(left) == "failed" })
}
