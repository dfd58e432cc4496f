package store

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

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
		if err = db.attached(ctx, tx, c); err != nil {
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
