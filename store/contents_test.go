package store

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/archive"
	"github.com/pestle-fhir/pestle/store/content"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/mem"
	"github.com/pestle-fhir/pestle/store/log"
	memlog "github.com/pestle-fhir/pestle/store/log/mem"
)

// cabinet is a database with its contents in a folder.
type cabinet struct {
	*DB
	dir      string
	contents *content.Store
}

func contentsIn(dir string) *content.Store {
	return content.New(content.NewFolder(dir), filepath.Join(dir, "incoming"), content.Options{})
}

func newCabinet(t testing.TB, engine kv.Engine, dir string, o Options) cabinet {
	t.Helper()
	c := cabinet{dir: dir, contents: contentsIn(dir)}
	o.Contents = c.contents
	if o.Purge == nil {
		o.Purge = func(context.Context, fhir.State, *fhir.Transaction) error { return nil }
	}
	var err error
	c.DB, err = Open(engine, o)
	require.NoError(t, err)
	return c
}

func (c cabinet) files(t testing.TB) (n int) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(c.dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			n++
		}
		return err
	}))
	return n
}

func noiseOf(seed byte, size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(b) // it never fails
	return b
}

func paper(id string, data []byte) fhir.Change {
	return fhir.Change{Method: fhir.Update, Type: "Binary", ID: id, Resource: fhir.Obj("resourceType", "Binary", "id", id, "contentType", "image/png", "data", base64.StdEncoding.EncodeToString(data)).Resource()}
}

func (c cabinet) write(t testing.TB, changes ...fhir.Change) *fhir.Commit {
	t.Helper()
	done, err := c.Commit(context.Background(), &fhir.Transaction{Changes: changes})
	require.NoError(t, err)
	return done
}

func (c cabinet) content(t testing.TB, v *fhir.Version) []byte {
	t.Helper()
	r, err := v.Resource()
	require.NoError(t, err)
	of, refers := fhir.ContentOf(r.Root())
	require.True(t, refers)
	in, err := c.OpenContent(context.Background(), of)
	require.NoError(t, err)
	b, err := io.ReadAll(in)
	require.NoError(t, err)
	require.NoError(t, in.Close())
	return b
}

func (c cabinet) sound(t testing.TB, contents int) {
	t.Helper()
	f, err := c.Check(context.Background())
	require.NoError(t, err)
	require.Empty(t, f.Wrong)
	require.Equal(t, contents, f.Contents)
	require.Zero(t, f.Strays)
}

// purgeOf purges a resource at a version, with a record of it.
func purgeOf(id, version string) []fhir.Change {
	return []fhir.Change{{Method: fhir.Delete, Type: "Binary", ID: id, IfMatch: version, Purge: true},
		{Method: fhir.Create, Type: "AuditEvent", Resource: fhir.Obj("resourceType", "AuditEvent").Resource()}}
}

// A purge removes the bytes of what nothing else refers to, of all versions.
func TestContentPurged(t *testing.T) {
	c := newCabinet(t, mem.New(), t.TempDir(), Options{})
	defer func() { require.NoError(t, c.Close()) }()
	first, second := noiseOf(1, 100_000), noiseOf(2, 100_000)
	c.write(t, paper("a", first))
	c.write(t, paper("a", second), paper("b", second))
	require.Equal(t, 2, c.files(t))
	c.sound(t, 2)
	c.write(t, purgeOf("a", "2")...)
	require.NoError(t, c.Erase(context.Background()))
	require.Equal(t, 1, c.files(t), "what b refers to stays")
	c.sound(t, 1)
	v, err := c.Read(context.Background(), "Binary", "b")
	require.NoError(t, err)
	require.Equal(t, second, c.content(t, v))
	c.write(t, purgeOf("b", "1")...)
	require.NoError(t, c.Erase(context.Background()))
	require.Zero(t, c.files(t))
	c.sound(t, 0)
}

// ahead is a log with a record that the database cannot have yet.
type ahead struct{ log.Log }

func (a ahead) Last(ctx context.Context) (log.Place, error) {
	place, err := a.Log.Last(ctx)
	return place + 1, err
}

// As long as records of the log are to be applied, which may refer to contents that are
// there, nothing is swept.
func TestSweepWaits(t *testing.T) {
	l := memlog.New()
	c := newCabinet(t, mem.New(), t.TempDir(), Options{Log: ahead{l}})
	defer func() { require.NoError(t, c.Close()) }()
	one, _, err := c.contents.Put(t.Context(), bytes.NewReader(noiseOf(1, 100_000)), func(fhir.Content) {})
	require.NoError(t, err)
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = c.Sweep(short)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, 1, c.files(t))
	release, ok := c.HoldContent(t.Context(), one)
	require.True(t, ok)
	release()
	one.Size++
	_, ok = c.HoldContent(t.Context(), one)
	require.False(t, ok)
	require.Empty(t, c.pins.held)
}

// Contents to which nothing refers are counted by a check and swept; what is held is not.
func TestSweep(t *testing.T) {
	c := newCabinet(t, mem.New(), t.TempDir(), Options{})
	defer func() { require.NoError(t, c.Close()) }()
	c.write(t, paper("a", noiseOf(1, 100_000)))
	_, _, err := c.contents.Put(context.Background(), bytes.NewReader(noiseOf(2, 100_000)), func(fhir.Content) {}) // by a process that was killed then
	require.NoError(t, err)
	held, release, err := c.KeepContent(context.Background(), bytes.NewReader(noiseOf(3, 100_000)))
	require.NoError(t, err)
	f, err := c.Check(context.Background())
	require.NoError(t, err)
	require.Empty(t, f.Wrong)
	require.Equal(t, 1, f.Strays)
	n, err := c.Sweep(context.Background())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, 2, c.files(t))
	done := c.write(t, fhir.Change{Method: fhir.Create, Type: "Binary", Content: &held, Resource: fhir.Obj("resourceType", "Binary", "contentType", "image/png").Resource()})
	release()
	require.Equal(t, noiseOf(3, 100_000), c.content(t, done.Results[0].Version))
	c.sound(t, 2)

	_, release, err = c.KeepContent(context.Background(), bytes.NewReader(noiseOf(4, 100_000)))
	require.NoError(t, err)
	require.Equal(t, 3, c.files(t))
	release()
	require.Equal(t, 2, c.files(t), "what is not committed is gone at once")
	_, release, err = c.KeepContent(context.Background(), bytes.NewReader(noiseOf(3, 100_000)))
	require.NoError(t, err)
	release()
	c.sound(t, 2)
}

// A transaction that is refused leaves no content; one that changes nothing, none that
// was not there.
func TestContentRefused(t *testing.T) {
	veto := errors.New("veto")
	c := newCabinet(t, mem.New(), t.TempDir(), Options{Guards: []fhir.Guard{func(_ context.Context, _ fhir.State, _ *fhir.Transaction, _, after *fhir.Version) error {
		if after.ID == "vetoed" {
			return fhir.E("guard", fhir.BusinessRule, fhir.Issue{Message: veto.Error()})
		}
		return nil
	}}})
	defer func() { require.NoError(t, c.Close()) }()
	_, err := c.Commit(context.Background(), &fhir.Transaction{Changes: []fhir.Change{paper("a", noiseOf(1, 100_000)), paper("vetoed", noiseOf(2, 100_000))}})
	require.ErrorContains(t, err, "veto")
	require.Zero(t, c.files(t))
	c.write(t, paper("a", noiseOf(1, 100_000)))
	require.Equal(t, fhir.Kept, c.write(t, paper("a", noiseOf(1, 100_000))).Results[0].Applied)
	c.sound(t, 1)
	absent := paper("a", noiseOf(3, 100_000))
	absent.IfAbsent = true
	require.Equal(t, fhir.Matched, c.write(t, absent).Results[0].Applied)
	c.sound(t, 1)
	require.Equal(t, 1, c.files(t))
}

// What the server writes itself stays in the database, since it reads it there.
func TestContentOfTheServer(t *testing.T) {
	c := newCabinet(t, mem.New(), t.TempDir(), Options{})
	defer func() { require.NoError(t, c.Close()) }()
	_, err := c.Commit(context.Background(), &fhir.Transaction{Derived: true, Changes: []fhir.Change{paper("a", noiseOf(1, 100_000))}})
	require.NoError(t, err)
	require.Zero(t, c.files(t))
	message := paper("b", noiseOf(1, 100_000))
	message.Message = true
	_, err = c.Commit(context.Background(), &fhir.Transaction{Derived: true, Changes: []fhir.Change{message}})
	require.NoError(t, err)
	require.Equal(t, 1, c.files(t), "a part of a message is a caller's")
}

// stopping is an engine that fails from a write on, as a process that is killed there.
type stopping struct {
	kv.Engine
	left int
}

func (s *stopping) Write(ops []kv.Op) error {
	if s.left--; s.left < 0 {
		return errors.New("killed")
	}
	return s.Engine.Write(ops)
}

// However a write ends, every version that is there has its content; what is left at
// worst is a content to which nothing refers, and the next sweep removes it.
func TestContentCrash(t *testing.T) {
	for writes := range 4 {
		t.Run(fmt.Sprint(writes), func(t *testing.T) {
			e, dir := &stopping{mem.New(), 1 << 30}, t.TempDir()
			c := newCabinet(t, e, dir, Options{})
			c.write(t, paper("old", noiseOf(0, 100_000)))
			e.left = writes
			acknowledged := 0
			for i := range 3 {
				if _, err := c.Commit(context.Background(), &fhir.Transaction{Changes: []fhir.Change{paper(fmt.Sprint(i), noiseOf(byte(1+i), 100_000))}}); err == nil {
					acknowledged++
				}
			}
			require.GreaterOrEqual(t, c.files(t), 1+acknowledged)
			// The process ends here, and another one begins.
			again := newCabinet(t, e.Engine, dir, Options{})
			defer func() { require.NoError(t, again.Close()) }()
			require.NoError(t, again.contents.Clean())
			_, err := again.Sweep(context.Background())
			require.NoError(t, err)
			require.Equal(t, 1+acknowledged, again.files(t))
			again.sound(t, 1+acknowledged)
		})
	}
}

// A backup has the contents, one that continues it those that came since; restored they
// are there, and what the later one has purged is swept.
func TestContentBackup(t *testing.T) {
	c := newCabinet(t, mem.New(), t.TempDir(), Options{})
	defer func() { require.NoError(t, c.Close()) }()
	c.write(t, paper("a", noiseOf(1, 200_000)), paper("same", noiseOf(1, 200_000)))
	c.write(t, paper("b", noiseOf(2, 6<<20))) // more than a part of an archive
	var full bytes.Buffer
	h := c.archived(t, &full, nil)
	c.write(t, paper("c", noiseOf(3, 100_000)))
	c.write(t, purgeOf("b", "1")...)
	require.NoError(t, c.Erase(context.Background()))
	var later bytes.Buffer
	c.archived(t, &later, &h)
	require.Less(t, later.Len(), 1<<20, "what the first one has is not in it again")

	for name, archives := range map[string][][]byte{"full": {full.Bytes()}, "both": {full.Bytes(), later.Bytes()}} {
		t.Run(name, func(t *testing.T) {
			e, dir := mem.New(), t.TempDir()
			var readers []*archive.Reader
			for _, b := range archives {
				r, err := archive.NewReader(bytes.NewReader(b))
				require.NoError(t, err)
				readers = append(readers, r)
			}
			_, err := Restore(e, contentsIn(dir), func(string, []byte) error { return nil }, readers...)
			require.NoError(t, err)
			again := newCabinet(t, e, dir, Options{})
			defer func() { require.NoError(t, again.Close()) }()
			_, err = again.Sweep(context.Background())
			require.NoError(t, err)
			again.sound(t, 2)
			v, err := again.Read(context.Background(), "Binary", "same")
			require.NoError(t, err)
			require.Equal(t, noiseOf(1, 200_000), again.content(t, v))
		})
	}

	r, err := archive.NewReader(bytes.NewReader(full.Bytes()))
	require.NoError(t, err)
	_, err = Restore(mem.New(), nil, func(string, []byte) error { return nil }, r)
	require.ErrorContains(t, err, "no place")
}

func (c cabinet) archived(t *testing.T, out io.Writer, earlier *archive.Header) archive.Header {
	t.Helper()
	var w *archive.Writer
	h, err := c.Backup(context.Background(), earlier, func(h archive.Header) (_ *archive.Writer, err error) {
		w, err = archive.NewWriter(out, h)
		return w, err
	})
	require.NoError(t, err)
	_, err = w.Close()
	require.NoError(t, err)
	return h
}

// As long as a backup is written nothing is removed that it may have to read.
func TestContentIsKeptForABackup(t *testing.T) {
	c := newCabinet(t, mem.New(), t.TempDir(), Options{})
	defer func() { require.NoError(t, c.Close()) }()
	c.write(t, paper("a", noiseOf(1, 100_000)))
	c.copying.RLock()
	c.write(t, purgeOf("a", "1")...)
	require.ErrorIs(t, c.Erase(context.Background()), kv.ErrHeld)
	require.Equal(t, 1, c.files(t))
	c.copying.RUnlock()
	require.NoError(t, c.Erase(context.Background()))
	require.Zero(t, c.files(t))
}

// Uploads, purges and sweeps side by side never lose a content that a version has.
func TestContentConcurrently(t *testing.T) {
	c := newCabinet(t, mem.New(), t.TempDir(), Options{})
	defer func() { require.NoError(t, c.Close()) }()
	ctx, stop := context.WithCancel(context.Background())
	swept := make(chan error, 1)
	go func() {
		for ctx.Err() == nil {
			if _, err := c.Sweep(context.Background()); err != nil {
				swept <- err
				return
			}
			time.Sleep(time.Millisecond)
		}
		swept <- nil
	}()
	failed := make(chan error, 4)
	for worker := range 4 {
		go func() {
			failed <- func() error {
				for i := range 15 {
					id := fmt.Sprintf("%d-%d", worker, i)
					if _, err := c.Commit(context.Background(), &fhir.Transaction{Changes: []fhir.Change{paper(id, noiseOf(byte(i%3), 70_000))}}); err != nil {
						return err
					}
					if i%2 == 0 {
						if _, err := c.Commit(context.Background(), &fhir.Transaction{Changes: purgeOf(id, "1")}); err != nil {
							return err
						}
					}
				}
				return nil
			}()
		}()
	}
	for range 4 {
		require.NoError(t, <-failed)
	}
	stop()
	require.NoError(t, <-swept)
	_, err := c.Sweep(context.Background())
	require.NoError(t, err)
	c.sound(t, 3)
}
