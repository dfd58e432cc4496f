package store

import (
	"errors"
	"sync"
	"time"

	"github.com/pestle-fhir/pestle/store/kv"
)

// Index is how far the index of a stored SearchParameter is, for one resource type.
type Index struct {
	ID, Name, Type string // of the SearchParameter, in queries, and which resources
	Removing       bool   // its rows are removed: it is retired, or its index begins anew
	Percent        int    // of the resources; 100 when it answers
	Err            error  // why the last step failed; nil where none has since one succeeded
	Tries          int    // that failed, one after the other
	Since, Next    time.Time
}

// stalls is the work for stored SearchParameters that failed and is parked: it is tried
// again after a pause that doubles. It begins anew with the process.
type stalls struct {
	mu     sync.Mutex
	list   map[indexKey]Index
	failed uint64
	tell   func(Index)
}

type indexKey struct{ code, typ string }

// The pauses before a step that failed is tried again. Variables for tests.
var (
	indexPause = time.Second
	indexMost  = 5 * time.Minute
)

// note takes what became of a step.
func (x *stalls) note(of *parameter, typ string, err error) {
	key := indexKey{of.Of.Param.Code, typ}
	x.mu.Lock()
	was := x.list[key]
	if err == nil {
		delete(x.list, key)
		x.mu.Unlock()
		return
	}
	if errors.Is(err, kv.ErrNoSpace) {
		err = noSpace(err)
	}
	now := time.Now()
	was.ID, was.Name, was.Type, was.Err = of.ID, of.Of.Name, typ, failed("index", err)
	if was.Tries++; was.Tries == 1 {
		was.Since = now
	}
	was.Next = now.Add(min(indexMost, indexPause<<min(was.Tries-1, 30)))
	if x.list == nil {
		x.list = map[indexKey]Index{}
	}
	x.list[key] = was
	x.failed++
	x.mu.Unlock()
	if x.tell != nil {
		x.tell(was)
	}
}

// clear forgets what is parked: another server goes on with it.
func (x *stalls) clear() {
	x.mu.Lock()
	defer x.mu.Unlock()
	clear(x.list)
}

// parked reports whether work waits until it is tried again.
func (x *stalls) parked(code, typ string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	one, ok := x.list[indexKey{code, typ}]
	return ok && time.Now().Before(one.Next)
}

// again is told when the first of the parked work of some parameters is to be tried; never
// where there is none. Stop ends that.
func (x *stalls) again(of *parameters) (due <-chan time.Time, stop func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var first time.Time
	waits := map[indexKey]Index{}
	for key, one := range x.list {
		if _, _, ok := of.waiting(func(code, typ string) bool { return key != indexKey{code, typ} }); !ok {
			continue // it was retired meanwhile
		}
		if waits[key] = one; first.IsZero() || one.Next.Before(first) {
			first = one.Next
		}
	}
	x.list = waits
	if first.IsZero() {
		return nil, func() {}
	}
	timer := time.NewTimer(time.Until(first))
	return timer.C, func() { timer.Stop() }
}

// Indexes are those of the stored SearchParameters, and what is left of retired ones, by
// parameter and type. Of a database that follows another it does not know of failures.
func (db *DB) Indexes() (list []Index, err error) {
	err = db.look("indexes", 0, func(v view) error {
		h, err := v.head()
		if err != nil || v.stored == nil {
			return err
		}
		db.stalls.mu.Lock()
		defer db.stalls.mu.Unlock()
		for _, one := range v.stored.List {
			for _, w := range one.Work {
				if one.Gone && w.Phase == answering {
					continue // nothing is left
				}
				x := db.stalls.list[indexKey{one.Of.Param.Code, w.Type}]
				x.ID, x.Name, x.Type, x.Removing, x.Percent = one.ID, one.Of.Name, w.Type, w.Phase == dropping, w.percent(h)
				list = append(list, x)
			}
		}
		return nil
	})
	return list, err
}

// FailedSteps is how many steps of the work for stored SearchParameters have failed since
// the database was opened.
func (db *DB) FailedSteps() uint64 {
	db.stalls.mu.Lock()
	defer db.stalls.mu.Unlock()
	return db.stalls.failed
}
