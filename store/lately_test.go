package store

import (
	"fmt"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// TestLatelyIsCurrent: while others write the same few resources, what is kept of them
// is what the database has, as of every commit; with room for all and for hardly any.
func TestLatelyIsCurrent(t *testing.T) {
	for _, most := range []int{8192, 3} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			before := latelyResources
			latelyResources = most
			defer func() { latelyResources = before }()
			db, err := Open(mem.New(), Options{})
			require.NoError(t, err)
			defer func() { require.NoError(t, db.Close()) }()
			var group sync.WaitGroup
			for writer := range 4 {
				group.Go(func() {
					for i := range 150 {
						r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Basic","id":"b%d","code":{"text":"%d of %d"}}`, (writer+i)%9, i, writer))
						if err != nil {
							t.Error(err)
							return
						}
						change := fhir.Change{Method: fhir.Update, Type: "Basic", ID: r.ID(), Resource: r}
						if i%10 == 9 {
							change = fhir.Change{Method: fhir.Delete, Type: "Basic", ID: r.ID()}
						}
						if _, err := db.Commit(t.Context(), &fhir.Transaction{Changes: []fhir.Change{change}}); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			ended := make(chan struct{})
			go func() { group.Wait(); close(ended) }()
			kept, rounds := 0, 0
			for done := false; !done; rounds++ {
				select {
				case <-ended:
					done = true
				default:
				}
				for _, at := range []fhir.Seq{0, max(db.Head(), 8) - 7} {
					require.NoError(t, db.look("test", min(at, db.Head()), func(v view) error {
						plain := v
						plain.lately = nil
						for i := range 9 {
							id := fmt.Sprint("b", i)
							want, err := plain.current("Basic", id)
							require.NoError(t, err)
							got, err := v.current("Basic", id)
							require.NoError(t, err)
							require.Equal(t, want, got)
							if _, ok := v.lately.numbers("Basic", id, v.at); ok {
								kept++
							}
						}
						if v.at > 0 {
							want, err := plain.record(v.at)
							require.NoError(t, err)
							got, err := v.record(v.at)
							require.NoError(t, err)
							require.Equal(t, want.encode(), got.encode())
						}
						return nil
					}))
				}
			}
			require.Positive(t, kept, "in %d rounds", rounds)
		})
	}
}

// TestLatelyForgetsWhatIsOvertaken: numbers that were read before a commit are not kept
// after it.
func TestLatelyForgetsWhatIsOvertaken(t *testing.T) {
	l := &lately{}
	l.read("Basic", "a", identity{rid: 1, vno: 1, seq: 4}, 5)
	i, ok := l.numbers("Basic", "a", 5)
	require.True(t, ok)
	require.Equal(t, vno(1), i.vno)
	_, ok = l.numbers("Basic", "a", 3)
	require.False(t, ok, "it is later")

	ver := &fhir.Version{Type: "Basic", ID: "a", Seq: 6}
	l.add(6, fresh{{"Basic", 1, 2}: ver, {"Basic", 1, 1}: ver}, []numberedRecord{{6, commitRecord{total: 2}}}, false)
	l.read("Basic", "a", identity{rid: 1, vno: 1, seq: 4}, 5)
	i, ok = l.numbers("Basic", "a", 6)
	require.True(t, ok)
	require.Equal(t, vno(2), i.vno)
	r, ok := l.record(6)
	require.True(t, ok)
	require.Equal(t, uint64(2), r.total)
	_, ok = l.record(6 + latelyRecords)
	require.False(t, ok)

	l.read("Basic", "new", identity{}, 6)
	i, ok = l.numbers("Basic", "new", 6)
	require.True(t, ok, "it is known that there was none")
	require.Equal(t, identity{}, i)
	l.add(7, fresh{{"Basic", 2, 1}: {Type: "Basic", ID: "new", Seq: 7}}, nil, false)
	i, ok = l.numbers("Basic", "new", 7)
	require.True(t, ok)
	require.Equal(t, identity{rid: 2, vno: 1, seq: 7}, i)

	l.add(8, nil, nil, true)
	_, ok = l.numbers("Basic", "a", 8)
	require.False(t, ok, "nothing is kept after a purge")
	_, ok = l.record(6)
	require.False(t, ok)
}

// TestKeptNamesAreOwned: what is remembered of a version does not keep the text of the
// request that wrote it, which may be a large message.
func TestKeptNamesAreOwned(t *testing.T) {
	db, err := Open(mem.New(), Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	r, err := fhir.Parse([]byte(`{"resourceType":"Patient","id":"p1"}`))
	require.NoError(t, err)
	_, err = db.Commit(t.Context(), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Update, Type: r.Type(), ID: r.ID(), Resource: r}}})
	require.NoError(t, err)
	text := r.JSON()
	begin := uintptr(unsafe.Pointer(unsafe.SliceData(text)))
	within := func(s string) bool {
		at := uintptr(unsafe.Pointer(unsafe.StringData(s)))
		return begin <= at && at < begin+uintptr(len(text))
	}
	require.True(t, within(r.ID()), "the id of the resource is a part of its text")
	db.lately.mu.Lock()
	defer db.lately.mu.Unlock()
	require.NotEmpty(t, db.lately.young)
	for key := range db.lately.young {
		require.False(t, within(key[0]) || within(key[1]), key)
	}
	for p, v := range db.hot.young {
		require.False(t, within(p.typ) || within(v.Type) || within(v.ID), p)
	}
}
