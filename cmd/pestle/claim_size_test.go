package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/mem"
	"github.com/pestle-fhir/pestle/trust/ownership"
)

// TestClaimCostsTheSame: the keys that are read on the way from an order to its
// claim do not grow with the prescriptions that are stored: of other patients, or
// of the same one. With PESTLE_LONG there are 300 of them.
func TestClaimCostsTheSame(t *testing.T) {
	for name, patient := range map[string]func(n int64) string{
		"of other patients": benchNumber,
		"of one patient":    func(int64) string { return benchNumber(1) },
	} {
		t.Run(name, func(t *testing.T) {
			w := startCounted(t)
			cost := func(n int) (reads int64) {
				for range n {
					w.n++
					before := w.engine.reads.Load()
					w.claim(patient(w.n))
					reads += w.engine.reads.Load() - before
				}
				return reads / int64(n)
			}
			more := 60
			if os.Getenv("PESTLE_LONG") != "" {
				more = 300
			}
			cost(10)
			few := cost(5)
			cost(more)
			many := cost(5)
			t.Logf("%d keys read for a prescription among 10, %d among %d", few, many, more)
			require.LessOrEqual(t, many, few+few/20) // 4 keys: one for each 15 prescriptions were too many
		})
	}
}

// counted is a pharmacy over an engine that counts what is read.
type counted struct {
	t       *testing.T
	db      *store.DB
	engine  *readCounter
	service *dispensing.Service
	ops     map[string]fhir.Operation
	loops   []*pharmacy.Loop
	n       int64
}

func startCounted(t *testing.T) *counted {
	w := &counted{t: t, engine: &readCounter{Engine: mem.New()}, ops: map[string]fhir.Operation{}}
	site := dispensing.Options{Site: dispensing.Site{ODS: sandboxPharmacy, ReimbursementAuthority: "T1450"}}
	db, err := store.Open(w.engine, store.Options{References: true, Guards: []fhir.Guard{dispensing.Guard(site), reimbursement.Guard(reimbursement.Options{})},
		Narrow: map[string]fhir.Narrow{"Patient": dispensing.PatientsOf(sandboxPharmacy)}, Owners: ownership.New(sandboxPharmacy)})
	require.NoError(t, err)
	w.db = db
	claims := reimbursement.New(db, reimbursement.Options{})
	site.Codes = claims
	s := dispensing.New(db, site)
	w.service = s
	require.NoError(t, (&app{db: db, reimbursement: claims}).loadDemo(t.Context()))
	for _, op := range s.Operations() {
		w.ops[op.Name] = op
	}
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(func() { stop(); require.NoError(t, db.Close()) })
	for _, f := range append(s.Followers(), claims.Followers()...) {
		l := &pharmacy.Loop{DB: db, Follower: f, Logger: slog.New(slog.DiscardHandler)}
		w.loops = append(w.loops, l)
		go func() { _ = l.Run(ctx) }()
	}
	return w
}

// claim takes a prescription from its order to its claim, step by step, so that
// each reads the same whatever the processors do.
func (w *counted) claim(patient string) {
	p := newClaimed(w.t, patient)
	w.call("process-message", "", p.order)
	id := strings.TrimPrefix(p.task, "/Task/")
	w.call("accept", id, nil)
	w.call("dispense", id, p.supply)
	state := w.db.State(w.t.Context())
	for typ, id := range map[string]string{"Claim": reimbursement.ClaimID(p.number, 1), "ClaimResponse": reimbursement.ResponseID(reimbursement.ClaimID(p.number, 1))} {
		v, err := state.Current(typ, id)
		require.NoError(w.t, err)
		require.NotNil(w.t, v, typ)
	}
}

func (w *counted) call(op, id string, body []byte) {
	call := &fhir.Call{ID: id, Time: time.Now(), Base: "http://localhost/fhir", Requester: fhir.Principal{Agent: "Device/pestle", Unbound: true}}
	if body != nil {
		r, err := fhir.Parse(body)
		require.NoError(w.t, err)
		call.Body = r
	}
	reply, err := w.ops[op].Handle(w.t.Context(), call)
	require.NoError(w.t, err, fmt.Sprint(op, " ", id))
	require.False(w.t, reply.Refused, string(cmp.Or(reply.Resource, fhir.Obj("resourceType", "Basic").Resource()).JSON()))
	for _, l := range w.loops {
		for l.At() < w.db.Head() {
			time.Sleep(50 * time.Microsecond)
		}
	}
}

// readCounter counts the keys that are read, and those that iterators go to.
type readCounter struct {
	kv.Engine
	reads atomic.Int64
}

func (e *readCounter) Snapshot() (kv.Snapshot, error) {
	s, err := e.Engine.Snapshot()
	return countedSnapshot{s, &e.reads}, err
}

type countedSnapshot struct {
	kv.Snapshot
	reads *atomic.Int64
}

func (s countedSnapshot) Get(key []byte) ([]byte, bool, error) {
	s.reads.Add(1)
	return s.Snapshot.Get(key)
}

func (s countedSnapshot) Iterate(low, high []byte, reverse bool) kv.Iterator {
	return countedIterator{s.Snapshot.Iterate(low, high, reverse), s.reads}
}

type countedIterator struct {
	kv.Iterator
	reads *atomic.Int64
}

func (i countedIterator) Next() bool           { i.reads.Add(1); return i.Iterator.Next() }
func (i countedIterator) Seek(key []byte) bool { i.reads.Add(1); return i.Iterator.Seek(key) }
