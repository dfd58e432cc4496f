package store

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store/kv"
)

// counting counts the moves of iterators.
type counting struct {
	kv.Reader
	moves *int
}

func (c counting) Iterate(low, high []byte, reverse bool) kv.Iterator {
	return countingIterator{c.Reader.Iterate(low, high, reverse), c.moves}
}

type countingIterator struct {
	kv.Iterator
	moves *int
}

func (c countingIterator) Next() bool           { *c.moves++; return c.Iterator.Next() }
func (c countingIterator) Seek(key []byte) bool { *c.moves++; return c.Iterator.Seek(key) }

// flapping is an index in which resource 2 has had a status on and off a
// thousand times, between two that keep it.
func flapping() *kv.Tree {
	t := kv.NewTree()
	for r := rid(1); r <= 3; r++ {
		if r != 2 {
			t.Set(keyRow("Task", "status", []byte("ready"), r, 1), holds)
			continue
		}
		for s := fhir.Seq(10); s < 2010; s += 2 {
			t.Set(keyRow("Task", "status", []byte("ready"), r, s), until(s+1))
		}
	}
	return t
}

// TestRowsLeap: rows that do not hold are leapt over, whenever it is asked.
func TestRowsLeap(t *testing.T) {
	tree := flapping()
	for _, at := range []fhir.Seq{1, 9, 10, 11, 999, 1000, 1001, 2008, 2009, 5000} {
		for _, reverse := range []bool{false, true} {
			moves := 0
			v := view{r: counting{tree, &moves}, at: at}
			w := v.rows("Task", "status", search.Range{Lo: []byte("ready"), Exact: true}, reverse)
			var got []rid
			for w.next() {
				require.Equal(t, "ready", string(w.key))
				got = append(got, w.rid)
			}
			require.NoError(t, w.close())
			want := []rid{1, 3}
			if at >= 10 && at < 2010 && at%2 == 0 {
				want = []rid{1, 2, 3}
			}
			require.ElementsMatch(t, want, got, fmt.Sprint(at, reverse))
			if !reverse {
				require.Less(t, moves, 20, "at %d", at)
			}
		}
	}
}

// TestRowsSeek seeks in the index both ways.
func TestRowsSeek(t *testing.T) {
	tree := kv.NewTree()
	for i, key := range []string{"a", "a", "b", "b", "c"} {
		tree.Set(keyRow("Task", "code", []byte(key), rid(i+1), 1), holds)
	}
	v := view{r: tree, at: 5}
	w := v.rows("Task", "code", search.Range{Lo: []byte("a"), Hi: []byte("c")}, false)
	require.True(t, w.seek([]byte("b"), 0))
	require.Equal(t, rid(3), w.rid)
	require.True(t, w.seek([]byte("b"), 4))
	require.Equal(t, rid(4), w.rid)
	require.False(t, w.seek([]byte("b"), 5), "c is out of the range")
	require.True(t, w.seek(nil, 0))
	require.Equal(t, rid(1), w.rid)
	w = v.rows("Task", "code", search.Range{Lo: []byte("a")}, true)
	require.True(t, w.seek([]byte("b"), 3))
	require.Equal(t, rid(3), w.rid)
	require.True(t, w.next())
	require.Equal(t, rid(2), w.rid)
}

func TestDiff(t *testing.T) {
	entries := func(keys string) (list []search.Entry) {
		for _, k := range keys {
			list = with(list, search.Entry{Param: "p", Key: []byte(string(k))})
		}
		return list
	}
	gone, come := diff(entries("abde"), entries("bcef"))
	require.Equal(t, entries("ad"), gone)
	require.Equal(t, entries("cf"), come)
	gone, come = diff(nil, entries("bab"))
	require.Nil(t, gone)
	require.Equal(t, entries("ab"), come)
}
