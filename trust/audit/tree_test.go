package audit

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/trust/ledger"
)

// spelt is the hash of a leaf as docs/proof.md has it.
func spelt(s secret, number uint64, record []byte) tlog.Hash {
	mac := func(key, message []byte) []byte {
		m := hmac.New(sha256.New, key)
		m.Write(message)
		return m.Sum(nil)
	}
	n := binary.BigEndian.AppendUint64(nil, number)
	commit := mac(mac(s[:], n), record)
	return tlog.Hash(sha256.Sum256(bytes.Join([][]byte{{0}, []byte("PA1\x00"), n, commit}, nil)))
}

// expected is the tree of the events that a log holds, by package tlog.
func expected(t *testing.T, l *Log) (root tlog.Hash, size uint64) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(list []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(list))
		for i, at := range list {
			out[i] = stored[at]
		}
		return out, nil
	})
	require.NoError(t, l.salted(1, func(number uint64, s *secret, record []byte) error {
		hashes, err := tlog.StoredHashesForRecordHash(int64(size), spelt(*s, number, record), reader)
		stored = append(stored, hashes...)
		size++
		return err
	}))
	root, err := tlog.TreeHash(int64(size), reader)
	require.NoError(t, err)
	return root, size
}

// sameTree wants that the tree of a log is that of its events, tiles included.
func sameTree(t *testing.T, l *Log) {
	t.Helper()
	root, size := expected(t, l)
	e, _, err := l.Tree().Committed()
	require.NoError(t, err)
	require.Equal(t, size, e.Size())
	require.Equal(t, root, e.Root())
	again, err := ledger.EdgeOf(l.Tree(), size/tileWidth)
	require.NoError(t, err, "every complete tile is there")
	for _, h := range e.Part() {
		again.Add(h)
	}
	require.Equal(t, root, again.Root())
	require.NoError(t, l.tree.verify(t.Context()))
}

func fill(t *testing.T, l *Log, n int) {
	list := make([]*fhir.Access, n)
	for i := range list {
		list[i] = &read(i).Access
	}
	require.NoError(t, l.Record(t.Context(), list...))
}

// TestTree wants that the tree is that of the events, after each of the ways in
// which a killed process may have left its files.
func TestTree(t *testing.T) {
	for name, o := range map[string]Options{"one": {SegmentSize: 1 << 20}, "small": {SegmentSize: 8 << 10}, "encrypted": {SegmentSize: 8 << 10, Key: []byte("0123456789abcdef0123456789abcdef")}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			l, err := Open(dir, o)
			require.NoError(t, err)
			for _, n := range []int{1, 254, 1, 1, 3, 700, 513} {
				fill(t, l, n)
				require.Eventually(t, func() bool { e, _, _ := l.Tree().Committed(); return e.Size() == l.Head() }, 20*time.Second, time.Millisecond)
				sameTree(t, l)
			}
			require.NoError(t, l.Close())
			size := int64(tlog.HashSize)
			for name, damage := range map[string]func(dir string){
				"nothing":           func(string) {},
				"no files":          func(dir string) { remove(t, dir, "0.hashes"); remove(t, dir, "1.hashes") },
				"no leaves":         func(dir string) { remove(t, dir, "0.hashes") },
				"no tile of level1": func(dir string) { remove(t, dir, "1.hashes") },
				"torn": func(dir string) {
					require.NoError(t, os.Truncate(filepath.Join(dir, "0.hashes"), 300*size+5))
				},
				"torn, no index": func(dir string) {
					for _, f := range glob(t, dir, "*.index") {
						remove(t, dir, f)
					}
					f, err := os.OpenFile(filepath.Join(dir, "0.hashes"), os.O_WRONLY, 0o600)
					require.NoError(t, err)
					_, err = f.WriteAt(make([]byte, 900*size), 256*size)
					require.NoError(t, err)
					require.NoError(t, f.Close())
				},
				"longer": func(dir string) {
					f, err := os.OpenFile(filepath.Join(dir, "0.hashes"), os.O_WRONLY|os.O_APPEND, 0o600)
					require.NoError(t, err)
					_, err = f.Write(make([]byte, 400*size))
					require.NoError(t, err)
					require.NoError(t, f.Close())
				},
			} {
				copied := t.TempDir()
				require.NoError(t, os.CopyFS(copied, os.DirFS(dir)))
				damage(copied)
				readOnly := o
				readOnly.ReadOnly = true
				for _, how := range []Options{readOnly, o} {
					l, err := Open(copied, how)
					require.NoError(t, err, name)
					sameTree(t, l)
					if !how.ReadOnly {
						fill(t, l, 300)
						require.Eventually(t, func() bool { e, _, _ := l.Tree().Committed(); return e.Size() == l.Head() }, 20*time.Second, time.Millisecond)
						sameTree(t, l)
					}
					require.NoError(t, l.Close())
				}
			}
		})
	}
}

func remove(t *testing.T, dir, name string) {
	err := os.Remove(filepath.Join(dir, name))
	require.True(t, err == nil || os.IsNotExist(err), err)
}

func glob(t *testing.T, dir, pattern string) (names []string) {
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	require.NoError(t, err)
	for _, f := range found {
		names = append(names, filepath.Base(f))
	}
	return names
}

// TestTreeOutlivesRetention wants that the tree is the same when segments are
// deleted, after an opening and a restoration too, and that nothing is left with
// which one can find out what their events were.
func TestTreeOutlivesRetention(t *testing.T) {
	rules, err := BuiltinRetention()
	require.NoError(t, err)
	dir, o := t.TempDir(), Options{SegmentSize: 8 << 10, Key: []byte("0123456789abcdef0123456789abcdef")}
	l, err := Open(dir, o)
	require.NoError(t, err)
	fill(t, l, 1000)
	secrets := [][]byte{}
	for _, s := range l.segments {
		secrets = append(secrets, s.secret[:])
	}
	_, err = l.Retain(t.Context(), rules, time.Now().AddDate(100, 0, 0))
	require.NoError(t, err)
	root, size := committed(t, l)
	require.Equal(t, l.Head(), size)
	require.Greater(t, l.Begin(), uint64(257))
	copied := t.TempDir()
	r, err := Restore(copied, Options{})
	require.NoError(t, err)
	_, err = l.Copy(0, r.File)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.NoError(t, l.Close())

	for path, how := range map[string]Options{dir: o, copied: {SegmentSize: 8 << 10}} {
		for range 2 {
			l, err := Open(path, how)
			require.NoError(t, err)
			again, of := committed(t, l)
			require.Equal(t, size, of)
			require.Equal(t, root, again)
			_, err = l.Verify(t.Context(), nil)
			require.NoError(t, err)
			require.NoError(t, l.Close())
		}
	}
	kept := map[string]bool{}
	for _, s := range l.segments {
		kept[string(s.secret[:])] = true
	}
	for _, file := range glob(t, dir, "*") {
		text, err := os.ReadFile(filepath.Join(dir, file))
		require.NoError(t, err)
		for _, s := range secrets {
			require.False(t, bytes.Contains(text, s), "%s has a secret, which is encrypted", file)
		}
	}
	gone := 0
	for _, s := range secrets {
		if !kept[string(s)] {
			gone++
		}
	}
	require.Greater(t, gone, 3)

	remove(t, dir, "0.hashes")
	_, err = Open(dir, o)
	require.ErrorContains(t, err, "which are kept no longer")
}

func committed(t *testing.T, l *Log) (tlog.Hash, uint64) {
	require.Eventually(t, func() bool { e, _, _ := l.Tree().Committed(); return l.tree.base+e.Size() == l.Head()+1 }, 20*time.Second, time.Millisecond)
	e, _, err := l.Tree().Committed()
	require.NoError(t, err)
	return e.Root(), e.Size()
}

// TestTreeOfFailures wants that the tree has what is durable, and nothing else,
// while rolls and writes fail.
func TestTreeOfFailures(t *testing.T) {
	var failing atomic.Int32
	o := Options{SegmentSize: 1 << 10}
	o.fault = func(step string, done bool) error {
		if failing.Add(1)%5 == 0 {
			return errFault
		}
		return nil
	}
	l, err := Open(t.TempDir(), o)
	require.NoError(t, err)
	failed := 0
	for n := range 300 {
		if l.Append(t.Context(), read(n)) != nil {
			failed++
		}
	}
	require.Positive(t, failed)
	committed(t, l)
	sameTree(t, l)
	require.NoError(t, l.Close())
	l, err = Open(l.dir, Options{SegmentSize: 1 << 10})
	require.NoError(t, err)
	sameTree(t, l)
	require.NoError(t, l.Close())
}

// TestVerifyTree wants that a record that is not the one of its hash is found.
func TestVerifyTree(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(dir, Options{SegmentSize: 8 << 10})
	require.NoError(t, err)
	fill(t, l, 700)
	require.NoError(t, l.Close())
	f, err := os.OpenFile(filepath.Join(dir, "0.hashes"), os.O_RDWR, 0o600)
	require.NoError(t, err)
	_, err = f.WriteAt([]byte("x"), 299*tlog.HashSize)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	l, err = Open(dir, Options{SegmentSize: 8 << 10, ReadOnly: true})
	require.NoError(t, err)
	_, err = l.Verify(t.Context(), nil)
	require.ErrorContains(t, err, "the hash of event 300 is not that of its record")
}

func BenchmarkLeaf(b *testing.B) {
	var h hasher
	record := encode(nil, &read(1).Access)
	b.ReportAllocs()
	for b.Loop() {
		h.leaf(&secret{1}, 7, record)
	}
	b.ReportMetric(float64(len(record)), "record-bytes")
}

// FuzzVerifyExport wants a verdict, and no more, on whatever is said to be an export:
// one that is changed in any way is not sound.
func FuzzVerifyExport(f *testing.F) {
	l, err := Open(f.TempDir(), Options{SegmentSize: 1 << 10})
	require.NoError(f, err)
	for n := range 20 {
		require.NoError(f, l.Append(context.Background(), read(n)))
	}
	require.NoError(f, l.Close())
	key, err := ledger.LoadKey(filepath.Join(f.TempDir(), "key"), "pestle.example/log/audit")
	require.NoError(f, err)
	lock, err := ledger.OpenLock(filepath.Join(f.TempDir(), "lock"))
	require.NoError(f, err)
	n := ledger.NewNotary("the audit log", l.Tree())
	require.NoError(f, n.Sign(key, lock, slog.New(slog.DiscardHandler)))
	signed := n.Newest()
	l, err = Open(l.dir, Options{ReadOnly: true})
	require.NoError(f, err)
	var out bytes.Buffer
	require.NoError(f, Records{Log: l}.ExportProof(context.Background(), &out, ProofHeader{}, time.Time{}, time.Time{}))
	f.Add(out.Bytes())
	f.Add([]byte(`{"format":"pestle-audit/1","base":1,"size":4,"part":true,"to":1}` + "\n" + `{"index":0,"level":2,"root":"AAAA"}`))
	f.Add([]byte(`{"format":"pestle-audit/1"}` + "\n" + `{"index":18446744073709551615,"level":57,"root":""}{"index":1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := VerifyExport(bytes.NewReader(text), ledger.Trust{Key: key.Verifier(), Checkpoints: [][]byte{signed.Note}})
		if err != nil || !r.Sound() {
			return
		}
		// What is sound has the very records, or says which it has not.
		for line := range bytes.Lines(text) {
			var o Opening
			if json.Unmarshal(line, &o) == nil && o.Record != nil {
				require.True(t, bytes.Contains(out.Bytes(), []byte(base64.StdEncoding.EncodeToString(o.Record))))
			}
		}
	})
}
