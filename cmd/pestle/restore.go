package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/archive"
	"github.com/pestle-fhir/pestle/store/kv/badger"
	"github.com/pestle-fhir/pestle/trust/audit"
	"github.com/pestle-fhir/pestle/trust/ownership"
)

type restoreCommand struct {
	Files    []string `arg:"" name:"file" help:"A full backup, then those that continue it, in their order."`
	Data     string   `env:"PESTLE_DATA" required:"" placeholder:"DIR" help:"Folder to restore into. It must not exist, or be empty."`
	Identity string   `placeholder:"FILE" help:"Identity of age, where the backups are encrypted."`

	Documents string `env:"PESTLE_DOCUMENTS" placeholder:"PLACE" help:"Where documents are kept, as for pestle serve; the folder of the database unless set."`

	encryption `embed:""`
}

// Run restores beside the folder, proves the invariants of what was restored,
// and then gives it its name: a folder that is there was restored whole.
func (c *restoreCommand) Run(std streams) error {
	if entries, err := os.ReadDir(c.Data); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s is not empty: restore into a folder that does not exist", c.Data)
	}
	start := time.Now()
	fresh := strings.TrimRight(c.Data, string(filepath.Separator)) + ".restoring"
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	h, err := c.restore(fresh, std)
	if err != nil {
		return errors.Join(err, os.RemoveAll(fresh))
	}
	if err := os.Remove(c.Data); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := os.Rename(fresh, c.Data); err != nil {
		return err
	}
	_, err = fmt.Fprintf(std.out, "%s holds the database as of commit %d (%s), restored and checked in %s\n", c.Data, h.Seq, h.Time.Format(time.RFC3339), time.Since(start).Round(time.Millisecond))
	return err
}

// restore restores into a fresh folder, and proves what it restored.
func (c *restoreCommand) restore(fresh string, std streams) (h archive.Header, err error) {
	if h, err = c.unpack(fresh); err != nil {
		return h, err
	}
	return h, errors.Join(c.proved(fresh, std), c.provedAudit(fresh))
}

// unpack writes the archives into a fresh folder.
func (c *restoreCommand) unpack(fresh string) (h archive.Header, err error) {
	var readers []*archive.Reader
	for _, file := range c.Files {
		r, done, err := openArchive(file, c.Identity)
		if err != nil {
			return h, fmt.Errorf("%s: %w", file, err)
		}
		defer done()
		readers = append(readers, r)
	}
	key, err := c.key()
	if err != nil {
		return h, err
	}
	engine, err := badger.Open(fresh, slog.New(slog.DiscardHandler), key)
	if err != nil {
		return h, err
	}
	raw, err := c.bytes()
	if err != nil {
		return h, errors.Join(err, engine.Close())
	}
	accesses, err := audit.Restore(auditFolder(fresh), audit.Options{Key: raw})
	if err != nil {
		return h, errors.Join(err, engine.Close())
	}
	documents, err := openDocuments(fresh, c.Documents, engine, true)
	if err != nil {
		return h, errors.Join(err, engine.Close())
	}
	h, err = store.Restore(engine, documents, fileWriter(fresh, accesses), readers...)
	return h, errors.Join(err, engine.Close(), accesses.Close())
}

// proved opens what was restored, which makes its index, proves its invariants
// and closes it.
func (c *restoreCommand) proved(fresh string, std streams) error {
	key, err := c.key()
	if err != nil {
		return err
	}
	engine, err := badger.Open(fresh, slog.New(slog.DiscardHandler), key)
	if err != nil {
		return err
	}
	documents, err := openDocuments(fresh, "", engine, true)
	if err != nil {
		return errors.Join(err, engine.Close())
	}
	db, err := store.Open(engine, store.Options{Owners: ownership.New(""), Scratch: newScratch, Contents: documents})
	if err != nil {
		return err
	}
	if _, err := db.Sweep(context.Background()); err != nil { // what an archive has purged that an earlier one had
		return errors.Join(err, db.Close())
	}
	f, err := db.Check(context.Background())
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	for _, problem := range f.Wrong {
		fmt.Fprintln(std.err, problem)
	}
	if len(f.Wrong) > 0 {
		return fmt.Errorf("the restored database has %d problems, so it was removed", len(f.Wrong)+f.More)
	}
	return nil
}

// provedAudit reads the audit log that was restored, and records the restoration.
func (c *restoreCommand) provedAudit(data string) error {
	accesses, err := openAudit(data, c.encryption)
	if err != nil {
		return err
	}
	_, err = accesses.Verify(context.Background(), nil)
	if err == nil {
		err = accesses.Record(context.Background(), became(commandHere(operatingUser(), "restore "+strings.Join(c.Files, " ")), nil))
	}
	return errors.Join(err, accesses.Close())
}

// fileWriter puts the files of an archive back: those of the audit log, and
// definitions.
func fileWriter(data string, accesses *audit.Restoration) func(name string, content []byte) error {
	definition := definitionWriter(data)
	return func(name string, content []byte) error {
		if segment, ok := strings.CutPrefix(name, auditName+"/"); ok {
			return accesses.File(segment, content)
		}
		return definition(name, content)
	}
}

// definitionWriter puts the files of an archive back. Each archive has all
// definitions of its time, so those of the last one are complete; one that was
// removed meanwhile is put back by an earlier archive, which harms nobody.
func definitionWriter(data string) func(name string, content []byte) error {
	return func(name string, content []byte) error {
		path := filepath.Join(data, filepath.FromSlash(name))
		if !filepath.IsLocal(filepath.FromSlash(name)) || !strings.HasPrefix(name, definitionsFolder+"/") {
			return fmt.Errorf("the backup has a file %q, which is not of a database", name)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return os.WriteFile(path, content, 0o644)
	}
}
