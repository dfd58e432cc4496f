package badger

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/kvtest"
)

// TestJournal crashes a big batch at each of its steps: what is there after the
// next Open is the whole of it, or nothing.
func TestJournal(t *testing.T) {
	var batch []kv.Op
	var old, want []string
	for i := range 30_000 {
		key := fmt.Appendf(nil, "key/%06d", i)
		if i%3 == 0 {
			batch = append(batch, kv.Op{Key: key})
			continue
		}
		batch = append(batch, kv.Op{Key: key, Value: []byte("new")})
		want = append(want, string(key)+"=new")
	}
	old = []string{"key/000000=old", "key/000001=old"}
	for _, c := range []struct {
		name  string
		crash func(e *Engine)
		whole bool
	}{
		{"before the mark", func(e *Engine) { require.NoError(t, e.apply(pieces(batch))) }, false},
		{"in the journal", func(e *Engine) { require.NoError(t, e.apply(pieces(batch)[:1])) }, false},
		{"behind the mark", func(e *Engine) {
			require.NoError(t, e.apply(append(pieces(batch), kv.Op{Key: journalMark, Value: []byte{1}})))
		}, true},
		{"half applied", func(e *Engine) {
			require.NoError(t, e.apply(append(pieces(batch), kv.Op{Key: journalMark, Value: []byte{1}})))
			require.NoError(t, e.apply(batch[:20_000]))
		}, true},
		{"the mark removed", func(e *Engine) {
			require.NoError(t, e.apply(pieces(batch)))
			require.NoError(t, e.apply(batch))
		}, true},
		{"not at all", func(e *Engine) { require.NoError(t, e.writeBig(batch)) }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			e, err := Open(dir, nil)
			require.NoError(t, err)
			kvtest.Set(t, e, "key/000000", "old", "key/000001", "old")
			c.crash(e)
			require.NoError(t, e.Close())
			e, err = Open(dir, nil)
			require.NoError(t, err)
			defer func() { require.NoError(t, e.Close()) }()
			s := kvtest.Snapshot(t, e)
			defer s.Close()
			got := kvtest.Walk(t, s, nil, nil, false)
			if c.whole {
				require.Equal(t, want, got)
			} else {
				require.Equal(t, old, got)
			}
		})
	}
}

// FuzzJournal: no bytes make the reader of the journal panic, and what it reads
// is read again from pieces of any size.
func FuzzJournal(f *testing.F) {
	f.Add(pieces([]kv.Op{{Key: []byte("a")}, {Key: []byte("b"), Value: []byte{}}, {Key: []byte("c"), Value: []byte("d")}})[0].Value, 3)
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		ops, rest, err := unpiece(b)
		require.LessOrEqual(t, len(rest), len(b))
		if err != nil || len(ops) == 0 || len(b) > pieceSize/2 {
			return
		}
		whole := pieces(ops)[0].Value
		cut = max(0, min(cut, len(whole)))
		first, rest, err := unpiece(whole[:cut])
		require.NoError(t, err)
		second, rest, err := unpiece(append(bytes.Clone(rest), whole[cut:]...))
		require.NoError(t, err)
		require.Empty(t, rest)
		require.Equal(t, ops, append(first, second...))
	})
}
