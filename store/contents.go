package store

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store/kv"
)

// A Binary whose content has [fhir.LargeContent] bytes or more does not hold it: its
// JSON refers to it, and the bytes are kept by [Contents]. The index has an entry of
// each version that refers to a content, as it has of everything else that versions hold:
// it says which contents are needed, also by versions that are not current, and a purge
// removes it.
//
// A content is durable before the commit of what refers to it, and is removed after the
// commit that purges that. As long as something is under way that may refer to it, it is
// held: nobody removes it.

// Contents keeps bytes by their SHA-256. Package store/content does.
type Contents interface {
	// Put keeps what r returns up to its end, durably. It calls claim when it knows
	// which content it is and before that can be found. fresh reports whether it was not
	// there before.
	Put(ctx context.Context, r io.Reader, claim func(fhir.Content)) (c fhir.Content, fresh bool, err error)
	// Open is an [fs.ErrNotExist] where the content is not there.
	Open(ctx context.Context, c fhir.Content) (io.ReadSeekCloser, error)
	// Verify reads a content whole, and calls pace before with the number of bytes.
	Verify(ctx context.Context, c fhir.Content, pace func(bytes int) error) error
	Each(ctx context.Context, visit func(sha256 [32]byte) error) error
	Remove(ctx context.Context, sha256 [32]byte) error
}

// contentParam is the parameter of the entries for contents.
const contentParam = "_bytes"

// contentEntries are the entries of a resource for the content that it refers to.
func contentEntries(r *fhir.Resource) []search.Entry {
	if r.Type() != "Binary" {
		return nil
	}
	c, refers := fhir.ContentOf(r.Root())
	if !refers || c.Size == 0 {
		return nil
	}
	return []search.Entry{{Param: contentParam, Key: contentKey(c)}}
}

// contentKey is 32 bytes of the digest and 8 of the size.
func contentKey(c fhir.Content) []byte {
	return binary.BigEndian.AppendUint64(bytes.Clone(c.SHA256[:]), uint64(c.Size))
}

const contentKeyLen = 32 + 8

func contentOfKey(key []byte) (c fhir.Content, ok bool) {
	if len(key) != contentKeyLen {
		return c, false
	}
	copy(c.SHA256[:], key)
	c.Size = int64(binary.BigEndian.Uint64(key[32:]))
	return c, true
}

// pins are the contents that are held, by how many.
type pins struct {
	mu   sync.Mutex // also held while a content is removed
	held map[[32]byte]int
}

func (p *pins) add(c fhir.Content) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held == nil {
		p.held = map[[32]byte]int{}
	}
	p.held[c.SHA256]++
}

func (p *pins) remove(c fhir.Content) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held[c.SHA256]--; p.held[c.SHA256] <= 0 {
		delete(p.held, c.SHA256)
	}
}

// KeepContent keeps the content of a Binary that is to be committed with it (see
// [fhir.Change.Content]), and inspects it. It is durable when this returns. release is to
// be called when the commit was made, or will not be: what nothing refers to then is
// removed.
func (db *DB) KeepContent(ctx context.Context, r io.Reader) (c fhir.Content, release func(), err error) {
	if db.opts.Contents == nil {
		return c, nil, fhir.E("content", fhir.NotSupported, fhir.Issue{Message: "This server keeps no contents outside of its database."})
	}
	if err := db.Writable(); err != nil {
		return c, nil, err
	}
	if db.opts.Inspect != nil {
		inspected := db.inspecting(ctx, r)
		defer inspected.close()
		r = inspected
	}
	return db.holdContent(ctx, r)
}

// holdContent keeps a content, which nobody removes before the call of release.
func (db *DB) holdContent(ctx context.Context, r io.Reader) (c fhir.Content, release func(), err error) {
	var held *fhir.Content
	fresh := false
	release = sync.OnceFunc(func() {
		if held != nil {
			db.pins.remove(*held)
		}
		if fresh {
			_ = db.discard(context.WithoutCancel(ctx), held.SHA256, false) // [DB.Sweep] does what fails here
		}
	})
	c, fresh, err = db.opts.Contents.Put(ctx, r, func(c fhir.Content) { db.pins.add(c); held = &c })
	if err != nil {
		release()
		return c, nil, contentFailed(err)
	}
	return c, release, nil
}

// contentFailed is the error of a content that was not kept.
func contentFailed(err error) error {
	if _, known := asError(err); known {
		return err
	}
	if errors.Is(err, kv.ErrNoSpace) || errors.Is(err, syscall.ENOSPC) {
		return noSpace(err)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	e := fhir.E("content", fhir.NoStore, fhir.Issue{Message: "The content could not be stored. Nothing was written.",
		Fix: "Send it again later. The operator of the server finds the reason in its log."})
	e.Err = err
	return e
}

// OpenContent opens the content that a version refers to. The caller closes it.
func (db *DB) OpenContent(ctx context.Context, c fhir.Content) (io.ReadSeekCloser, error) {
	if db.opts.Contents == nil {
		return nil, contentLost(errors.New("the database was opened without the place of its documents"))
	}
	in, err := db.opts.Contents.Open(ctx, c)
	if err != nil {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return nil, err
		}
		db.damaged.Add(1)
		return nil, contentLost(err)
	}
	return in, nil
}

func contentLost(err error) error {
	e := fhir.E("content", fhir.Exception, fhir.Issue{Message: "The content cannot be read: it is missing or damaged, or its place cannot be reached.",
		Fix: "Ask the operator of the server, whose log has the reason: `pestle check` names all that is missing or damaged, and a backup has it."})
	e.Damaged, e.Err = true, err
	return e
}

// referred reports whether any version refers to a content, by the index.
func (v view) referred(sha256 [32]byte) (found bool, err error) {
	prefix := append(keyParam("Binary", contentParam), sha256[:]...)
	it := v.r.Iterate(prefix, after(prefix), false)
	found = it.Next()
	return found, ended(it, nil)
}

// discard removes a content that nobody holds and to which no version refers. careful asks
// the versions too, and not the index alone.
func (db *DB) discard(ctx context.Context, sha256 [32]byte, careful bool) error {
	if db.broken.Load() != nil {
		return nil // what was written last is not known
	}
	db.pins.mu.Lock()
	defer db.pins.mu.Unlock()
	if db.pins.held[sha256] > 0 {
		return nil
	}
	if !db.copying.TryLock() {
		return fmt.Errorf("%w: a backup is being written, which may need it", kv.ErrHeld)
	}
	defer db.copying.Unlock()
	needed := false
	err := db.look("content", 0, func(v view) (err error) {
		if needed, err = v.referred(sha256); err == nil && !needed && careful {
			needed, err = v.holdsContent(ctx, sha256)
		}
		return err
	})
	if err != nil || needed {
		return err
	}
	return db.opts.Contents.Remove(ctx, sha256)
}

// holdsContent reports whether a version refers to a content, by the versions alone.
func (v view) holdsContent(ctx context.Context, sha256 [32]byte) (found bool, err error) {
	table := keyTable(tableVersion, "Binary")
	it := v.r.Iterate(table, after(table), false)
	for err == nil && !found && it.Next() {
		if err = ctx.Err(); err != nil {
			break
		}
		if !bytes.Contains(it.Value(), []byte(fhir.ContentExtension)) {
			continue
		}
		p, ok := placeOf(it.Key())
		if !ok {
			return false, ended(it, errCorrupt)
		}
		ver, e := decodeVersion("Binary", p.vno, bytes.Clone(it.Value()))
		if e != nil {
			return false, ended(it, e)
		}
		if ver.Deleted() {
			continue
		}
		r, e := ver.Resource()
		if e != nil {
			return false, ended(it, e)
		}
		c, _ := fhir.ContentOf(r.Root())
		found = c.SHA256 == sha256
	}
	return found, ended(it, err)
}

// Sweep removes the contents to which no version refers: what a crash has left of
// uploads, and what was purged. It returns how many those were.
func (db *DB) Sweep(ctx context.Context) (n int, err error) {
	if db.opts.Contents == nil {
		return 0, nil
	}
	if err := db.reached(ctx); err != nil {
		return 0, err
	}
	strays, err := db.strayContents(ctx)
	for _, sha256 := range strays {
		if err = errors.Join(err, db.discard(ctx, sha256, true)); err != nil {
			return n, err
		}
		n++
	}
	return n, err
}

// reached waits until the database holds what its log has: the contents of records that a
// process before has received, and not applied, are referred to only then.
func (db *DB) reached(ctx context.Context) error {
	if db.opts.Log == nil {
		return nil
	}
	last, err := db.opts.Log.Last(ctx)
	for err == nil && db.Role().Place < last {
		if broken := db.broken.Load(); broken != nil {
			return *broken
		}
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return err
}

// strayContents are those to which no version refers and which nobody holds.
func (db *DB) strayContents(ctx context.Context) (list [][32]byte, err error) {
	err = db.opts.Contents.Each(ctx, func(sha256 [32]byte) error {
		db.pins.mu.Lock()
		held := db.pins.held[sha256] > 0
		db.pins.mu.Unlock()
		if held {
			return nil
		}
		return db.look("content", 0, func(v view) error {
			found, err := v.referred(sha256)
			if err == nil && !found {
				list = append(list, sha256)
			}
			return err
		})
	})
	return list, err
}

// withContents is a transaction of which what is large among the contents is kept, and of
// which all that callers wrote is inspected. settle is to be called with the error of the
// commit.
func (db *DB) withContents(ctx context.Context, tx *fhir.Transaction) (out *fhir.Transaction, settle func(error), err error) {
	var releases []func()
	settle = func(err error) {
		if errors.Is(err, ErrUnknown) {
			return // it may have been written: what it refers to is held as long as the database is open
		}
		for _, release := range releases {
			release()
		}
	}
	out = tx
	for i := range tx.Changes {
		c := &tx.Changes[i]
		if c.Resource == nil || tx.Derived && !c.Message {
			continue
		}
		if err = db.inspect(ctx, c.Resource); err != nil {
			break
		}
		if c.Content != nil {
			held := *c.Content
			db.pins.add(held)
			releases = append(releases, func() { db.pins.remove(held) })
		}
		changed, release, e := db.kept(ctx, c)
		if err = e; err != nil {
			break
		}
		if release != nil {
			releases = append(releases, release)
		}
		if changed != nil {
			if out == tx {
				copied := *tx
				out, copied.Changes = &copied, slices.Clone(tx.Changes)
			}
			out.Changes[i] = *changed
		}
	}
	if err != nil {
		settle(nil)
		return nil, nil, err
	}
	return out, settle, nil
}

// kept is a change whose content is kept outside of its resource; nil where it is as it
// was.
func (db *DB) kept(ctx context.Context, c *fhir.Change) (*fhir.Change, func(), error) {
	if c.Type != "Binary" || c.Resource.Type() != "Binary" {
		return nil, nil, nil
	}
	changed := *c
	if c.Content != nil {
		changed.Resource = c.Content.In(c.Resource)
		return &changed, nil, nil
	}
	data := c.Resource.Get("data")
	if data.Kind() != fhir.String {
		return nil, nil, nil
	}
	text := data.Text()
	if _, refers := fhir.ContentOf(c.Resource.Root()); refers { // what it brings is in the place of that
		changed.Resource = fhir.WithData(c.Resource, text)
	}
	if db.opts.Contents == nil || base64.StdEncoding.DecodedLen(len(text)) < fhir.LargeContent {
		if changed.Resource == c.Resource {
			return nil, nil, nil
		}
		return &changed, nil, nil
	}
	content, release, err := db.keepLarge(ctx, text)
	if err != nil || release == nil {
		return nil, nil, err
	}
	changed.Content, changed.Resource = &content, content.In(c.Resource)
	return &changed, release, nil
}

// keepLarge keeps what is base64 of many bytes; without a release it has few after all,
// or is not base64.
func (db *DB) keepLarge(ctx context.Context, text string) (c fhir.Content, release func(), err error) {
	if strings.ContainsAny(text, " \t\r\n") {
		text = strings.Join(strings.Fields(text), "")
	}
	size, err := io.Copy(io.Discard, decoded(text))
	if err != nil || size < fhir.LargeContent {
		return c, nil, nil //nolint:nilerr // the validator says so
	}
	if err := db.Writable(); err != nil {
		return c, nil, err
	}
	return db.holdContent(ctx, decoded(text))
}

func decoded(text string) io.Reader {
	return base64.NewDecoder(base64.StdEncoding, strings.NewReader(text))
}

// brought refuses a Binary that refers to a content which its sender did not bring: to
// name the digest of a content must not be a way to read it. What its current version
// refers to it may go on to refer to.
func (p *planner) brought(c *fhir.Change, s *step) error {
	if s.typ != "Binary" || s.resource == nil || c.Content != nil {
		return nil
	}
	content, refers := fhir.ContentOf(s.resource.Root())
	if !refers {
		return nil
	}
	was, err := contentOf(s.before)
	if err != nil {
		return err
	}
	if was != nil {
		if had, _ := fhir.ContentOf(was.Root()); had == content && content.Size > 0 {
			return nil
		}
	}
	p.refused.add(c, fhir.BusinessRule, false, fhir.Issue{Expression: "Binary.data.extension",
		Message:  "The Binary refers to a content that is not the one of its current version.",
		Expected: "data, or the extension " + fhir.ContentExtension + " as the current version has it",
		Fix:      "Send the bytes: as the body, with their own Content-Type, or as data.",
	})
	return nil
}

// inspect has all bytes of a resource inspected that it holds as base64.
func (db *DB) inspect(ctx context.Context, r *fhir.Resource) (err error) {
	if db.opts.Inspect == nil {
		return nil
	}
	eachPrimitive(r.Root(), nil, func(n fhir.Node, holder *r4.Type, p *r4.Property) {
		if err != nil || p.Type != "base64Binary" || strings.HasPrefix(n.Name(), "_") {
			return
		}
		e := db.opts.Inspect(ctx, decoded(strings.Join(strings.Fields(n.Text()), "")))
		if errors.As(e, new(base64.CorruptInputError)) || errors.Is(e, io.ErrUnexpectedEOF) {
			e = fhir.E("inspect", fhir.Structure, fhir.Issue{Message: "This is not base64.", Expected: "base64 (RFC 4648)"})
		}
		if e != nil {
			err = placedAt(e, n.Expression())
		}
	})
	return err
}

// placedAt says in the issues of an error that have no place where they are.
func placedAt(err error, expression string) error {
	e, known := asError(err)
	if !known {
		return err
	}
	placed := *e
	placed.Issues = slices.Clone(e.Issues)
	for i := range placed.Issues {
		if placed.Issues[i].Expression == "" {
			placed.Issues[i].Expression = expression
		}
	}
	return &placed
}

// inspecting has what is read inspected at the same time: its end is that of the
// inspection.
func (db *DB) inspecting(ctx context.Context, r io.Reader) *inspected {
	ctx, cancel := context.WithCancel(ctx)
	out, in := io.Pipe()
	i := &inspected{r: r, w: in, cancel: cancel, done: make(chan error, 1)}
	go func() {
		err := db.opts.Inspect(ctx, out)
		if err != nil {
			_ = out.CloseWithError(err)
		} else {
			_, err = io.Copy(io.Discard, out) // what need not be inspected
		}
		i.done <- err
	}()
	return i
}

type inspected struct {
	r      io.Reader
	w      *io.PipeWriter
	cancel func()
	done   chan error
}

func (i *inspected) Read(b []byte) (int, error) {
	n, err := i.r.Read(b)
	if n > 0 {
		if _, e := i.w.Write(b[:n]); e != nil {
			return 0, e
		}
	}
	if err == io.EOF {
		_ = i.w.Close()
		e := <-i.done
		i.done <- e // for a further call
		if e != nil {
			return n, e
		}
	}
	return n, err
}

// close ends the inspection of what is not read to its end.
func (i *inspected) close() {
	_ = i.w.CloseWithError(io.ErrUnexpectedEOF)
	i.cancel()
	i.done <- <-i.done
}

// verifyContents reads every content and returns what is missing or damaged.
func (db *DB) verifyContents(ctx context.Context, pace func(bytes int) error) (all []Damage, err error) {
	if db.opts.Contents == nil {
		return nil, nil
	}
	err = db.eachContent(ctx, func(c fhir.Content) error {
		err := db.opts.Contents.Verify(ctx, c, pace)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		d := Damage{Where: fmt.Sprintf("the content of %d bytes with the SHA-256 %x", c.Size, c.SHA256), Content: reason(err)}
		if d.Versions, err = db.versionsWith(ctx, c); err == nil && len(d.Versions) > 0 { // it was not purged meanwhile
			all = append(all, d)
		}
		return err
	})
	return all, err
}

func reason(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "is missing"
	}
	return "is damaged (" + err.Error() + ")"
}

// eachContent visits the contents to which versions refer, each once, in views that are
// not held meanwhile.
func (db *DB) eachContent(ctx context.Context, visit func(fhir.Content) error) error {
	prefix := keyParam("Binary", contentParam)
	from := prefix
	for {
		var found []fhir.Content
		err := db.look("content", 0, func(v view) error {
			it := v.r.Iterate(from, after(prefix), false)
			for ok := it.Next(); ok && len(found) < 256; {
				key := it.Key()
				c, whole := contentOfKey(key[len(prefix):min(len(key), len(prefix)+contentKeyLen)])
				if !whole {
					return ended(it, errCorrupt)
				}
				found = append(found, c)
				from = after(append(bytes.Clone(prefix), contentKey(c)...))
				ok = it.Seek(from)
			}
			return ended(it, nil)
		})
		if err != nil || len(found) == 0 {
			return err
		}
		for _, c := range found {
			if err := errors.Join(ctx.Err(), visit(c)); err != nil {
				return err
			}
		}
	}
}

// versionsWith names the versions that refer to a content, at most [MaxWrong].
func (db *DB) versionsWith(ctx context.Context, c fhir.Content) (list []string, err error) {
	err = db.look("content", 0, func(v view) error {
		prefix := append(keyParam("Binary", contentParam), contentKey(c)...)
		it := v.r.Iterate(prefix, after(prefix), false)
		numbers := map[rid]bool{}
		for it.Next() {
			_, r, _ := splitRow(it.Key(), len(prefix))
			numbers[r] = true
		}
		if err := ended(it, nil); err != nil || len(numbers) == 0 {
			return err
		}
		ids := v.idsByNumber("Binary")
		for r := range numbers {
			versions, err := v.versions("Binary", r)
			if err != nil {
				return err
			}
			for _, ver := range versions {
				content, err := contentOf(ver)
				if err != nil || content == nil {
					continue
				}
				if has, _ := fhir.ContentOf(content.Root()); has == c && len(list) < MaxWrong {
					list = append(list, ids.named(place{"Binary", r, parseVno(ver.VersionID)}))
				}
			}
		}
		slices.Sort(list)
		return ctx.Err()
	})
	return list, err
}
