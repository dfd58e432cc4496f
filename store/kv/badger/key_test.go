package badger

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/kvtest"
)

var (
	testKey  = bytes.Repeat([]byte{7}, KeySize)
	otherKey = bytes.Repeat([]byte{8}, KeySize)
)

// planted is in keys and values, also in such as are not compressed.
const planted = "Featherstonehaugh"

// encrypted makes a database with tables, logs, a value in the value log and a
// batch in the journal. Its copy is what a killed process leaves.
func encrypted(t *testing.T, list ...Option) (closed, killed string) {
	t.Helper()
	dir := t.TempDir()
	large := bytes.Repeat([]byte(planted), 3<<20/len(planted))
	copy(large[100:], noise(2<<20))
	for round := range 2 {
		e, err := Open(dir, nil, list...)
		require.NoError(t, err)
		require.Equal(t, len(list) > 0, e.Encrypted())
		for n := range 50 {
			kvtest.Set(t, e, fmt.Sprintf("%s/%d/%d", planted, round, n), planted)
		}
		require.NoError(t, e.Write([]kv.Op{{Key: []byte("large/" + planted), Value: large}}))
		if round == 1 {
			require.NoError(t, e.apply(append(pieces([]kv.Op{{Key: []byte("journal/" + planted), Value: []byte(planted)}}), kv.Op{Key: journalMark, Value: []byte{1}})))
			killed = copyOf(t, dir)
			for name := range state(t, killed) { // less of what is allocated in advance
				if ext := filepath.Ext(name); ext == valueExt || ext == memtableExt {
					cut(t, filepath.Join(killed, name), 8<<20)
				}
			}
		}
		require.NoError(t, e.Close())
	}
	return dir, killed
}

// TestEncrypted: no file of an encrypted folder has a planted name, whatever the
// state of the folder, and all of it is read with the key.
func TestEncrypted(t *testing.T) {
	plain, _ := encrypted(t)
	require.NotEmpty(t, filesWith(t, plain, planted), "the test finds what is not encrypted")
	closed, killed := encrypted(t, WithKey(testKey))
	for name, dir := range map[string]string{"closed": closed, "killed": killed} {
		t.Run(name, func(t *testing.T) {
			require.Empty(t, filesWith(t, dir, planted))
			require.Empty(t, filesWith(t, dir, string(testKey)))
			before := state(t, dir)
			e, err := OpenReadOnly(dir, nil, WithKey(testKey))
			require.NoError(t, err)
			require.Equal(t, 102, planteds(t, e))
			require.NoError(t, e.Close())
			require.Equal(t, before, state(t, dir))
			e, err = Open(dir, nil, WithKey(testKey))
			require.NoError(t, err)
			require.Equal(t, 102, planteds(t, e))
			damaged, err := e.Verify(context.Background(), nil)
			require.NoError(t, err)
			require.Empty(t, damaged)
			require.NoError(t, e.Close())
			require.Empty(t, filesWith(t, dir, planted))
		})
	}
}

func planteds(t *testing.T, e *Engine) (n int) {
	t.Helper()
	s := kvtest.Snapshot(t, e)
	defer s.Close()
	it := s.Iterate(nil, []byte{0xFF}, false)
	for it.Next() {
		require.Contains(t, string(it.Key()), planted)
		require.Contains(t, string(it.Value()), planted)
		n++
	}
	require.NoError(t, it.Close())
	return n
}

// filesWith names the files of a folder that hold a text.
func filesWith(t *testing.T, dir, text string) (found []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		if bytes.Contains(readFile(t, filepath.Join(dir, e.Name())), []byte(text)) {
			found = append(found, e.Name())
		}
	}
	return found
}

// TestWrongKey: a key that is missing, wrong, too short or given for what is not
// encrypted is refused by every way to open, in words, and changes nothing.
func TestWrongKey(t *testing.T) {
	closed, killed := encrypted(t, WithKey(testKey))
	plain, _ := encrypted(t)
	for _, c := range []struct {
		name, dir, says string
		key             []byte
	}{
		{"none", closed, "is encrypted, and no key was given", nil},
		{"none, killed", killed, "is encrypted, and no key was given", nil},
		{"another", closed, "encrypted with another key", otherKey},
		{"another, killed", killed, "encrypted with another key", otherKey},
		{"short", closed, "has 16 bytes, and must have 32", testKey[:16]},
		{"not encrypted", plain, "is not encrypted, and a key was given", testKey},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := state(t, c.dir)
			for _, open := range []func() error{
				func() error { _, err := Open(c.dir, nil, WithKey(c.key)); return err },
				func() error { _, err := OpenReadOnly(c.dir, nil, WithKey(c.key)); return err },
				func() error { _, err := Exists(c.dir, WithKey(c.key)); return err },
				func() error { return RotateKey(c.dir, c.key, otherKey) },
			} {
				err := open()
				require.ErrorIs(t, err, ErrKey)
				require.ErrorContains(t, err, c.says)
			}
			require.Equal(t, before, state(t, c.dir))
		})
	}
}

// TestRotateKey: the new key opens the folder and the old one does not, with the
// same tables; a folder that is open or not encrypted is refused.
func TestRotateKey(t *testing.T) {
	closed, killed := encrypted(t, WithKey(testKey))
	secrets := map[string][][]byte{}
	for _, dir := range []string{closed, killed} {
		e, err := OpenReadOnly(dir, nil, WithKey(testKey))
		require.NoError(t, err)
		secrets[dir] = append(secrets[dir], e.Secret("a"))
		require.Len(t, e.Secret("a"), KeySize)
		require.NotEqual(t, e.Secret("a"), e.Secret("b"))
		require.NoError(t, e.Close())
		before := state(t, dir)
		require.NoError(t, RotateKey(dir, testKey, otherKey))
		for name, was := range state(t, dir) {
			if name == keyName {
				require.NotEqual(t, before[name], was)
			} else {
				require.Equal(t, before[name], was, name)
			}
		}
		_, err = Open(dir, nil, WithKey(testKey))
		require.ErrorIs(t, err, ErrKey)
		e, err = Open(dir, nil, WithKey(otherKey))
		require.NoError(t, err)
		require.Equal(t, 102, planteds(t, e))
		secrets[dir] = append(secrets[dir], e.Secret("a"))
		require.ErrorContains(t, RotateKey(dir, otherKey, testKey), "another process has the database")
		require.NoError(t, e.Close())
		require.Empty(t, filesWith(t, dir, string(otherKey)))
	}
	require.Equal(t, secrets[closed][0], secrets[closed][1], "what follows from the engine's key stays")
	require.Equal(t, secrets[closed][0], secrets[killed][0])
	require.ErrorContains(t, RotateKey(closed, otherKey, testKey[:5]), "must have 32")
	require.ErrorContains(t, RotateKey(t.TempDir(), otherKey, testKey), "there is no database")
	plain, _ := encrypted(t)
	require.ErrorContains(t, RotateKey(plain, nil, testKey), "is not encrypted")
}

// TestRotateKeyWhileOpen: reads and writes go on while the key of an open database
// is replaced again and again, and a copy at any time, as of a killed process, opens
// with exactly one of the keys, with all that was written.
func TestRotateKeyWhileOpen(t *testing.T) {
	dir := t.TempDir()
	e, err := Open(dir, nil, WithKey(testKey))
	require.NoError(t, err)
	key := testKey
	for n := range byte(5) {
		next := bytes.Repeat([]byte{100 + n}, KeySize)
		kvtest.Set(t, e, fmt.Sprintf("%s/%d", planted, n), planted)
		require.ErrorIs(t, e.RotateKey(next, key), ErrKey, "not the present key")
		require.ErrorContains(t, e.RotateKey(key, next[:5]), "must have 32")
		write(t, filepath.Join(dir, keyName+".new"), []byte("what a killed rotation left"))
		for _, k := range [][]byte{key, next} {
			killed := copyOf(t, dir)
			opened, err := Open(killed, nil, WithKey(k))
			if bytes.Equal(k, key) {
				require.NoError(t, err)
				require.Equal(t, int(n)+1, planteds(t, opened))
				require.NoError(t, opened.Close())
			} else {
				require.ErrorIs(t, err, ErrKey)
			}
		}
		require.NoError(t, e.RotateKey(key, next))
		key = next
	}
	var won atomic.Int64
	var group sync.WaitGroup
	for n := range byte(8) {
		group.Go(func() {
			if e.RotateKey(key, bytes.Repeat([]byte{200 + n}, KeySize)) == nil {
				won.Add(1)
			}
		})
	}
	group.Wait()
	require.Equal(t, int64(1), won.Load(), "one of several at once, which the others do not undo")
	require.NoError(t, e.Close())
	opened := 0
	for n := range byte(8) {
		if e, err := Open(dir, nil, WithKey(bytes.Repeat([]byte{200 + n}, KeySize))); err == nil {
			opened++
			require.Equal(t, 5, planteds(t, e))
			require.NoError(t, e.Close())
		}
	}
	require.Equal(t, 1, opened)
}

// TestKeyFile: a key file that is lost, cut, changed or of another database is
// refused in words, and founding over one that a killed process left is not.
func TestKeyFile(t *testing.T) {
	closed, _ := encrypted(t, WithKey(testKey))
	other, _ := encrypted(t, WithKey(testKey))
	path := filepath.Join(closed, keyName)
	good := readFile(t, path)
	changed := bytes.Clone(good)
	digit := &changed[len(changed)-3] // another hexadecimal digit
	if *digit == '0' {
		*digit = '1'
	} else {
		*digit = '0'
	}
	for says, text := range map[string][]byte{
		"is damaged": []byte("x"), "is cut": []byte(keyForm + "00\n"), "its file KEY was changed": changed,
		"not of the same database": readFile(t, filepath.Join(other, keyName)),
	} {
		write(t, path, text)
		before := state(t, closed)
		_, err := Open(closed, nil, WithKey(testKey))
		require.ErrorIs(t, err, ErrKey)
		require.ErrorContains(t, err, says)
		require.Equal(t, before, state(t, closed))
	}
	remove(t, closed, keyName)
	_, err := Open(closed, nil, WithKey(testKey))
	require.ErrorContains(t, err, "KEY of "+closed+" is missing")
	write(t, path, good)
	e, err := Open(closed, nil, WithKey(testKey))
	require.NoError(t, err)
	require.NoError(t, e.Close())

	dir := t.TempDir()
	write(t, filepath.Join(dir, keyName), good)
	e, err = Open(dir, nil, WithKey(otherKey))
	require.NoError(t, err, "nothing was written with it")
	require.NoError(t, e.Close())
	e, err = Open(dir, nil, WithKey(otherKey))
	require.NoError(t, err)
	require.NoError(t, e.Close())
}

// TestDataKeys: a lost data key is damage, and names what cannot be read.
func TestDataKeys(t *testing.T) {
	closed, _ := encrypted(t, WithKey(testKey))
	other, _ := encrypted(t, WithKey(testKey))
	registry := readFile(t, filepath.Join(closed, "KEYREGISTRY"))
	cut(t, filepath.Join(closed, "KEYREGISTRY"), 28)
	_, err := Open(closed, nil, WithKey(testKey))
	require.ErrorContains(t, err, ".sst cannot be opened")
	write(t, filepath.Join(closed, "KEYREGISTRY"), readFile(t, filepath.Join(other, "KEYREGISTRY")))
	_, err = Open(closed, nil, WithKey(testKey))
	require.ErrorContains(t, err, "not of the same database")
	write(t, filepath.Join(closed, "KEYREGISTRY"), registry)
	e, err := Open(closed, nil, WithKey(testKey))
	require.NoError(t, err)
	require.NoError(t, e.Close())
}

// TestEncryptedContract: the contract of engines, with a key.
func TestEncryptedContract(t *testing.T) {
	kvtest.Run(t, func(t *testing.T) kv.Engine {
		e, err := Open(t.TempDir(), nil, WithKey(testKey))
		require.NoError(t, err)
		return e
	})
}

// BenchmarkEncrypted writes and reads the same with a key and without, in turns.
func BenchmarkEncrypted(b *testing.B) {
	plain, err := Open(b.TempDir(), nil)
	require.NoError(b, err)
	with, err := Open(b.TempDir(), nil, WithKey(testKey))
	require.NoError(b, err)
	value := noise(1500)
	var wrote, read [2]time.Duration
	for n := 0; b.Loop(); n++ {
		var ops []kv.Op
		for i := range 64 {
			ops = append(ops, kv.Op{Key: fmt.Appendf(nil, "%03d/%08d", i, n), Value: value})
		}
		for i, e := range []*Engine{plain, with} {
			start := time.Now()
			require.NoError(b, e.Write(ops))
			wrote[i] += time.Since(start)
			start = time.Now()
			s, err := e.Snapshot()
			require.NoError(b, err)
			for k := range 64 {
				_, ok, err := s.Get(fmt.Appendf(nil, "%03d/%08d", k, n*k/64))
				require.NoError(b, err)
				require.True(b, ok)
			}
			s.Close()
			read[i] += time.Since(start)
		}
	}
	b.ReportMetric(wrote[1].Seconds()/wrote[0].Seconds(), "write-ratio")
	b.ReportMetric(read[1].Seconds()/read[0].Seconds(), "read-ratio")
	require.NoError(b, plain.Close())
	require.NoError(b, with.Close())
}
