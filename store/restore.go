package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/archive"
	"github.com/pestle-fhir/pestle/store/kv"
)

// Restore writes the records of archives into an engine that holds nothing: a
// full one, then those that continue it, in order. Files go to file, and contents to
// contents. It verifies every record before it is written; after an error the engine is
// not to be used. The first [Open] makes the index, and [DB.Sweep] removes the contents
// that a later archive has purged.
func Restore(engine kv.Engine, contents Contents, file func(name string, data []byte) error, archives ...*archive.Reader) (archive.Header, error) {
	if err := hollow(engine); err != nil {
		return archive.Header{}, err
	}
	var last archive.Header
	for i, a := range archives {
		h := a.Header()
		if err := continues(last, h, i == 0); err != nil {
			return last, err
		}
		b := &batcher{engine: engine}
		a.Contents(restoring(contents))
		_, err := a.Each(func(key, value []byte) error {
			return b.add(kv.Op{Key: bytes.Clone(key), Value: append([]byte{}, value...)})
		}, file)
		if err == nil {
			err = b.flush()
		}
		if err != nil {
			return last, fmt.Errorf("store: archive %d: %w", i+1, err)
		}
		last = h
	}
	if len(archives) == 0 {
		return last, fmt.Errorf("store: there is no archive to restore from")
	}
	return last, nil
}

// restoring keeps the contents of an archive.
func restoring(contents Contents) func(digest [32]byte, size int64, r io.Reader) error {
	return func(digest [32]byte, size int64, r io.Reader) error {
		if contents == nil {
			return errors.New("the archive has contents, and there is no place for them")
		}
		c, _, err := contents.Put(context.Background(), r, func(fhir.Content) {})
		if err == nil && (c.SHA256 != digest || c.Size != size) {
			err = fmt.Errorf("the content %x is another one", digest)
		}
		return err
	}
}

// continues refuses an archive that does not begin where the one before ends.
func continues(last, h archive.Header, first bool) error {
	switch {
	case h.Layout != formatVersion:
		return fmt.Errorf("store: the backup has layout %d and this program reads layout %d: use the program that wrote it (%s)", h.Layout, formatVersion, h.Program)
	case first && !h.Full():
		return fmt.Errorf("store: the first archive holds the commits after %d only: begin with the full backup that it continues", h.Since)
	case !first && h.Since != last.Seq:
		return fmt.Errorf("store: an archive that begins after commit %d does not continue one that ends at %d", h.Since, last.Seq)
	case !first && h.Base != last.Tip:
		return fmt.Errorf("store: the archives are of two databases: they have two commits %d", last.Seq)
	}
	return nil
}

// hollow refuses an engine that holds anything.
func hollow(engine kv.Engine) error {
	snap, err := engine.Snapshot()
	if err != nil {
		return err
	}
	defer snap.Close()
	it := snap.Iterate(nil, nil, false)
	found := it.Next()
	if err := it.Close(); err != nil {
		return err
	}
	if found {
		return fhir.E("restore", fhir.Conflict, fhir.Issue{Message: "The database to restore into is not empty.", Fix: "Name a folder that does not exist."})
	}
	return nil
}
