package store

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // Attachment.hash is SHA-1 by R4
	"encoding/base64"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// The url of an attachment that names a Binary of this server is a reference to it, in
// whatever resource it is: where references are enforced the Binary has to be there, and is
// not deleted as long as an attachment names it. The size and hash that the attachment states
// are compared with the content, as those of an attachment with data are by the validator.

// isAttached reports whether a string is the url of an attachment that may name a Binary of
// this server.
func isAttached(n fhir.Node, holder *r4.Type, property *r4.Property) bool {
	if property.JSON != "url" || holder.Name != "Attachment" {
		return false
	}
	typ, _ := localEnd(n.Text())
	return typ == "Binary"
}

// mayAttach reports whether a text may hold the url of a Binary.
func mayAttach(json []byte) bool {
	return bytes.Contains(json, []byte("Binary/")) || bytes.IndexByte(json, '\\') >= 0
}

// eachLink calls f for each address of a resource that leads to what has to be stored: the
// references of the referring types, and the urls of attachments of all. What a Bundle holds is
// of its own.
func eachLink(r *fhir.Resource, f func(n fhir.Node)) {
	refers := referring[r.Type()]
	if r.Type() == "Bundle" || !refers && !mayAttach(r.JSON()) {
		return
	}
	eachPrimitive(r.Root(), nil, func(n fhir.Node, holder *r4.Type, property *r4.Property) {
		if refers && isReference(holder, property) || isAttached(n, holder, property) {
			f(n)
		}
	})
}

// attached compares what the attachments of a change state of Binaries of this server that the
// caller sees, or of its transaction, with their content.
func (db *DB) attached(ctx context.Context, tx *fhir.Transaction, c *fhir.Change) (err error) {
	if c.Type == "Bundle" || !bytes.Contains(c.Resource.JSON(), []byte(`"url"`)) {
		return nil
	}
	var issues []fhir.Issue
	eachPrimitive(c.Resource.Root(), nil, func(n fhir.Node, holder *r4.Type, property *r4.Property) {
		a := n.Parent()
		if err != nil || property.JSON != "url" || holder.Name != "Attachment" || !a.Get("size").Exists() && !a.Get("hash").Exists() || a.Get("data").Exists() || c.Message && copied(n) {
			return
		}
		var of *binaryBytes
		if of, err = db.contentNamed(ctx, tx, n.Text()); err != nil || of == nil {
			return
		}
		if size, e := strconv.ParseInt(a.Get("size").Text(), 10, 64); e == nil && size != of.size {
			issues = append(issues, fhir.Issue{Rule: "attachment-size", Expression: within(c, a), Position: a.Get("size").Position(), Message: "The stated size is not that of the Binary which the attachment names.",
				Expected: "the bytes of the content of " + n.Text(), Found: a.Get("size").Text()})
		}
		stated := strings.Join(strings.Fields(a.Get("hash").Text()), "")
		if stated == "" {
			return
		}
		var sum string
		if sum, err = of.sha1(ctx); err == nil && sum != stated {
			issues = append(issues, fhir.Issue{Rule: "attachment-hash", Expression: within(c, a), Position: a.Get("hash").Position(), Message: "The stated hash is not that of the Binary which the attachment names.",
				Expected: "the SHA-1 of the content of " + n.Text() + ", as base64", Found: stated})
		}
	})
	if err != nil || len(issues) == 0 {
		return err
	}
	for i := range issues {
		issues[i].Severity, issues[i].Code = fhir.Err, fhir.Structure
	}
	return &fhir.Error{Op: "attachment", Kind: fhir.BusinessRule, Issues: issues}
}

// binaryBytes is what a Binary holds.
type binaryBytes struct {
	size int64
	open func(ctx context.Context) (io.ReadCloser, error)
}

// sha1 reads the content whole, and keeps none of it.
func (c *binaryBytes) sha1(ctx context.Context) (string, error) {
	in, err := c.open(ctx)
	if err != nil {
		return "", err
	}
	defer in.Close() //nolint:errcheck // it was read
	h := sha1.New()  //nolint:gosec // as above
	for part := make([]byte, 64<<10); ; {
		n, err := in.Read(part)
		_, _ = h.Write(part[:n])
		if errors.Is(err, io.EOF) {
			return base64.StdEncoding.EncodeToString(h.Sum(nil)), nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return "", err
		}
	}
}

// contentNamed is the content of the Binary that an address names, in the transaction or as the
// caller sees it; nil where there is none.
func (db *DB) contentNamed(ctx context.Context, tx *fhir.Transaction, address string) (*binaryBytes, error) {
	var own search.Own
	if err := db.look("attachment", 0, func(v view) error { own = v.of(tx).own; return nil }); err != nil {
		return nil, err
	}
	l := fhir.LinkOf(address)
	typ, id := search.Local(address, own)
	for i := range tx.Changes {
		c := &tx.Changes[i]
		if c.Type == "Binary" && c.Resource != nil && (c.FullURL != "" && fhir.LinkOf(c.FullURL).Target == l.Target || typ == "Binary" && c.ID == id && l.Version == "") {
			return db.contentIn(c.Resource, c.Content)
		}
	}
	if typ != "Binary" {
		return nil, nil
	}
	ver, err := db.Read(ctx, typ, id)
	if err == nil && l.Version != "" {
		ver, err = db.VRead(ctx, typ, id, l.Version)
	}
	if fhir.KindOf(err) == fhir.NotFound || err == nil && ver.Deleted() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r, err := contentOf(ver)
	if err != nil || r == nil {
		return nil, err
	}
	return db.contentIn(r, nil)
}

// contentIn is the content of a Binary; kept is where it is kept, if that is known.
func (db *DB) contentIn(r *fhir.Resource, kept *fhir.Content) (*binaryBytes, error) {
	if kept == nil {
		if c, refers := fhir.ContentOf(r.Root()); refers && c.Size > 0 {
			kept = &c
		}
	}
	if kept != nil {
		return &binaryBytes{kept.Size, func(ctx context.Context) (io.ReadCloser, error) { return db.OpenContent(ctx, *kept) }}, nil
	}
	text := strings.Join(strings.Fields(r.Get("data").Text()), "")
	size, err := io.Copy(io.Discard, decoded(text))
	if err != nil {
		return nil, nil //nolint:nilerr // the validator says so of the Binary
	}
	return &binaryBytes{size, func(context.Context) (io.ReadCloser, error) { return io.NopCloser(decoded(text)), nil }}, nil
}
