// Package folder is a warehouse that exchanges files with the server, in JSON or CSV:
//
//	out/     what the warehouse is told: a file for each message, which it takes away
//	in/      what it tells: files of events, each of which is taken once
//	done/    files of in/ that were taken
//	broken/  files of in/ that were not, each with a file .reason.txt beside it
//
// A file is written under a name that begins with a dot and then renamed, so that
// whoever reads the folder sees it whole; the warehouse does the same. Files that begin
// with a dot or end in .tmp or .part are not looked at.
package folder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/outbound/webhook"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse"
)

// Config is a folder and how what is told is written.
type Config struct {
	Dir    string
	Format string // json or csv
	// Settled is how long a file of in/ has not changed before it is taken: for who
	// does not rename; 2 seconds when 0.
	Settled time.Duration
	Clock   func() time.Time
	Logger  *slog.Logger
}

// Warehouse is a warehouse behind a folder.
type Warehouse struct{ Config }

var _ warehouse.Warehouse = (*Warehouse)(nil)

// The folders.
const (
	outDir    = "out"
	inDir     = "in"
	doneDir   = "done"
	brokenDir = "broken"
)

// FileBytes is how long a file of events may be.
const FileBytes = 10 << 20

// New makes the folders where they are not there.
func New(c Config) (*Warehouse, error) {
	if c.Format != "json" && c.Format != "csv" {
		return nil, fmt.Errorf("the format of the warehouse's files: expected json or csv, found %q", c.Format)
	}
	if c.Settled == 0 {
		c.Settled = 2 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	for _, dir := range []string{outDir, inDir, doneDir, brokenDir} {
		if err := os.MkdirAll(filepath.Join(c.Dir, dir), 0o750); err != nil {
			return nil, fmt.Errorf("the folder of the warehouse: %w", err)
		}
	}
	return &Warehouse{c}, nil
}

// Name is "folder".
func (*Warehouse) Name() string { return "folder" }

// Send writes a message to out/. The same message has the same name.
func (w *Warehouse) Send(_ context.Context, m warehouse.Message) webhook.Result {
	name, text := fmt.Sprintf("%s-%s-%d.%s", m.Kind, m.Data.ID, m.Data.Revision, w.Format), append(m.Text(), '\n')
	if w.Format == "csv" {
		text = messageCSV(m)
	}
	if err := Write(filepath.Join(w.Dir, outDir), name, text); err != nil {
		return webhook.Result{Reason: "the file could not be written: " + reasonOf(err)}
	}
	return webhook.Result{Delivered: true}
}

// reasonOf is an error without the folder, which an operator knows.
func reasonOf(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// Write writes a file that others see whole or not at all, and that is on the disk
// when it returns.
func Write(dir, name string, text []byte) error {
	f, err := os.CreateTemp(dir, "."+name+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(0o640), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	return sync(dir)
}

// sync has the names in a folder on the disk.
func sync(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Run takes the files of in/ until ctx ends: looks returns every so often.
func (w *Warehouse) Run(ctx context.Context, every time.Duration, take func(ctx context.Context, e warehouse.Event) (warehouse.Taken, error)) {
	for ctx.Err() == nil {
		if err := w.Look(ctx, w.Clock(), take); err != nil && ctx.Err() == nil {
			w.Logger.ErrorContext(ctx, "files of the warehouse wait", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(every):
		}
	}
}

// Look takes the files that are in in/ now, in the order of their names. An error is one
// that may pass: the file stays, and is taken again.
func (w *Warehouse) Look(ctx context.Context, now time.Time, take func(ctx context.Context, e warehouse.Event) (warehouse.Taken, error)) error {
	entries, err := os.ReadDir(filepath.Join(w.Dir, inDir))
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".tmp") || strings.HasSuffix(name, ".part") || now.Sub(info.ModTime()) < w.Settled {
			continue
		}
		if err := w.file(ctx, name, info.Size(), take); err != nil {
			return err
		}
	}
	return nil
}

// file takes a file. Nothing of one that cannot be read is taken; of one that can, every
// event that the order allows.
func (w *Warehouse) file(ctx context.Context, name string, size int64, take func(ctx context.Context, e warehouse.Event) (warehouse.Taken, error)) error {
	if size > FileBytes {
		return w.aside(name, []string{fmt.Sprintf("The file is too long. Expected: %d bytes at most. Found: %d.", FileBytes, size)})
	}
	text, err := readBounded(filepath.Join(w.Dir, inDir, name))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(append([]byte(name+"\x00"), text...))
	events, wrong := read(name, hex.EncodeToString(sum[:16]), text)
	if len(wrong) > 0 {
		return w.aside(name, wrong)
	}
	for _, e := range events {
		if _, err := take(ctx, e.Event); err != nil {
			switch kind := fhir.KindOf(err); kind {
			case fhir.Exception, fhir.Timeout, fhir.Throttled, fhir.NoStore:
				return err
			}
			wrong = append(wrong, e.at+": "+saidBy(err))
		}
	}
	if len(wrong) > 0 {
		return w.aside(name, append([]string{"These were refused; the others of the file were taken."}, wrong...))
	}
	return w.moved(name, doneDir)
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, FileBytes+1))
}

// saidBy is what an error tells.
func saidBy(err error) string {
	var known *fhir.Error
	if !errors.As(err, &known) || len(known.Issues) == 0 {
		return err.Error()
	}
	texts := make([]string, 0, len(known.Issues))
	for _, i := range known.Issues {
		texts = append(texts, strings.TrimSpace(i.Rule+" "+i.Text()))
	}
	return strings.Join(texts, " ")
}

// aside moves a file to broken/, with why beside it.
func (w *Warehouse) aside(name string, why []string) error {
	w.Logger.Warn("a file of the warehouse was not taken", "file", name, "why", why[0])
	if err := Write(filepath.Join(w.Dir, brokenDir), name+".reason.txt", []byte(strings.Join(why, "\n")+"\n")); err != nil {
		return err
	}
	return w.moved(name, brokenDir)
}

// moved moves a file out of in/; one that was there before under the name stays, under
// another.
func (w *Warehouse) moved(name, dir string) error {
	to := filepath.Join(w.Dir, dir, name)
	for n := 2; ; n++ {
		if _, err := os.Lstat(to); err != nil {
			break
		}
		to = filepath.Join(w.Dir, dir, fmt.Sprintf("%s.%d", name, n))
	}
	if err := os.Rename(filepath.Join(w.Dir, inDir, name), to); err != nil {
		return err
	}
	return errors.Join(sync(filepath.Join(w.Dir, dir)), sync(filepath.Join(w.Dir, inDir)))
}

// placed is an event with where it is in its file.
type placed struct {
	warehouse.Event
	at string
}

// read reads the events of a file, by how its name ends. Those without an id have one
// that follows from the file.
func read(name, id string, text []byte) (events []placed, wrong []string) {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".json":
		events, wrong = readJSON(id, text)
	case ".csv":
		events, wrong = readCSV(id, text)
	default:
		return nil, []string{"The file is neither JSON nor CSV by its name. Expected: a name that ends in .json or .csv. Found: " + name + "."}
	}
	if len(events) == 0 && len(wrong) == 0 {
		wrong = append(wrong, "The file has no event.")
	}
	sorting.Stably(events, func(a, b placed) int { return a.When.Compare(b.When) })
	return events, wrong
}
