package badger

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	badger "github.com/dgraph-io/badger/v4"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/kvtest"
)

// filled makes a database with several tables, a large value and writes that
// are in the log only. Its copy is what a killed process leaves.
func filled(t *testing.T) (closed, killed string) {
	t.Helper()
	dir := t.TempDir()
	for round := range 3 {
		e, err := Open(dir, nil)
		require.NoError(t, err)
		for i := range 3 {
			require.NoError(t, e.Write([]kv.Op{{Key: fmt.Appendf(nil, "%d-%d", round, i), Value: noise(500 << 10)}}))
		}
		kvtest.Set(t, e, fmt.Sprintf("round-%d", round), "done")
		require.NoError(t, e.Write([]kv.Op{{Key: []byte("large"), Value: noise(3 << 20)}}))
		if round == 2 {
			killed = copyOf(t, dir)
			for _, pattern := range []string{"*.vlog", "*.mem"} { // less of what is allocated in advance
				names, err := filepath.Glob(filepath.Join(killed, pattern))
				require.NoError(t, err)
				for _, name := range names {
					cut(t, name, 8<<20)
				}
			}
		}
		require.NoError(t, e.Close())
	}
	return dir, killed
}

func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{2}).Read(b)
	return b
}

func copyOf(t *testing.T, dir string) string {
	t.Helper()
	into := t.TempDir()
	copyInto(t, dir, into)
	return into
}

// copyInto copies the files of a folder, with the holes that they have: the value log
// of an open database has 256 MB of them.
func copyInto(t *testing.T, dir, into string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		from, err := os.Open(filepath.Join(dir, e.Name()))
		require.NoError(t, err)
		info, err := from.Stat()
		require.NoError(t, err)
		to, err := os.OpenFile(filepath.Join(into, e.Name()), os.O_CREATE|os.O_EXCL|os.O_WRONLY, info.Mode())
		require.NoError(t, err)
		require.NoError(t, to.Truncate(info.Size()))
		for at := int64(0); ; {
			if at, err = from.Seek(at, unix.SEEK_DATA); err != nil {
				require.ErrorIs(t, err, unix.ENXIO) // no more data
				break
			}
			end, err := from.Seek(at, unix.SEEK_HOLE)
			require.NoError(t, err)
			_, err = io.Copy(io.NewOffsetWriter(to, at), io.NewSectionReader(from, at, end-at))
			require.NoError(t, err)
			at = end
		}
		require.NoError(t, errors.Join(to.Close(), from.Close()))
	}
}

var seed = maphash.MakeSeed()

// state is every file of a folder with its bytes and time.
func state(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		f, err := os.Open(filepath.Join(dir, e.Name()))
		require.NoError(t, err)
		sum := contentSum(t, f)
		require.NoError(t, f.Close())
		info, err := e.Info()
		require.NoError(t, err)
		all[e.Name()] = fmt.Sprintf("%x %d %v %v", sum, info.Size(), info.ModTime(), info.Mode())
	}
	return all
}

// contentSum is a hash of what a file has that is not zero, and of where it is: files are
// up to 256 MB, nearly all of which are holes. It is compared within this process.
func contentSum(t *testing.T, f *os.File) uint64 {
	t.Helper()
	var hash maphash.Hash
	hash.SetSeed(seed)
	var block, zeros [4096]byte
	for at := int64(0); ; {
		var err error
		if at, err = f.Seek(at, unix.SEEK_DATA); errors.Is(err, unix.ENXIO) { // no more data
			return hash.Sum64()
		}
		require.NoError(t, err)
		end, err := f.Seek(at, unix.SEEK_HOLE)
		require.NoError(t, err)
		for data := bufio.NewReaderSize(io.NewSectionReader(f, at, end-at), 1<<20); at < end; at += int64(len(block)) {
			n, err := io.ReadFull(data, block[:min(end-at, int64(len(block)))])
			require.NoError(t, err)
			if string(block[:n]) != string(zeros[:n]) {
				_ = binary.Write(&hash, binary.LittleEndian, at)
				_, _ = hash.Write(block[:n])
			}
		}
	}
}

// TestContentSum: what is not zero counts, with its place; whether zeros are a hole does not.
func TestContentSum(t *testing.T) {
	sum := func(change func(f *os.File)) uint64 {
		f, err := os.Create(filepath.Join(t.TempDir(), "file"))
		require.NoError(t, err)
		defer func() { require.NoError(t, f.Close()) }()
		require.NoError(t, f.Truncate(1<<20+7))
		change(f)
		return contentSum(t, f)
	}
	write := func(at int64, b ...byte) func(f *os.File) {
		return func(f *os.File) {
			_, err := f.WriteAt(b, at)
			require.NoError(t, err)
		}
	}
	empty := sum(func(*os.File) {})
	require.Equal(t, empty, sum(write(5000, make([]byte, 100_000)...)))
	one := sum(write(5000, 1))
	for _, other := range []func(*os.File){func(*os.File) {}, write(5001, 1), write(5000, 2), write(5000+4096, 1), write(1<<20+6, 1)} {
		require.NotEqual(t, one, sum(other))
	}
	require.Equal(t, one, sum(write(4999, 0, 1, 0)))
}

// TestDamage damages a folder in many ways: each is refused by every way to
// open it, names what is wrong, and changes nothing.
func TestDamage(t *testing.T) {
	closed, killed := filled(t)
	other, otherKilled := filled(t)
	older := readFile(t, filepath.Join(closed, "MANIFEST"))[:60]
	newest := func(dir, pattern string) string {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		require.NoError(t, err)
		require.NotEmpty(t, found)
		return found[len(found)-1]
	}
	for _, c := range []struct {
		name, of, says string
		damage         func(dir string)
	}{
		{"no manifest", closed, "MANIFEST is missing", func(d string) { remove(t, d, "MANIFEST") }},
		{"no manifest", killed, "MANIFEST is missing", func(d string) { remove(t, d, "MANIFEST") }},
		{"cut manifest", closed, "MANIFEST", func(d string) { cut(t, filepath.Join(d, "MANIFEST"), 20) }},
		{"cut manifest", killed, "MANIFEST", func(d string) { cut(t, filepath.Join(d, "MANIFEST"), 20) }},
		{"empty manifest", closed, "MANIFEST (0 bytes)", func(d string) { cut(t, filepath.Join(d, "MANIFEST"), 0) }},
		{"new manifest", killed, "MANIFEST", func(d string) { cut(t, filepath.Join(d, "MANIFEST"), 16) }},
		{"zeroed manifest", closed, "MANIFEST", func(d string) { zero(t, filepath.Join(d, "MANIFEST")) }},
		{"older manifest", closed, "MANIFEST", func(d string) { write(t, filepath.Join(d, "MANIFEST"), older) }},
		{"older manifest", killed, "MANIFEST", func(d string) { write(t, filepath.Join(d, "MANIFEST"), older) }},
		{"manifest of another", closed, "MANIFEST", func(d string) {
			write(t, filepath.Join(d, "MANIFEST"), readFile(t, filepath.Join(other, "MANIFEST"))[:40])
		}},
		{"no table", closed, "is missing, which MANIFEST names", func(d string) { remove(t, newest(d, "*.sst")) }},
		{"no table", killed, "is missing, which MANIFEST names", func(d string) { remove(t, newest(d, "*.sst")) }},
		{"empty table", closed, "is empty", func(d string) { cut(t, newest(d, "*.sst"), 0) }},
		{"cut table", closed, "cannot be opened", func(d string) { cut(t, newest(d, "*.sst"), 1000) }},
		{"zeroed table", killed, "cannot be opened", func(d string) { zero(t, newest(d, "*.sst")) }},
		{"no value log", closed, "value log", func(d string) { remove(t, newest(d, "*.vlog")) }},
		{"no value log", killed, "value log", func(d string) { remove(t, newest(d, "*.vlog")) }},
		{"empty value log", killed, "value log", func(d string) { cut(t, newest(d, "*.vlog"), 0) }},
		{"cut value log", closed, "value log", func(d string) { cut(t, newest(d, "*.vlog"), 100) }},
		{"value log of a later state", closed, "which PESTLE does not record", func(d string) {
			write(t, filepath.Join(d, "000099.vlog"), readFile(t, newest(d, "*.vlog")))
		}},
		{"no log of writes", killed, "the newest writes", func(d string) { remove(t, newest(d, "*.mem")) }},
		{"empty log of writes", killed, "the newest writes", func(d string) { cut(t, newest(d, "*.mem"), 0) }},
		{"no registry", closed, "KEYREGISTRY", func(d string) { remove(t, d, "KEYREGISTRY") }},
		{"empty registry", killed, "KEYREGISTRY", func(d string) { cut(t, filepath.Join(d, "KEYREGISTRY"), 0) }},
		{"cut registry", closed, "KEYREGISTRY", func(d string) { cut(t, filepath.Join(d, "KEYREGISTRY"), 14) }},
		{"seal and record of another", closed, "another", func(d string) {
			replace(t, d, other, sealName)
			replace(t, d, other, recordName)
		}},
		{"no record", closed, "PESTLE is missing or damaged", func(d string) { remove(t, d, recordName) }},
		{"no record", killed, "PESTLE is missing or damaged", func(d string) { remove(t, d, recordName) }},
		{"cut record", killed, "PESTLE is missing or damaged", func(d string) { cut(t, filepath.Join(d, recordName), 30) }},
		{"record of another", closed, "SEAL and PESTLE are of two databases", func(d string) { replace(t, d, other, recordName) }},
		{"no seal", closed, "SEAL is missing", func(d string) { remove(t, d, sealName) }},
		{"no seal", killed, "SEAL is missing", func(d string) { remove(t, d, sealName) }},
		{"changed seal", closed, "SEAL is damaged", func(d string) { overwrite(t, filepath.Join(d, sealName), 50, "1") }},
		{"seal of another", killed, "SEAL and PESTLE are of two databases", func(d string) { replace(t, d, other, sealName) }},
		{"table of another", closed, "the table 0000", func(d string) { replace(t, d, other, filepath.Base(newest(d, "*.sst"))) }},
		{"changed log of writes", killed, "transactions are missing", func(d string) { overwrite(t, newest(d, "*.mem"), 100, "x") }},
		{"older log of writes", killed, "transactions are missing", func(d string) { cut(t, newest(d, "*.mem"), 400<<10) }},
		{"log of writes of another", killed, "is of another database", func(d string) { replace(t, d, otherKilled, filepath.Base(newest(d, "*.mem"))) }},
		{"emptied but for the record", closed, "MANIFEST is missing", func(d string) {
			for name := range state(t, d) {
				if name != recordName {
					remove(t, d, name)
				}
			}
		}},
		{"only tables", closed, "MANIFEST is missing", func(d string) {
			for name := range state(t, d) {
				if filepath.Ext(name) != ".sst" {
					remove(t, d, name)
				}
			}
		}},
		{"unrelated files", t.TempDir(), "MANIFEST is missing", func(d string) { write(t, filepath.Join(d, "holiday.vlog"), []byte("x")) }},
	} {
		t.Run(filepath.Base(c.name)+" "+map[bool]string{true: "killed", false: "closed"}[c.of == killed], func(t *testing.T) {
			dir := copyOf(t, c.of)
			c.damage(dir)
			before := state(t, dir)
			_, err := Open(dir, nil)
			require.ErrorContains(t, err, c.says)
			require.ErrorContains(t, err, "nothing was changed")
			_, err = OpenReadOnly(dir, nil)
			require.ErrorContains(t, err, c.says)
			_, err = Exists(dir)
			require.ErrorContains(t, err, c.says)
			require.Equal(t, before, state(t, dir))
		})
	}
}

// TestVerify: iterators pass over a damaged block in silence, so it is looked for.
func TestVerify(t *testing.T) {
	closed, _ := filled(t)
	tables, err := filepath.Glob(filepath.Join(closed, "*.sst"))
	require.NoError(t, err)
	for _, damaged := range []bool{false, true} {
		dir := copyOf(t, closed)
		path := filepath.Join(dir, filepath.Base(tables[0]))
		if damaged {
			b := readFile(t, path)
			b[5000] ^= 0xff
			write(t, path, b)
		}
		for _, open := range []func(string, *slog.Logger, ...Option) (*Engine, error){OpenReadOnly, Open} {
			e, err := open(dir, nil)
			require.NoError(t, err)
			found, err := e.Verify(context.Background(), nil)
			require.NoError(t, err)
			require.Len(t, found, map[bool]int{true: 1}[damaged])
			require.NoError(t, e.Close())
		}
	}
}

// TestWhole: what is whole opens, also where a crash has torn one of the two
// records of the folder, and after a crash at the start.
func TestWhole(t *testing.T) {
	closed, killed := filled(t)
	for name, of := range map[string]string{"closed": closed, "killed": killed} {
		for record, change := range map[string]func(dir string){
			"with":        func(string) {},
			"first torn":  func(d string) { overwrite(t, filepath.Join(d, recordName), 0, "torn") },
			"second torn": func(d string) { overwrite(t, filepath.Join(d, recordName), recordPlace+30, "torn") },
			"tail":        func(d string) { appendTo(t, filepath.Join(d, "MANIFEST"), []byte{0, 0, 0, 9}, name == "killed") },
		} {
			t.Run(name+" "+record, func(t *testing.T) {
				dir := copyOf(t, of)
				change(dir)
				before := state(t, dir)
				r, err := OpenReadOnly(dir, nil)
				require.NoError(t, err)
				complete(t, r)
				require.NoError(t, r.Close())
				require.Equal(t, before, state(t, dir), "reading changes nothing")
				for range 2 {
					e, err := Open(dir, nil)
					require.NoError(t, err)
					complete(t, e)
					require.NoError(t, e.Close())
				}
			})
		}
	}
	require.NoError(t, os.RemoveAll(filepath.Join(closed, "none")))
	found, err := Exists(filepath.Join(closed, "none"))
	require.NoError(t, err)
	require.False(t, found)
	_, err = Open(filepath.Join(closed, "MANIFEST"), nil)
	require.ErrorContains(t, err, "is a file")
}

// TestLargerLog opens what a process with a larger memtable left when it was
// killed: of large values, and of keys that take more in memory than in the log.
// The log may have been cut by an opening that was interrupted. With PESTLE_LONG each
// log is opened in both states.
func TestLargerLog(t *testing.T) {
	for name, c := range map[string]struct{ transactions, keys, size int }{"values": {14, 1, 1000 << 10}, "keys": {14, 20_000, 0}} {
		for _, cut := range []bool{false, true} {
			if os.Getenv("PESTLE_LONG") == "" && cut != (name == "keys") {
				continue
			}
			t.Run(fmt.Sprintf("%s, cut %t", name, cut), func(t *testing.T) {
				dir := t.TempDir()
				db, err := start(settings(dir, nil).WithMemTableSize(2 * memTable))
				require.NoError(t, err)
				for i := range c.transactions {
					require.NoError(t, db.Update(func(txn *badger.Txn) error {
						for k := range c.keys {
							if err := txn.SetEntry(entry(fmt.Appendf(nil, "%02d%05d", i, k), noise(c.size))); err != nil {
								return err
							}
						}
						return nil
					}))
				}
				killed := copyOf(t, dir)
				require.NoError(t, db.Close())
				if cut {
					log := filepath.Join(killed, "00001.mem")
					f, err := inspect(killed, options{})
					require.NoError(t, err)
					b, err := f.validLog(log)
					require.NoError(t, err)
					require.NoError(t, os.Truncate(log, int64(len(b))))
				}
				for _, open := range []func(string, *slog.Logger, ...Option) (*Engine, error){OpenReadOnly, Open} {
					e, err := open(killed, nil)
					require.NoError(t, err)
					s := kvtest.Snapshot(t, e)
					it, n := s.Iterate(nil, nil, false), 0
					for it.Next() {
						require.Len(t, it.Value(), c.size)
						n++
					}
					require.NoError(t, it.Close())
					require.Equal(t, c.transactions*c.keys, n)
					s.Close()
					require.NoError(t, e.Close())
				}
			})
		}
	}
}

// TestReadBesidesAWriter: nobody reads while a server has the folder open.
func TestReadBesidesAWriter(t *testing.T) {
	dir := t.TempDir()
	e, err := Open(dir, nil)
	require.NoError(t, err)
	_, err = OpenReadOnly(dir, nil)
	require.ErrorContains(t, err, "another process has the database")
	require.NoError(t, e.Close())
	r, err := OpenReadOnly(dir, nil)
	require.NoError(t, err)
	_, err = Open(dir, nil)
	require.ErrorContains(t, err, "another process has the database")
	require.NoError(t, r.Close())
}

// TestReadWithAJournal: a batch that a crash left in the journal is read whole,
// and the folder keeps its journal.
func TestReadWithAJournal(t *testing.T) {
	dir := t.TempDir()
	e, err := Open(dir, nil)
	require.NoError(t, err)
	kvtest.Set(t, e, "a", "old", "b", "old")
	batch := []kv.Op{{Key: []byte("a"), Value: []byte("new")}, {Key: []byte("b")}}
	require.NoError(t, e.apply(append(pieces(batch), kv.Op{Key: journalMark, Value: []byte{1}})))
	killed := copyOf(t, dir)
	require.NoError(t, e.Close())
	before := state(t, killed)
	r, err := OpenReadOnly(killed, nil)
	require.NoError(t, err)
	s := kvtest.Snapshot(t, r)
	v, ok, err := s.Get([]byte("a"))
	require.NoError(t, err)
	require.Equal(t, "true new", fmt.Sprint(ok, " ", string(v)))
	_, ok, err = s.Get([]byte("b"))
	require.NoError(t, err)
	require.False(t, ok)
	s.Close()
	require.NoError(t, r.Close())
	require.Equal(t, before, state(t, killed))
}

func complete(t *testing.T, e *Engine) {
	t.Helper()
	s := kvtest.Snapshot(t, e)
	defer s.Close()
	for round := range 3 {
		v, ok, err := s.Get(fmt.Appendf(nil, "round-%d", round))
		require.NoError(t, err)
		require.True(t, ok, round)
		require.Equal(t, "done", string(v))
	}
	v, _, err := s.Get([]byte("large"))
	require.NoError(t, err)
	require.Len(t, v, 3<<20)
}

func replace(t *testing.T, dir, from, name string) {
	t.Helper()
	write(t, filepath.Join(dir, name), readFile(t, filepath.Join(from, name)))
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return b
}

func remove(t *testing.T, path ...string) {
	t.Helper()
	require.NoError(t, os.Remove(filepath.Join(path...)))
}

func cut(t *testing.T, path string, size int64) {
	t.Helper()
	require.NoError(t, os.Truncate(path, size))
}

func overwrite(t *testing.T, path string, at int, text string) {
	t.Helper()
	b := readFile(t, path)
	copy(b[at:], text)
	write(t, path, b)
}

func zero(t *testing.T, path string) {
	t.Helper()
	write(t, path, make([]byte, len(readFile(t, path))))
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, b, 0o600))
}

func appendTo(t *testing.T, path string, b []byte, really bool) {
	t.Helper()
	if really {
		write(t, path, append(readFile(t, path), b...))
	}
}
