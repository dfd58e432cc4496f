package store_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/badger"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// clients is how many writers the commit benchmarks run.
const clients = 64

func benchPatient(b testing.TB, n int64) *fhir.Resource {
	return parse(b, `{'resourceType':'Patient','identifier':[{'use':'official','system':'https://fhir.nhs.uk/Id/nhs-number','value':'%d'}],
		'active':true,'name':[{'use':'official','family':'Family%d','given':['Ann','Bea'],'prefix':['Ms']}],'gender':'female','birthDate':'1970-01-%02d',
		'telecom':[{'system':'phone','value':'01632 960587','use':'home'}],
		'address':[{'use':'home','line':['1 Trevelyan Square','Boar Lane'],'city':'Leeds','postalCode':'LS1 6AE'}],
		'generalPractitioner':[{'type':'Organization','identifier':{'system':'https://fhir.nhs.uk/Id/ods-organization-code','value':'Y%05d'}}]}`, 9000000000+n, n%1000, 1+n%28, n%9000)
}

func durable(b testing.TB) kv.Engine {
	e, err := badger.Open(b.TempDir(), nil)
	require.NoError(b, err)
	return e
}

// BenchmarkCommit creates patients from 64 clients, to be compared with
// BenchmarkBareGroupCommit.
func BenchmarkCommit(b *testing.B) {
	db := openDB(b, durable(b), store.Options{})
	defer func() { require.NoError(b, db.Close()) }()
	var n atomic.Int64
	fromClients(b, func() {
		_, err := db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{post(benchPatient(b, n.Add(1)))}})
		if err != nil {
			b.Error(err)
		}
	})
}

// slow is an engine whose writes take as long as on a common disk of a cloud.
type slow struct {
	kv.Engine
	writes int
}

func (s *slow) Write(ops []kv.Op) error {
	s.writes++
	time.Sleep(2 * time.Millisecond)
	return s.Engine.Write(ops)
}

// BenchmarkSlowDisk creates patients from 64 clients, each of which has as much
// to do before the commit as a server with a request, on a disk that takes 2 ms
// for a sync. The figure commits/sync tells how well groups are filled, on a
// busy machine too.
func BenchmarkSlowDisk(b *testing.B) {
	e := &slow{Engine: mem.New()}
	db := openDB(b, e, store.Options{})
	var n atomic.Int64
	fromClients(b, func() {
		i := n.Add(1)
		r := benchPatient(b, i)
		for range 4 {
			r = benchPatient(b, i)
		}
		if _, err := db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{post(r)}}); err != nil {
			b.Error(err)
		}
	})
	require.NoError(b, db.Close())
	b.ReportMetric(float64(b.N)/float64(e.writes), "commits/sync")
}

// BenchmarkBareGroupCommit writes as many keys with the same bytes straight to
// the engine, grouped in the same way: what a commit cannot be faster than.
func BenchmarkBareGroupCommit(b *testing.B) {
	e := durable(b)
	defer func() { require.NoError(b, e.Close()) }()
	template := opsOfACommit(b)
	type request struct {
		ops  []kv.Op
		done chan error
	}
	queue := make(chan request, clients)
	var committer sync.WaitGroup
	committer.Go(func() {
		for first := range queue {
			group, ops := []request{first}, slices.Clone(first.ops)
			for len(queue) > 0 {
				r := <-queue
				group, ops = append(group, r), append(ops, r.ops...)
			}
			err := e.Write(ops)
			for _, r := range group {
				r.done <- err
			}
		}
	})
	var n atomic.Uint64
	fromClients(b, func() {
		r := request{make([]kv.Op, len(template)), make(chan error)}
		k := n.Add(1)
		for i, op := range template {
			r.ops[i] = kv.Op{Key: slices.Clone(op.Key), Value: op.Value}
			binary.BigEndian.PutUint64(r.ops[i].Key[len(op.Key)-8:], k)
		}
		queue <- r
		if err := <-r.done; err != nil {
			b.Error(err)
		}
	})
	close(queue)
	committer.Wait()
}

// fromClients runs f b.N times from 64 goroutines.
func fromClients(b *testing.B, f func()) {
	b.ReportAllocs()
	b.ResetTimer()
	var left atomic.Int64
	left.Store(int64(b.N))
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				f()
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}

type recording struct {
	kv.Engine
	ops []kv.Op
}

func (r *recording) Write(ops []kv.Op) error {
	r.ops = ops
	return r.Engine.Write(ops)
}

// opsOfACommit gives what one commit writes, without the keys that a group
// writes but once.
func opsOfACommit(b testing.TB) []kv.Op {
	e := &recording{Engine: mem.New()}
	db := openDB(b, e, store.Options{})
	commit(b, db, post(benchPatient(b, 1)))
	ops := slices.DeleteFunc(slices.Clone(e.ops), func(op kv.Op) bool { return len(op.Key) < 9 })
	require.NoError(b, db.Close())
	return ops
}

// filledDB gives a durable database with n patients.
func filledDB(b testing.TB, dir string, n int) (*store.DB, kv.Engine) {
	e, err := badger.Open(dir, nil)
	require.NoError(b, err)
	db := openDB(b, e, store.Options{})
	for n > 0 {
		tx := &fhir.Transaction{}
		for range min(n, 1000) {
			tx.Changes = append(tx.Changes, put(fmt.Sprintf("p%d", n), benchPatient(b, int64(n))))
			n--
		}
		_, err := db.Commit(ctx, tx)
		require.NoError(b, err)
	}
	return db, e
}

func BenchmarkRead(b *testing.B) {
	db, _ := filledDB(b, b.TempDir(), 20_000)
	defer func() { require.NoError(b, db.Close()) }()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n = (n*7919 + 1) % 20_000
		if _, err := db.Read(ctx, "Patient", fmt.Sprintf("p%d", n+1)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHistory(b *testing.B) {
	db, _ := filledDB(b, b.TempDir(), 20_000)
	defer func() { require.NoError(b, db.Close()) }()
	for range 50 {
		commit(b, db, put("p7", benchPatient(b, 7)))
	}
	for _, q := range []fhir.HistoryQuery{{Type: "Patient", ID: "p7", Count: 20}, {Type: "Patient", Count: 20}, {Count: 20}} {
		b.Run(q.Type+q.ID, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := db.History(ctx, q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
