package store_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/archive"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// backedUp is an archive of the commits after an earlier one.
func backedUp(t testing.TB, db *store.DB, earlier *archive.Header) ([]byte, *archive.Header) {
	t.Helper()
	var b bytes.Buffer
	var w *archive.Writer
	h, err := db.Backup(ctx, earlier, func(h archive.Header) (_ *archive.Writer, err error) {
		w, err = archive.NewWriter(&b, h)
		return w, err
	})
	require.NoError(t, err)
	_, err = w.Close()
	require.NoError(t, err)
	return b.Bytes(), &h
}

func restored(t testing.TB, e kv.Engine, archives ...[]byte) (archive.Header, error) {
	t.Helper()
	var readers []*archive.Reader
	for _, data := range archives {
		r, err := archive.NewReader(bytes.NewReader(data))
		require.NoError(t, err)
		readers = append(readers, r)
	}
	return store.Restore(e, nil, func(string, []byte) error { return nil }, readers...)
}

// TestBackup: what is restored is what there was, to the byte, from a full
// archive and from a full one with those that continue it.
func TestBackup(t *testing.T) {
	e := mem.New()
	db := filled(t, outliving{e})
	full, h := backedUp(t, db, nil)
	commit(t, db, put("c", patient(t, "3", "Dunn")), put("b", patient(t, "2", "Bell-Dunn")))
	_, err := db.Commit(ctx, &fhir.Transaction{Cursor: fhir.Cursor{Name: "f", Seq: 4, Was: 2}, Receipt: fhir.Receipt{Key: "later"}})
	require.NoError(t, err)
	second, h2 := backedUp(t, db, h)
	_, err = db.Commit(ctx, &fhir.Transaction{Receipt: fhir.Receipt{Key: "after the second, without a version"}})
	require.NoError(t, err)
	commit(t, db, fhir.Change{Method: fhir.Delete, Type: "Patient", ID: "c"})
	third, h3 := backedUp(t, db, h2)
	whole, _ := backedUp(t, db, nil)
	require.Less(t, len(third), len(whole))
	require.NoError(t, db.Close())
	want := dump(t, e)

	for name, archives := range map[string][][]byte{"full": {whole}, "continued": {full, second, third}} {
		t.Run(name, func(t *testing.T) {
			e := mem.New()
			got, err := restored(t, e, archives...)
			require.NoError(t, err)
			require.Equal(t, h3.Seq, got.Seq)
			db := openDB(t, outliving{e}, store.Options{})
			require.Empty(t, sound(t, db).Wrong)
			require.NoError(t, db.Close())
			require.Equal(t, want, dump(t, e))
		})
	}
	for name, c := range map[string]struct {
		archives [][]byte
		want     string
	}{
		"a part alone":   {[][]byte{second}, "begin with the full backup"},
		"one left out":   {[][]byte{full, third}, "does not continue one that ends at"},
		"the same twice": {[][]byte{full, second, second}, "does not continue one that ends at"},
		"none":           {nil, "no archive"},
		"two databases":  {[][]byte{full, ofAnother(t, h)}, "of two databases"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := restored(t, mem.New(), c.archives...)
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err = restored(t, e, whole)
	require.ErrorContains(t, err, "is not empty")
}

// TestBackupHasTheShelf: of the shelf backups have what the options name, as it is, and
// nothing else.
func TestBackupHasTheShelf(t *testing.T) {
	e := mem.New()
	db := openDB(t, outliving{e}, store.Options{Shelved: []string{"told/"}})
	shelf := store.NewShelf(e)
	require.NoError(t, shelf.Write(map[string][]byte{"told/1": []byte("one"), "told/2": []byte("two"), "token": []byte("secret")}))
	commit(t, db, put("z", patient(t, "9", "Zeal")))
	full, h := backedUp(t, db, nil)
	require.NoError(t, shelf.Write(map[string][]byte{"told/1": []byte("more"), "told/3": nil}))
	commit(t, db, put("z", patient(t, "9", "Zeal-Bell")))
	later, _ := backedUp(t, db, h)
	require.NoError(t, db.Close())
	for want, archives := range map[string][][]byte{"told/1=one told/2=two ": {full}, "told/1=more told/2=two ": {full, later}} {
		e := mem.New()
		_, err := restored(t, e, archives...)
		require.NoError(t, err)
		got := ""
		require.NoError(t, store.NewShelf(e).Each(func(name string, value []byte) error {
			got += name + "=" + string(value) + " "
			return nil
		}))
		require.Equal(t, want, got)
	}
}

// ofAnother is an archive that continues one of another database, with as many
// commits.
func ofAnother(t *testing.T, h *archive.Header) []byte {
	db := openDB(t, mem.New(), store.Options{})
	defer func() { require.NoError(t, db.Close()) }()
	for i := range int(h.Seq) {
		commit(t, db, put("z", patient(t, "9", fmt.Sprint("Zeal", i))))
	}
	_, mine := backedUp(t, db, nil)
	commit(t, db, put("z", patient(t, "9", "Zeal")))
	data, _ := backedUp(t, db, mine)
	return data
}

// TestBackupThatDoesNotContinue: of a database that was rolled back, and of
// another one with as many commits.
func TestBackupThatDoesNotContinue(t *testing.T) {
	db := filled(t, mem.New())
	defer func() { require.NoError(t, db.Close()) }()
	_, h := backedUp(t, db, nil)
	for _, earlier := range []archive.Header{{Seq: 99, Tip: h.Tip}, {Seq: h.Seq, Tip: "another"}, {Seq: h.Seq}} {
		_, err := db.Backup(ctx, &earlier, nil)
		require.ErrorContains(t, err, "was rolled back")
	}
}

// TestBackupWhileWriting: every commit that was acknowledged before a backup
// began is in it, and it is sound, whatever is written meanwhile.
func TestBackupWhileWriting(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		done, stop := context.WithCancel(ctx)
		defer stop()
		var writers sync.WaitGroup
		var acknowledged atomic.Uint64
		for i := range 8 {
			writers.Go(func() {
				for n := 0; done.Err() == nil; n++ {
					c, err := db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{put(fmt.Sprintf("p%d-%d", i, n%50), patient(t, fmt.Sprint(i*1000+n), strings.Repeat("x", n%300)))}})
					if err != nil {
						t.Error(err)
						return
					}
					for seq, old := uint64(c.Seq), acknowledged.Load(); old < seq && !acknowledged.CompareAndSwap(old, seq); old = acknowledged.Load() {
					}
				}
			})
		}
		var archives [][]byte
		var last *archive.Header
		require.Eventually(t, func() bool { return acknowledged.Load() > 20 }, 10*time.Second, time.Millisecond)
		for range 5 {
			before := acknowledged.Load()
			data, h := backedUp(t, db, last)
			require.GreaterOrEqual(t, h.Seq, before)
			archives, last = append(archives, data), h
		}
		stop()
		writers.Wait()
		e := mem.New()
		h, err := restored(t, e, archives...)
		require.NoError(t, err)
		back := openDB(t, e, store.Options{})
		defer func() { require.NoError(t, back.Close()) }()
		require.Equal(t, fhir.Seq(h.Seq), back.Head())
		require.Empty(t, sound(t, back).Wrong)
	})
}
