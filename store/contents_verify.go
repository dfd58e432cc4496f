package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
)

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
