package file

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/log"
	"github.com/pestle-fhir/pestle/store/log/logtest"
)

func sealing(t testing.TB) cipher.AEAD {
	block, err := aes.NewCipher(make([]byte, 32))
	require.NoError(t, err)
	aead, err := cipher.NewGCMWithRandomNonce(block)
	require.NoError(t, err)
	return aead
}

func opened(t testing.TB, dir string, o Options) *Log {
	l, err := Open(dir, o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func TestLog(t *testing.T) {
	for name, o := range map[string]Options{"one file": {}, "a file for each record": {Segment: 1}, "sealed": {Segment: 300, Sealed: sealing(t)}} {
		t.Run(name, func(t *testing.T) {
			logtest.Test(t, func(t *testing.T) log.Log { return opened(t, t.TempDir(), o) })
		})
	}
}

// record is that of a place: of many sizes, one of them empty.
func record(place log.Place) []byte {
	return bytes.Repeat([]byte{byte(place)}, int(place*37%400))
}

// written makes a log of n records in files of about 1,000 bytes, closed.
func written(t testing.TB, n log.Place, o Options) string {
	dir := t.TempDir()
	o.Segment = 1000
	l := opened(t, dir, o)
	for place := range n {
		require.NoError(t, l.Append(t.Context(), place, record(place+1)))
	}
	require.NoError(t, l.Close())
	return dir
}

// all reads a log from a place on.
func all(t testing.TB, l *Log, from log.Place) (n int, err error) {
	last, err := l.Last(t.Context())
	require.NoError(t, err)
	for place := from; place < last; place++ {
		got, err := l.Next(t.Context(), place)
		if err != nil {
			return n, err
		}
		require.True(t, bytes.Equal(record(place+1), got), "%d", place+1)
		n++
	}
	return n, nil
}

// TestOpenedAgain: what was appended is there, the log goes on, and keeps its id.
func TestOpenedAgain(t *testing.T) {
	for name, o := range map[string]Options{"plain": {Segment: 1000}, "sealed": {Segment: 1000, Sealed: sealing(t)}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var id string
			for round := range log.Place(5) {
				l := opened(t, dir, o)
				if round > 0 {
					require.Equal(t, id, l.ID())
				}
				id = l.ID()
				n, err := all(t, l, 0)
				require.NoError(t, err)
				require.EqualValues(t, round*20, n)
				for place := round * 20; place < round*20+20; place++ {
					require.NoError(t, l.Append(t.Context(), place, record(place+1)))
				}
				require.NoError(t, l.Close())
				require.Error(t, l.Append(t.Context(), round*20+20, nil))
			}
		})
	}
	_, err := Open(written(t, 3, Options{}), Options{Sealed: sealing(t)})
	require.ErrorContains(t, err, "encrypted")
}

// newest is the newest file of a log.
func newest(t testing.TB, dir string) string {
	names, err := filepath.Glob(filepath.Join(dir, "*"+segmentExt))
	require.NoError(t, err)
	return names[len(names)-1]
}

// TestCut: wherever the newest file ends, what is whole is there, and the log goes on.
func TestCut(t *testing.T) {
	const records = 8
	whole := written(t, records, Options{})
	name := filepath.Base(newest(t, whole))
	full, err := os.ReadFile(filepath.Join(whole, name))
	require.NoError(t, err)
	counts := map[log.Place]bool{}
	for size := headerLen; size <= len(full); size += 7 {
		dir := t.TempDir()
		require.NoError(t, os.CopyFS(dir, os.DirFS(whole)))
		require.NoError(t, os.Truncate(filepath.Join(dir, name), int64(size)))
		l := opened(t, dir, Options{Segment: 1000})
		last, err := l.Last(t.Context())
		require.NoError(t, err)
		_, err = all(t, l, 0)
		require.NoError(t, err)
		require.NoError(t, l.Append(t.Context(), last, record(last+1)))
		require.NoError(t, l.Close())
		l = opened(t, dir, Options{})
		n, err := all(t, l, 0)
		require.NoError(t, err)
		require.EqualValues(t, last+1, n)
		require.NoError(t, l.Close())
		counts[last] = true
	}
	require.Greater(t, len(counts), 1)
}

// TestDamage: a bit that flips is found in whichever byte of whichever file, when the
// log is opened or read, but in the newest record, which cannot be told from one that
// was never complete; so are files that are missing, exchanged or of another log.
func TestDamage(t *testing.T) {
	const records = 40
	whole := written(t, records, Options{})
	names, err := filepath.Glob(filepath.Join(whole, "*"+segmentExt))
	require.NoError(t, err)
	require.Greater(t, len(names), 4)
	tried := func(change func(dir string)) (log.Place, error) {
		dir := t.TempDir()
		require.NoError(t, os.CopyFS(dir, os.DirFS(whole)))
		change(dir)
		l, err := Open(dir, Options{})
		if err != nil {
			return 0, err
		}
		defer func() { require.NoError(t, l.Close()) }()
		_, err = all(t, l, 0)
		last, _ := l.Last(t.Context())
		return last, err
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	flips := 120
	if os.Getenv("PESTLE_LONG") != "" {
		flips = 20_000
	}
	for range flips {
		name := filepath.Base(names[rnd.IntN(len(names))])
		last, err := tried(func(dir string) {
			b, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			b[rnd.IntN(len(b))] ^= 1 << rnd.IntN(8)
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
		})
		if err == nil {
			require.EqualValues(t, records-1, last, name)
			require.Equal(t, filepath.Base(names[len(names)-1]), name)
			continue
		}
		require.ErrorAs(t, err, new(*DamageError))
	}
	for i, path := range names[1:] { // the first may have been trimmed
		name := filepath.Base(path)
		last, err := tried(func(dir string) { require.NoError(t, os.Remove(filepath.Join(dir, name))) })
		if i+2 < len(names) {
			require.ErrorContains(t, err, "is missing")
		} else { // who has more than the log finds that out
			require.Less(t, last, log.Place(records))
		}
		_, err = tried(func(dir string) {
			b, err := os.ReadFile(names[i])
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
		})
		require.ErrorAs(t, err, new(*DamageError))
	}
	other := written(t, records, Options{})
	_, err = tried(func(dir string) {
		b, err := os.ReadFile(filepath.Join(other, filepath.Base(names[2])))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.Base(names[2])), b, 0o600))
	})
	require.ErrorContains(t, err, "of another log")
}

// TestSwapped: two records of the same size that changed places are found.
func TestSwapped(t *testing.T) {
	dir := t.TempDir()
	l := opened(t, dir, Options{})
	for place := range log.Place(4) {
		require.NoError(t, l.Append(t.Context(), place, fmt.Appendf(nil, "%d", place)))
	}
	require.NoError(t, l.Close())
	path := newest(t, dir)
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	at := func(n int) []byte { return b[headerLen+n*(frameLen+1) : headerLen+(n+1)*(frameLen+1)] }
	one := bytes.Clone(at(1))
	copy(at(1), at(2))
	copy(at(2), one)
	require.NoError(t, os.WriteFile(path, b, 0o600))
	_, err = Open(dir, Options{})
	require.ErrorContains(t, err, "the record at place 3 stands there")
	seed := l.segments[0].seed() // also where somebody makes the places and checksums fit
	for n := range 4 {
		f, _, err := readFrame(bytes.NewReader(at(n)), seed, frameLen+1)
		require.NoError(t, err)
		f.place = log.Place(n + 1)
		copy(at(n), appendFrame(nil, seed, f))
	}
	require.NoError(t, os.WriteFile(path, b, 0o600))
	_, err = Open(dir, Options{})
	require.ErrorContains(t, err, "does not continue")
}

// TestFailures: after a failed write the log is as before, after a failed flush nothing
// is acknowledged any more, and what stands is still read.
func TestFailures(t *testing.T) {
	dir := t.TempDir()
	l := opened(t, dir, Options{})
	require.NoError(t, l.Append(t.Context(), 0, record(1)))
	l.syncFile = func(*os.File) error { return errors.New("the disk is gone") }
	require.ErrorContains(t, l.Append(t.Context(), 1, record(2)), "the disk is gone")
	l.syncFile = flush
	require.ErrorContains(t, l.Append(t.Context(), 1, record(2)), "the disk is gone", "also once it is there again")
	require.Error(t, l.Err())
	n, err := all(t, l, 0)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	short, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = l.Next(short, 1)
	require.ErrorIs(t, err, context.Canceled, "what was not acknowledged is not shown")
	require.NoError(t, l.Close())

	l = opened(t, dir, Options{})
	last, err := l.Last(t.Context())
	require.NoError(t, err)
	path := l.newest().file
	l.newest().file, err = os.Open(l.newest().path) // cannot be written
	require.NoError(t, err)
	require.Error(t, l.Append(t.Context(), last, record(last+1)))
	require.Error(t, l.Err(), "nor cut")
	require.NoError(t, path.Close())
}

// TestTrim: files are removed by who has what and by size, oldest first, and who asks for
// what is gone is told.
func TestTrim(t *testing.T) {
	l := opened(t, written(t, 100, Options{}), Options{Segment: 1000})
	whole := l.Extent()
	require.EqualValues(t, 1, whole.First)
	require.EqualValues(t, 100, whole.Last)
	require.NoError(t, l.Trim(100, whole.Bytes, whole.Bytes))
	require.Equal(t, whole, l.Extent())
	require.NoError(t, l.Trim(50, 0, whole.Bytes))
	e := l.Extent()
	require.LessOrEqual(t, e.First, log.Place(51))
	require.Greater(t, e.First, log.Place(40))
	_, err := l.Next(t.Context(), 0)
	require.ErrorIs(t, err, log.ErrTrimmed)
	n, err := all(t, l, e.First-1)
	require.NoError(t, err)
	require.EqualValues(t, 100-e.First+1, n)
	require.NoError(t, l.Trim(0, 0, 3000))
	require.LessOrEqual(t, l.Extent().Bytes, int64(3000))
	require.NoError(t, l.Trim(100, 0, 0))
	require.Len(t, l.segments, 1, "the newest stays")
	require.NoError(t, l.Append(t.Context(), 100, record(101)))
	require.NoError(t, l.Turn())
	require.NoError(t, l.Turn())
	require.NoError(t, l.Trim(101, 0, 1<<30))
	require.Equal(t, Extent{First: 102, Last: 101, Bytes: headerLen}, l.Extent())
	require.NoError(t, l.Append(t.Context(), 101, record(102)))
	id, first := l.ID(), l.Extent().First
	require.NoError(t, l.Close())
	l = opened(t, l.dir, Options{Segment: 1000})
	require.Equal(t, id, l.ID())
	require.Equal(t, first, l.Extent().First)
	_, err = all(t, l, first-1)
	require.NoError(t, err)
}

// TestCopy: a log that is begun as the copy of another one has its id and places.
func TestCopy(t *testing.T) {
	from := opened(t, written(t, 20, Options{}), Options{})
	dir := t.TempDir()
	o := Options{ID: from.ID(), After: 7, Segment: 1000}
	to := opened(t, dir, o)
	for place := log.Place(7); place < 20; place++ {
		b, err := from.Next(t.Context(), place)
		require.NoError(t, err)
		require.NoError(t, to.Append(t.Context(), place, b))
	}
	require.NoError(t, to.Close())
	to = opened(t, dir, Options{})
	require.Equal(t, from.ID(), to.ID())
	require.Equal(t, from.Extent().Last, to.Extent().Last)
	require.EqualValues(t, 8, to.Extent().First)
	_, err := to.Next(t.Context(), 6)
	require.ErrorIs(t, err, log.ErrTrimmed)
	n, err := all(t, to, 7)
	require.NoError(t, err)
	require.Equal(t, 13, n)
	_, err = Open(t.TempDir(), Options{ID: "short"})
	require.ErrorContains(t, err, "no id of a log")
}

// TestTrimmedWhileRead: who reads behind what is removed gets all of it, or is told.
func TestTrimmedWhileRead(t *testing.T) {
	l := opened(t, t.TempDir(), Options{Segment: 500})
	const records = 400
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			for place := log.Place(0); place < records; {
				b, err := l.Next(t.Context(), place)
				if errors.Is(err, log.ErrTrimmed) {
					place = l.Extent().First - 1
					continue
				}
				require.NoError(t, err)
				require.True(t, bytes.Equal(record(place+1), b))
				place++
			}
		})
	}
	for place := range log.Place(records) {
		require.NoError(t, l.Append(t.Context(), place, record(place+1)))
		if place%50 == 0 {
			require.NoError(t, l.Trim(place, 2000, 4000))
		}
	}
	group.Wait()
}

// FuzzFrame: whatever bytes stand in a file, a frame that is read is one that would be
// written, and no more is taken than there is.
func FuzzFrame(f *testing.F) {
	f.Add(appendFrame(nil, 7, frame{place: 3, body: []byte("body")}), uint32(7))
	f.Add(appendFrame(appendFrame(nil, 0, frame{place: 1}), 0, frame{place: 2, body: []byte{0}})[5:], uint32(0))
	f.Add([]byte("PLR1\xff\xff\xff\xff"), uint32(0))
	f.Fuzz(func(t *testing.T, b []byte, seed uint32) {
		got, n, err := readFrame(bytes.NewReader(b), seed, int64(len(b)))
		if err != nil {
			return
		}
		require.Equal(t, b[:n], appendFrame(nil, seed, got))
		require.Equal(t, got.place > 0, later(b[:n], seed, 0))
	})
}
