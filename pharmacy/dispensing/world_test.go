package dispensing

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// world is a pharmacy with its database in memory and its follower running.
type world struct {
	t    *testing.T
	ctx  context.Context
	db   *store.DB
	s    *Service
	now  time.Time
	loop *pharmacy.Loop
	seen fhir.Seq       // how far settle has looked
	who  fhir.Principal // who calls; somebody who acts for all when it is not set
}

var testSite = Site{ODS: "VNE51", Name: "The Simple Pharmacy", ReimbursementAuthority: "T1450"}

func newWorld(t *testing.T, now time.Time, opts Options) *world {
	t.Helper()
	if opts.Site.ODS == "" {
		opts.Site = testSite
	}
	w := &world{t: t, ctx: t.Context(), now: now}
	db, err := store.Open(mem.New(), store.Options{Clock: func() time.Time { return w.now }, Guards: []fhir.Guard{Guard(opts)},
		Narrow: map[string]fhir.Narrow{"Patient": PatientsOf(opts.Site.ODS)}})
	require.NoError(t, err)
	w.db, w.s = db, New(db, opts)
	quiet := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	for _, f := range w.s.Followers() {
		w.loop = &pharmacy.Loop{DB: db, Follower: f, Logger: quiet}
		go func() { defer close(done); _ = w.loop.Run(ctx) }()
	}
	t.Cleanup(func() { stop(); <-done; require.NoError(t, db.Close()) })
	return w
}

func (w *world) call(body *fhir.Resource) *fhir.Call {
	id, who := uuid.NewString(), w.who
	if who.Agent == "" {
		who = fhir.Principal{Agent: "sds-user-id|7654321", Display: "Peter Potion", Unbound: true}
	}
	return &fhir.Call{Body: body, Time: w.now, RequestID: id, Receipt: fhir.Receipt{Key: id, Body: []byte("digest")},
		Base: "http://localhost/fhir", Requester: who}
}

func (w *world) send(body *fhir.Resource) (*fhir.Reply, error) {
	return w.s.processMessage(w.ctx, w.call(body))
}

// settle waits until the follower has seen everything.
func (w *world) settle() {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		entries, err := w.db.Log(w.ctx, w.seen, 1000)
		if err != nil {
			return false
		}
		for _, e := range entries {
			for _, v := range e.Versions {
				if o, err := orderAt(v); err == nil && o != nil {
					x, err := currentIssue(w.db.State(w.ctx), o.Number())
					if err != nil || x == nil || !x.hasOrder(o) {
						return w.parked() > 0
					}
				}
			}
			w.seen = e.Seq
		}
		return true
	}, time.Minute, time.Millisecond)
}

func (w *world) parked() int { return len(w.find("Task", "status=failed")) }

func (w *world) find(typ, q string) []*fhir.Resource {
	w.t.Helper()
	state := w.db.State(w.ctx)
	ids, err := state.Find(typ, q)
	require.NoError(w.t, err)
	var list []*fhir.Resource
	for _, id := range ids {
		r, err := read(state, typ+"/"+id, typ)
		require.NoError(w.t, err)
		list = append(list, r)
	}
	return list
}

// task is the Task of an issue as it stands.
func (w *world) task(order string, issue int) *fhir.Resource {
	w.t.Helper()
	r, err := read(w.db.State(w.ctx), "Task/"+TaskID(order, issue), "Task")
	require.NoError(w.t, err)
	require.NotNil(w.t, r, "Task %d of %s", issue, order)
	return r
}

func (w *world) state(order string, issue int) prescription.State {
	r := w.task(order, issue)
	return prescription.State{Status: r.Get("status").Text(), Business: nhs.Coded(r.Get("businessStatus"), nhs.CSBusinessStatus)}
}

func (w *world) execution(order string) *execution {
	w.t.Helper()
	x, err := currentIssue(w.db.State(w.ctx), order)
	require.NoError(w.t, err)
	require.NotNil(w.t, x)
	return x
}

func (w *world) on(order string, issue int, handle func(context.Context, *fhir.Call) (*fhir.Reply, error), pairs ...any) (*fhir.Reply, error) {
	call := w.call(epstest.Parameters(pairs...))
	call.ID = TaskID(order, issue)
	return handle(w.ctx, call)
}
