package main

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestSandboxKeepsTheLaw wants a prescription of long ago to be expired in a
// sandbox too, by itself, but for one that was told to count from the receipt; and the
// prescription of today that it offers to be taken and supplied.
func TestSandboxKeepsTheLaw(t *testing.T) {
	old := time.Now().AddDate(0, 0, -200)
	for _, c := range []struct {
		flag   bool
		signed time.Time
		want   string
	}{{false, time.Now(), "accepted"}, {false, old, "failed"}, {true, old, "accepted"}} {
		command := &serveCommand{Sandbox: true, LawFromReceipt: c.flag, Addr: "127.0.0.1:0", Data: t.TempDir()}
		require.NoError(t, command.complete())
		app, err := openApp(command.appConfig(), slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		ctx, stop := context.WithCancel(context.Background())
		followers := app.follow(ctx)
		assert.Equal(t, c.want, acceptedAs(ctx, t, app, c.signed), "flag %v, signed %s", c.flag, c.signed)
		stop()
		<-followers
		require.NoError(t, app.close())
	}
}

// acceptedAs sends the sandbox's order, signed at a time, accepts it and gives
// the status of its Task.
func acceptedAs(ctx context.Context, t *testing.T, a *app, signed time.Time) string {
	order, err := sandboxMessage(signed)
	require.NoError(t, err)
	operation := func(name string) fhir.Operation {
		for _, o := range a.operations() {
			if o.Name == name {
				return o
			}
		}
		t.Fatalf("no operation %s", name)
		return fhir.Operation{}
	}
	requester := fhir.Principal{Agent: "sds-user-id|555000000000", OnBehalf: sandboxPharmacy, Unbound: true}
	_, err = operation("process-message").Handle(ctx, &fhir.Call{Body: order, Time: time.Now(), RequestID: "1", Requester: requester})
	require.NoError(t, err)
	var tasks []string
	require.Eventually(t, func() bool {
		tasks, err = a.db.State(ctx).Find("Task", "code=prescription-order")
		return err == nil && len(tasks) == 1
	}, 5*time.Second, 5*time.Millisecond)
	if _, err = operation("accept").Handle(ctx, &fhir.Call{ID: tasks[0], Time: time.Now(), RequestID: "2", Requester: requester}); err != nil {
		require.ErrorContains(t, err, "expired") // by itself, before it was accepted
	}
	v, err := a.db.State(ctx).Current("Task", tasks[0])
	require.NoError(t, err)
	require.False(t, bytes.Contains(v.JSON, []byte(`"status":"requested"`)))
	r, err := v.Resource()
	require.NoError(t, err)
	return r.Get("status").Text()
}
