package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"sync"
	"syscall"

	"github.com/pestle-fhir/pestle/fhir"
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
