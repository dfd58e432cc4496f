package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/badger"
	"github.com/pestle-fhir/pestle/store/kv/kvtest"
	"github.com/pestle-fhir/pestle/store/kv/mem"
	"github.com/pestle-fhir/pestle/store/log"
	"github.com/pestle-fhir/pestle/store/log/logtest"
	memlog "github.com/pestle-fhir/pestle/store/log/mem"
)

func openLogged(t testing.TB, e kv.Engine, l log.Log) *DB {
	db, err := Open(e, Options{Log: l})
	require.NoError(t, err)
	return db
}

// brief makes the times short for which a log is waited for.
func brief(t *testing.T) {
	append, settle, retry, inside := appendTime, settleTime, retryTime, insideTime
	appendTime, settleTime, retryTime, insideTime = time.Second, 5*time.Millisecond, time.Millisecond, time.Hour
	t.Cleanup(func() { appendTime, settleTime, retryTime, insideTime = append, settle, retry, inside })
}

// request is a transaction that was drawn, planned on a database.
func (d drawn) request(t *testing.T, db *DB) *request {
	p, err := db.plan(context.Background(), d.tx, d.ids, nil)
	require.NoError(t, err)
	return &request{ctx: context.Background(), tx: d.tx, ids: d.ids, salts: d.salts, plan: p, done: make(chan struct{})}
}

// together hands transactions to the committer of a database while it waits for the
// log, in order, so that all but the first are a group, and waits for the answers.
func together(t *testing.T, db *DB, l *logtest.Faulty, list []drawn) {
	begun, go_ := make(chan struct{}), make(chan struct{})
	l.Before(sync.OnceFunc(func() { close(begun); <-go_ }))
	queue := db.term.Load().queue
	var group sync.WaitGroup
	for i, d := range list {
		r := d.request(t, db)
		queue <- r
		group.Go(func() { <-r.done })
		if i == 0 {
			select {
			case <-begun:
			case <-r.done: // a refusal alone writes nothing
			}
		}
	}
	close(go_)
	group.Wait()
}

func digestOf(t *testing.T, db *DB) string {
	t.Helper()
	digest, _, err := db.Digest(t.Context())
	require.NoError(t, err)
	return digest
}

// reaches waits until a database has applied all that the log has.
func reaches(t *testing.T, db *DB, l log.Log) {
	t.Helper()
	last, err := l.Last(t.Context())
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		var place log.Place
		require.NoError(t, db.look("test", 0, func(v view) error {
			b, ok, err := v.r.Get(keyApplied)
			if ok {
				a, _ := decodeApplied(b)
				place = a.place
			}
			return err
		}))
		return place == last
	}, 10*time.Second, time.Millisecond)
}

// TestLeadersChange: one history on two databases, one on a disk, that lead in
// turns, in groups of 1 to 512, leaves what it leaves in a database by itself, and
// in one that comes later.
func TestLeadersChange(t *testing.T) {
	brief(t)
	list := history(t, 11, 1700)
	want, _ := replay(t, mem.New(), list, 64, Options{})
	shared := memlog.New()
	l := &logtest.Faulty{Log: shared}
	dir := t.TempDir()
	durable, err := badger.Open(dir, nil)
	require.NoError(t, err)
	begun := 0
	first, err := Open(mem.New(), Options{Log: l, Begin: func(_ context.Context, db *DB) error {
		begun++
		_, err := db.Position(t.Context(), db.Head())
		return err
	}})
	require.NoError(t, err)
	nodes := []*DB{first, openLogged(t, durable, l)}
	rnd := rand.New(rand.NewPCG(3, 3))
	moves := 0
	for sizes := []int{1, 2, 512, 513}; len(list) > 0; moves++ {
		leader := nodes[moves%2]
		ended, err := leader.Lead(t.Context(), uint64(moves+1))
		require.NoError(t, err)
		for left := 60 + rnd.IntN(150); left > 0 && len(list) > 0; {
			n := 1 + rnd.IntN(60)
			if len(sizes) > 0 {
				n, sizes = sizes[0], sizes[1:]
			}
			n = min(n, len(list))
			together(t, leader, l, list[:n])
			list, left = list[n:], left-n
		}
		l.Before(nil)
		leader.Resign()
		<-ended
		if moves == 3 { // opened again, it goes on where it was
			require.NoError(t, nodes[1].Close())
			durable, err = badger.Open(dir, nil)
			require.NoError(t, err)
			nodes[1] = openLogged(t, durable, l)
		}
	}
	require.Greater(t, moves, 5)
	require.Equal(t, (moves+1)/2, begun)
	nodes = append(nodes, openLogged(t, mem.New(), l))
	for _, db := range nodes {
		reaches(t, db, shared)
		require.Equal(t, want, digestOf(t, db))
		found, err := db.Check(t.Context())
		require.NoError(t, err)
		require.Empty(t, found.Wrong)
		require.NoError(t, db.Close())
	}
}

// node is a machine: its engine survives, and it may lose the log.
type node struct {
	inside kv.Engine
	engine *kvtest.Faulty
	log    *logtest.Faulty
	db     *DB
}

func (n *node) open(t *testing.T, shared log.Log) {
	n.engine, n.log = &kvtest.Faulty{Engine: n.inside}, &logtest.Faulty{Log: shared}
	n.db = openLogged(t, n.engine, n.log)
}

// TestLeadersFail: databases that lead lose the log before or after it has a record,
// are overtaken, or stop between the record and their engine. Nothing acknowledged is
// lost, what was said to be unwritten is not there, and all hold the same in the end.
func TestLeadersFail(t *testing.T) {
	brief(t)
	shared := memlog.New()
	rnd := rand.New(rand.NewPCG(5, 5))
	nodes := []*node{{inside: mem.New()}, {inside: mem.New()}}
	for _, n := range nodes {
		n.open(t, shared)
	}
	var fates [3]int // acknowledged, not known, not written
	families, term := map[string]int{}, uint64(0)
	for round := range 60 {
		leader, other := nodes[round%2], nodes[(round+1)%2]
		term++
		ended, err := leader.db.Lead(t.Context(), term)
		require.NoError(t, err)
		fault := rnd.IntN(6)
		switch at := 1 + rnd.IntN(3); fault {
		case 0:
			leader.log.Fail(at, true, false)
		case 1:
			leader.log.Fail(at, false, false)
		case 2:
			leader.log.Fail(at, true, true)
		case 3:
			leader.log.Fail(at, false, true)
		case 4:
			leader.engine.Break(at, false)
		}
		var group sync.WaitGroup
		var mu sync.Mutex
		for i := range 40 {
			group.Go(func() {
				family := fmt.Sprintf("f%d-%d", round, i)
				_, err := leader.db.Commit(t.Context(), updates(t, fmt.Sprint("p", i%7), family))
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					families[family] = 0
				case errors.Is(err, ErrUnknown):
					families[family] = 1
				default:
					require.Equal(t, fhir.NoStore, fhir.KindOf(err))
					families[family] = 2
				}
				fates[families[family]]++
			})
			if fault == 5 && i == 20 {
				term++
				_, err := other.db.Lead(t.Context(), term)
				require.NoError(t, err)
			}
		}
		group.Wait()
		if fault == 4 {
			require.NoError(t, leader.db.Close())
			leader.open(t, shared)
		} else if leader.log.Restore(); fault != 5 {
			leader.db.Resign()
			<-ended
		}
		other.db.Resign()
		leader.db.Resign()
	}
	require.NotZero(t, fates[0])
	require.NotZero(t, fates[1])
	require.NotZero(t, fates[2])
	for _, n := range nodes {
		reaches(t, n.db, shared)
	}
	require.Equal(t, digestOf(t, nodes[0].db), digestOf(t, nodes[1].db))
	h, err := nodes[0].db.History(t.Context(), fhir.HistoryQuery{Count: 10_000})
	require.NoError(t, err)
	times := map[string]int{}
	for _, ver := range h.Versions {
		r, err := fhir.Parse(ver.JSON)
		require.NoError(t, err)
		for name := range r.Get("name").Items() {
			times[name.Get("family").Text()]++
		}
	}
	for family, fate := range families {
		switch fate {
		case 0:
			require.Equal(t, 1, times[family], family)
		case 1:
			require.LessOrEqual(t, times[family], 1, family)
		case 2:
			require.Zero(t, times[family], family)
		}
	}
	for _, n := range nodes {
		require.NoError(t, n.db.Close())
	}
}
