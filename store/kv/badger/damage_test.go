package badger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/kv"
)

// The kinds of damage to a file. other and older are the file of the same name in
// another database and in an earlier copy of this one.
var damages = []struct {
	name string
	do   func(rnd *rand.Rand, b, other, older []byte) []byte // nil removes the file
}{
	{"removed", func(_ *rand.Rand, _, _, _ []byte) []byte { return nil }},
	{"emptied", func(_ *rand.Rand, _, _, _ []byte) []byte { return []byte{} }},
	{"cut", func(rnd *rand.Rand, b, _, _ []byte) []byte { return b[:rnd.IntN(len(b)+1)] }},
	{"cut by a byte", func(_ *rand.Rand, b, _, _ []byte) []byte { return b[:max(0, len(b)-1)] }},
	{"flipped", func(rnd *rand.Rand, b, _, _ []byte) []byte { return flipped(rnd, b, len(b)) }},
	{"flipped at its head", func(rnd *rand.Rand, b, _, _ []byte) []byte { return flipped(rnd, b, 64) }},
	{"zeroed in part", func(rnd *rand.Rand, b, _, _ []byte) []byte {
		at := rnd.IntN(len(b) + 1)
		clear(b[at:min(len(b), at+4096)])
		return b
	}},
	{"swapped", func(_ *rand.Rand, _, other, _ []byte) []byte { return other }},
	{"an older copy", func(_ *rand.Rand, _, _, older []byte) []byte { return older }},
	{"longer", func(rnd *rand.Rand, b, _, _ []byte) []byte { return append(b, noise(1+rnd.IntN(5000))...) }},
}

func flipped(rnd *rand.Rand, b []byte, within int) []byte {
	if len(b) > 0 {
		b[rnd.IntN(min(within, len(b)))] ^= 1 << rnd.IntN(8)
	}
	return b
}

// pair makes a database with a few tables, large values and writes in a log, and returns
// it as it was closed, as a killed process leaves it, and an older copy.
func pair(t *testing.T, seed byte) (closed, killed, older string) {
	t.Helper()
	dir := t.TempDir()
	for round := range 3 {
		e, err := Open(dir, nil)
		require.NoError(t, err)
		for i := range 40 {
			require.NoError(t, e.Write([]kv.Op{{Key: fmt.Appendf(nil, "%d-%d", round, i), Value: append(noise(3000), seed)}}))
		}
		require.NoError(t, e.Write([]kv.Op{{Key: fmt.Appendf(nil, "large-%d", round), Value: append(noise(1200<<10), seed)}}))
		if round == 2 {
			killed = shortened(t, dir)
		}
		require.NoError(t, e.Close())
		if round == 1 {
			older = copyOf(t, dir)
		}
	}
	return dir, killed, older
}

// shortened copies a folder without most of what its files have in advance.
func shortened(t *testing.T, dir string) string {
	t.Helper()
	into := t.TempDir()
	for name := range state(t, dir) {
		b := readFile(t, filepath.Join(dir, name))
		if ext := filepath.Ext(name); ext == valueExt || ext == memtableExt {
			b = b[:min(len(b), 3<<20)]
		}
		write(t, filepath.Join(into, name), b)
	}
	return into
}

// TestDamageNeverSilent damages each file of a folder in each way: it is refused
// and left as it is, or the verification or a read reports the damage, or nothing
// is missing. PESTLE_LONG takes more seeds.
func TestDamageNeverSilent(t *testing.T) {
	seeds := 1
	if os.Getenv("PESTLE_LONG") != "" {
		seeds = 20
	}
	closed, killed, older := pair(t, 1)
	other, otherKilled, _ := pair(t, 2)
	whole := everything(t, closed)
	require.Equal(t, whole, everything(t, killed))
	outcomes := map[string]int{}
	for seed := range seeds {
		for of, from := range map[string][2]string{"closed": {closed, other}, "killed": {killed, otherKilled}} {
			for name := range state(t, from[0]) {
				for _, damage := range damages {
					b := readFile(t, filepath.Join(from[0], name))
					strange, _ := os.ReadFile(filepath.Join(from[1], name)) // nil where there is none
					old, _ := os.ReadFile(filepath.Join(older, name))
					after := damage.do(rand.New(rand.NewPCG(uint64(seed), 7)), bytes.Clone(b), strange, old)
					if bytes.Equal(after, b) && after != nil {
						continue
					}
					dir := t.TempDir()
					for n := range state(t, from[0]) {
						if n != name {
							require.NoError(t, os.Link(filepath.Join(from[0], n), filepath.Join(dir, n)))
						}
					}
					if after != nil {
						write(t, filepath.Join(dir, name), after)
					}
					what := judged(t, dir, whole)
					outcomes[what]++
					t.Logf("%s: %s of a %s folder: %s", damage.name, name, of, what)
					if what == "lost" {
						t.Errorf("%s: %s of a %s folder with seed %d: lost without a word", damage.name, name, of, seed)
					}
				}
			}
		}
	}
	require.Positive(t, outcomes["refused"])
	require.Positive(t, outcomes["found"])
	require.Positive(t, outcomes["harmless"])
	t.Log(outcomes)
}

// judged opens a folder to read it, verifies it and reads it.
func judged(t *testing.T, dir string, whole map[string]string) string {
	t.Helper()
	before := state(t, dir)
	e, err := OpenReadOnly(dir, nil)
	require.Equal(t, before, state(t, dir))
	if err != nil {
		require.NotContains(t, err.Error(), "panic")
		return "refused"
	}
	defer func() { require.NoError(t, e.Close()) }()
	damaged, err := e.Verify(context.Background(), nil)
	require.NoError(t, err)
	held, err := contents(e)
	switch {
	case err != nil:
		return "found"
	case len(damaged) > 0:
		t.Errorf("%v is damaged, and reads pass over it", damaged)
	case len(held) == len(whole):
		for k, v := range whole {
			if held[k] != v {
				return "lost"
			}
		}
		return "harmless"
	}
	return "lost"
}

func everything(t *testing.T, dir string) map[string]string {
	t.Helper()
	e, err := OpenReadOnly(dir, nil)
	require.NoError(t, err)
	held, err := contents(e)
	require.NoError(t, err)
	require.NoError(t, e.Close())
	return held
}

func contents(e *Engine) (held map[string]string, err error) {
	s, err := e.Snapshot()
	if err != nil {
		return nil, err
	}
	defer s.Close()
	held = map[string]string{}
	it := s.Iterate(nil, nil, false)
	for it.Next() {
		held[string(it.Key())] = string(it.Value())
	}
	return held, it.Close()
}

// TestDamagedBlock: what a damaged block may hold cannot be read, by any read;
// the rest can.
func TestDamagedBlock(t *testing.T) {
	dir := t.TempDir()
	e, err := Open(dir, nil)
	require.NoError(t, err)
	for i := range 100 {
		require.NoError(t, e.Write([]kv.Op{{Key: fmt.Appendf(nil, "%02d", i), Value: noise(4000)}}))
	}
	require.NoError(t, e.Close())
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	require.NoError(t, err)
	require.Len(t, tables, 1)
	size := len(readFile(t, tables[0]))
	overwrite(t, tables[0], size/2, "damage")

	e, err = Open(dir, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	damaged, err := e.Verify(context.Background(), nil)
	require.NoError(t, err)
	require.Len(t, damaged, 1)
	require.Regexp(t, `^block \d+ of \d+ of the table 000001.sst$`, damaged[0].Where)
	s, err := e.Snapshot()
	require.NoError(t, err)
	defer s.Close()
	hidden := 0
	for i := range 100 {
		key := fmt.Appendf(nil, "%02d", i)
		v, ok, err := s.Get(key)
		if within := bytes.Compare(damaged[0].Low, key) <= 0 && bytes.Compare(key, damaged[0].High) < 0; within {
			require.ErrorIs(t, err, kv.ErrDamaged)
			hidden++
			continue
		}
		require.NoError(t, err)
		require.True(t, ok)
		require.Len(t, v, 4000)
	}
	require.NotZero(t, hidden)
	require.Less(t, hidden, 10)
	for _, reverse := range []bool{false, true} {
		it, n := s.Iterate(nil, nil, reverse), 0
		for it.Next() {
			n++
		}
		require.ErrorIs(t, it.Close(), kv.ErrDamaged)
		require.NotZero(t, n)
		require.Less(t, n, 100-hidden)
	}
	it := s.Iterate(damaged[0].High, nil, false)
	for it.Next() {
		require.Len(t, it.Value(), 4000)
	}
	require.NoError(t, it.Close())
	_, err = e.Verify(context.Background(), func(int) error { return errors.New("enough") })
	require.ErrorContains(t, err, "enough")
}

// TestAccept: what is left of a folder is taken as it is, and says what is not.
func TestAccept(t *testing.T) {
	killed := twoLogs(t)
	remove(t, killed, "00000.mem")
	remove(t, killed, recordName)
	missing, err := Accept(killed, nil)
	require.NoError(t, err)
	require.Len(t, missing, 1)
	require.Contains(t, missing[0], "transactions 1 to 4 are missing")
	require.Len(t, everything(t, killed), 3)
	remove(t, killed, "MANIFEST")
	before := state(t, killed)
	_, err = Accept(killed, nil)
	require.ErrorContains(t, err, "MANIFEST is missing")
	require.Equal(t, before, state(t, killed))
	_, err = Accept(t.TempDir(), nil)
	require.ErrorContains(t, err, "there is no database")
}
