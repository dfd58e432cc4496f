// Package kvtest holds key-value engines to the contract of store/kv, and
// injects faults into them.
package kvtest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/kv"
)

// Run puts an engine through the whole suite. open gives a new, empty one; the
// suite closes it.
//
// Each test runs twice: on the engine as it is, and with slices that are valid
// for exactly as long as the contract says, see [Poisoned].
func Run(t *testing.T, open func(t *testing.T) kv.Engine) {
	run(t, open)
	t.Run("Poisoned", func(t *testing.T) {
		run(t, func(t *testing.T) kv.Engine { return Poisoned{open(t)} })
	})
}

func run(t *testing.T, open func(t *testing.T) kv.Engine) {
	for name, test := range map[string]func(*testing.T, kv.Engine){
		"Get": testGet, "Iterate": testIterate, "Edges": testEdges, "Snapshot": testSnapshot,
		"Delete": testDelete, "Big": testBig, "TooBig": testTooBig, "Model": testModel, "Closed": testClosed,
		"Ownership": testOwnership, "Erase": testErase,
	} {
		t.Run(name, func(t *testing.T) {
			e := open(t)
			defer func() { require.NoError(t, e.Close()) }()
			test(t, e)
		})
	}
}

// Set writes keys and values given in turn.
func Set(t testing.TB, e kv.Engine, pairs ...string) {
	t.Helper()
	var batch []kv.Op
	for i := 0; i < len(pairs); i += 2 {
		batch = append(batch, kv.Op{Key: []byte(pairs[i]), Value: []byte(pairs[i+1])})
	}
	require.NoError(t, e.Write(batch))
}

// Snapshot opens a snapshot, which the caller closes.
func Snapshot(t testing.TB, e kv.Engine) kv.Snapshot {
	t.Helper()
	s, err := e.Snapshot()
	require.NoError(t, err)
	return s
}

// Walk lists "key=value" of a range.
func Walk(t testing.TB, r kv.Reader, low, high []byte, reverse bool) []string {
	t.Helper()
	it := r.Iterate(low, high, reverse)
	out := []string{}
	for it.Next() {
		out = append(out, fmt.Sprintf("%s=%s", it.Key(), it.Value()))
	}
	require.NoError(t, it.Close())
	return out
}

func testGet(t *testing.T, e kv.Engine) {
	Set(t, e, "a", "1", "b", "")
	s := Snapshot(t, e)
	defer s.Close()
	for key, want := range map[string]string{"a": "1", "b": ""} {
		v, ok, err := s.Get([]byte(key))
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, want, string(v))
	}
	_, ok, err := s.Get([]byte("c"))
	require.NoError(t, err)
	require.False(t, ok)
}

func testIterate(t *testing.T, e kv.Engine) {
	Set(t, e, "a", "1", "b", "2", "ba", "3", "c", "4", "c\xff", "5", "d", "6")
	s := Snapshot(t, e)
	defer s.Close()
	up := []string{"b=2", "ba=3", "c=4", "c\xff=5"}
	down := slices.Clone(up)
	slices.Reverse(down)
	require.Equal(t, up, Walk(t, s, []byte("b"), []byte("d"), false))
	require.Equal(t, down, Walk(t, s, []byte("b"), []byte("d"), true))
	require.Equal(t, []string{"d=6", "c\xff=5"}, Walk(t, s, []byte("c\x01"), nil, true))
	require.Equal(t, []string{"c\xff=5", "d=6"}, Walk(t, s, []byte("c\x01"), nil, false))
	require.Empty(t, Walk(t, s, []byte("bb"), []byte("c"), false))
	require.Empty(t, Walk(t, s, []byte("bb"), []byte("c"), true))
	require.Equal(t, []string{"b=2", "ba=3"}, Walk(t, s, []byte("b"), []byte("c"), false), "one prefix")
}

// testEdges seeks to before, into and behind the range.
func testEdges(t *testing.T, e kv.Engine) {
	Set(t, e, "a", "1", "b", "2", "c", "3", "d", "4", "e", "5")
	s := Snapshot(t, e)
	defer s.Close()
	it := s.Iterate([]byte("b"), []byte("e"), false)
	for _, c := range []struct{ seek, at string }{{"a", "b"}, {"b", "b"}, {"bb", "c"}, {"d", "d"}, {"a", "b"}, {"e", ""}, {"x", ""}, {"c", "c"}} {
		require.Equal(t, c.at != "", it.Seek([]byte(c.seek)), c.seek)
		if c.at != "" {
			require.Equal(t, c.at, string(it.Key()))
		}
	}
	require.True(t, it.Next())
	require.Equal(t, "d", string(it.Key()))
	require.NoError(t, it.Close())

	it = s.Iterate([]byte("b"), []byte("e"), true)
	for _, c := range []struct{ seek, at string }{{"x", "d"}, {"e", "d"}, {"d", "d"}, {"cc", "c"}, {"b", "b"}, {"az", ""}, {"a", ""}, {"dd", "d"}} {
		require.Equal(t, c.at != "", it.Seek([]byte(c.seek)), c.seek)
		if c.at != "" {
			require.Equal(t, c.at, string(it.Key()))
		}
	}
	require.True(t, it.Next())
	require.Equal(t, "c", string(it.Key()))
	require.NoError(t, it.Close())
}

func testSnapshot(t *testing.T, e kv.Engine) {
	Set(t, e, "a", "1", "b", "1")
	s := Snapshot(t, e)
	defer s.Close()
	require.NoError(t, e.Write([]kv.Op{
		{Key: []byte("a"), Value: []byte("2")}, {Key: []byte("b")}, {Key: []byte("c"), Value: []byte("2")},
	}))
	require.Equal(t, []string{"a=1", "b=1"}, Walk(t, s, nil, nil, false))
	now := Snapshot(t, e)
	defer now.Close()
	require.Equal(t, []string{"a=2", "c=2"}, Walk(t, now, nil, nil, false))
}

func testDelete(t *testing.T, e kv.Engine) {
	Set(t, e, "a", "1")
	require.NoError(t, e.Write([]kv.Op{{Key: []byte("a")}, {Key: []byte("none")}}))
	s := Snapshot(t, e)
	defer s.Close()
	require.Empty(t, Walk(t, s, nil, nil, false))
	_, ok, err := s.Get([]byte("a"))
	require.NoError(t, err)
	require.False(t, ok)
}

// testBig writes a batch of the size of a big FHIR transaction, and a value of
// several megabytes.
func testBig(t *testing.T, e kv.Engine) {
	Set(t, e, "key/0000007", "old", "key/0000008", "old", "key/other", "old")
	before := Snapshot(t, e)
	batch := []kv.Op{{Key: []byte("key/other")}}
	value := noise(192)
	for i := range 100_000 {
		batch = append(batch, kv.Op{Key: fmt.Appendf(nil, "key/%07d", i), Value: value})
	}
	batch[5].Value = []byte{}
	require.NoError(t, e.Write(batch))
	require.Equal(t, []string{"key/0000007=old", "key/0000008=old", "key/other=old"}, Walk(t, before, nil, nil, false))
	before.Close()
	large := bytes.Repeat([]byte("large"), 1<<20)
	require.NoError(t, e.Write([]kv.Op{{Key: []byte("large"), Value: large}}))
	s := Snapshot(t, e)
	defer s.Close()
	all := Walk(t, s, nil, []byte("key0"), false)
	require.Len(t, all, 100_000)
	require.Equal(t, []string{"key/0000004=", "key/0000005=" + string(value)}, all[4:6])
	require.Equal(t, []string{"large=" + string(large)}, Walk(t, s, []byte("key0"), nil, false), "and nothing else")
	v, ok, err := s.Get([]byte("large"))
	require.NoError(t, err)
	require.True(t, ok)
	require.True(t, bytes.Equal(large, v))
	size, err := e.Size()
	require.NoError(t, err)
	require.Positive(t, size)
}

// testTooBig refuses what is beyond the limits of the engine.
func testTooBig(t *testing.T, e kv.Engine) {
	_, size := e.Limits()
	if size > 1<<30 {
		t.Skip("bounded by memory alone")
	}
	value := make([]byte, 1<<20)
	var batch []kv.Op
	for sum := int64(0); sum <= size; sum += int64(len(value)) {
		batch = append(batch, kv.Op{Key: fmt.Appendf(nil, "%d", len(batch)), Value: value})
	}
	require.ErrorIs(t, e.Write(batch), kv.ErrTooBig)
	s := Snapshot(t, e)
	defer s.Close()
	require.Empty(t, Walk(t, s, nil, nil, false), "nothing of it is written")
}

// testOwnership keeps what Get returned beyond the reader, while the keys are
// rewritten: small values, compressible and not, and one of the value log.
func testOwnership(t *testing.T, e kv.Engine) {
	values := map[string][]byte{"a": []byte("small"), "b": bytes.Repeat([]byte("long"), 200), "c": noise(5000), "d": noise(2 << 20), "e": {}}
	var batch, gone []kv.Op
	for k, v := range values {
		batch = append(batch, kv.Op{Key: []byte(k), Value: v})
		gone = append(gone, kv.Op{Key: []byte(k), Value: []byte("gone")})
	}
	require.NoError(t, e.Write(batch))
	s := Snapshot(t, e)
	kept := map[string][]byte{}
	for k := range values {
		v, ok, err := s.Get([]byte(k))
		require.NoError(t, err)
		require.True(t, ok)
		kept[k] = v
	}
	s.Close()
	require.NoError(t, e.Write(gone))
	require.NoError(t, e.Close())
	for k, v := range values {
		require.True(t, bytes.Equal(v, kept[k]), "the value of %s has changed", k)
	}
}

// noise cannot be compressed.
func noise(n int) []byte {
	rnd := rand.NewChaCha8([32]byte{})
	b := make([]byte, n)
	_, _ = rnd.Read(b)
	return b
}

// testModel compares random writes and walks with a sorted map.
func testModel(t *testing.T, e kv.Engine) {
	rnd := rand.New(rand.NewPCG(1, 2))
	model := map[string]string{}
	key := func() []byte {
		k := make([]byte, 1+rnd.IntN(3))
		for i := range k {
			k[i] = "\x00\x01a\xfe\xff"[rnd.IntN(5)]
		}
		return k
	}
	for round := range 150 {
		ops := map[string]*string{}
		for range rnd.IntN(12) {
			if v := fmt.Sprint(round); rnd.IntN(4) > 0 {
				ops[string(key())] = &v
			} else {
				ops[string(key())] = nil
			}
		}
		var batch []kv.Op
		for k, v := range ops {
			if v == nil {
				delete(model, k)
				batch = append(batch, kv.Op{Key: []byte(k)})
			} else {
				model[k] = *v
				batch = append(batch, kv.Op{Key: []byte(k), Value: []byte(*v)})
			}
		}
		require.NoError(t, e.Write(batch))
		low, high, reverse := key(), key(), rnd.IntN(2) == 0
		if rnd.IntN(8) == 0 {
			high = nil
		}
		s := Snapshot(t, e)
		require.Equal(t, expected(model, low, high, reverse), Walk(t, s, low, high, reverse), "%q %q %v", low, high, reverse)
		s.Close()
	}
}

func expected(model map[string]string, low, high []byte, reverse bool) []string {
	out := []string{}
	keys := []string{}
	for k := range model {
		if k >= string(low) && (high == nil || k < string(high)) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	if reverse {
		slices.Reverse(keys)
	}
	for _, k := range keys {
		out = append(out, k+"="+model[k])
	}
	return out
}

func testClosed(t *testing.T, e kv.Engine) {
	require.NoError(t, e.Close())
	_, err := e.Snapshot()
	require.ErrorIs(t, err, kv.ErrClosed)
	require.ErrorIs(t, e.Write([]kv.Op{{Key: []byte("a"), Value: []byte("1")}}), kv.ErrClosed)
}

// testErase: what is erased is what nobody can read any more; all else stays. The
// engine's own test says whether it is gone from the disk.
func testErase(t *testing.T, e kv.Engine) {
	Set(t, e, "a", "1", "b", "1", "c", "1")
	Set(t, e, "a", "2")
	require.NoError(t, e.Write([]kv.Op{{Key: []byte("b")}}))
	held := Snapshot(t, e)
	renewed := 0
	require.NoError(t, e.Erase(t.Context(), func() error {
		renewed++
		held.Close()
		held = Snapshot(t, e)
		return nil
	}))
	require.LessOrEqual(t, renewed, 1)
	for _, s := range []kv.Reader{held, Snapshot(t, e)} {
		for key, want := range map[string]string{"a": "2", "b": "", "c": "1"} {
			v, ok, err := s.Get([]byte(key))
			require.NoError(t, err)
			require.Equal(t, want, string(v))
			require.Equal(t, want != "", ok)
		}
	}
	held.Close()
	Set(t, e, "b", "3")
}
