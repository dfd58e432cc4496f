package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/content"
	"github.com/pestle-fhir/pestle/trust/scan"
)

// documentOptions say how documents are kept and looked at.
type documentOptions struct {
	Place       string   `name:"documents" env:"PESTLE_DOCUMENTS" placeholder:"PLACE" help:"Where documents of 64 kB and more are kept: s3://bucket/prefix?endpoint=https://…&region=… with the credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; the folder of the database unless set. It is set with the first start and stays (docs/documents.md)."`
	MaxDocument dataSize `env:"PESTLE_MAX_DOCUMENT" placeholder:"SIZE" default:"2GB" help:"The largest document that is taken, such as 100MB."`
	Clamd       string   `env:"PESTLE_CLAMD" placeholder:"ADDRESS" help:"A clamd of ClamAV that scans documents and attachments before they are stored: unix:/run/clamav/clamd.ctl or host:port. What it finds harmful or cannot scan is refused. Not scanned unless set."`

	scanner *scan.Clamd // of Clamd; nil for none
}

// complete refuses an address that cannot be one.
func (d *documentOptions) complete() error {
	_, err := d.inspect(slog.New(slog.DiscardHandler))
	return err
}

// inspect is what looks at the bytes that callers send, nil for nothing.
func (d *documentOptions) inspect(log *slog.Logger) (_ func(context.Context, io.Reader) error, err error) {
	if d.Clamd == "" {
		return nil, nil
	}
	if d.scanner, err = scan.New(d.Clamd, log); err != nil {
		return nil, fmt.Errorf("--clamd: %w", err)
	}
	return d.scanner.Inspect, nil
}

// documentsFolder has the documents of a database, or in the file PLACE where else they
// are and under which id: "s3://bucket/prefix?… id".
const (
	documentsFolder = "documents"
	placeName       = "PLACE"
)

// secretive is an engine as far as it has the keys of documents, and the disk.
type secretive interface {
	Secret(purpose string) []byte
	Room(bytes int64) error
}

// openDocuments opens the place of the documents of a database: the one that its folder
// says, else the given one, which is noted there. What an earlier process was writing is
// removed where the caller may write.
func openDocuments(data, place string, engine secretive, writes bool) (*content.Store, error) {
	dir := filepath.Join(data, documentsFolder)
	at, err := notedPlace(dir, place, writes)
	if err != nil {
		return nil, err
	}
	o := content.Options{Key: content.KeyOf(engine.Secret("documents")), Room: engine.Room}
	var where content.Place = content.NewFolder(dir)
	if at != "" {
		url, id, _ := strings.Cut(at, " ")
		if where, err = otherPlace(url, id); err != nil {
			return nil, fmt.Errorf("--documents %s: %w", url, err)
		}
	}
	s := content.New(where, filepath.Join(dir, "incoming"), o)
	if writes {
		err = s.Clean()
	}
	return s, err
}

// contents is the place of the documents. Of several servers with the same data each
// has a folder of its own, so theirs are in the database, which all of them have: nil.
func (c *appConfig) contents(engine secretive) (store.Contents, error) {
	if c.Journal == nil {
		return openDocuments(c.Data, c.Documents, engine, true)
	}
	if _, err := os.Stat(filepath.Join(c.Data, documentsFolder)); err == nil || c.Documents != "" {
		return nil, fmt.Errorf("the documents of %s are outside of its database, where the other servers of the log do not have them: several servers keep documents in the database alone (docs/cluster.md)", c.Data)
	}
	return nil, nil
}

// notedPlace is what the file PLACE says, "" where there is none.
func notedPlace(dir, place string, writes bool) (string, error) {
	path := filepath.Join(dir, placeName)
	text, err := os.ReadFile(path)
	if err == nil {
		at := strings.TrimSpace(string(text))
		if url, id, ok := strings.Cut(at, " "); !ok || id == "" || place != "" && place != url {
			return "", fmt.Errorf("--documents %s: the documents of %s are in %s. To move them, restore a backup into another folder with --documents", place, filepath.Dir(dir), url)
		}
		return at, nil
	}
	if !errors.Is(err, fs.ErrNotExist) || place == "" {
		return "", ignoringNone(err)
	}
	if _, err := os.Stat(dir); err == nil {
		return "", fmt.Errorf("--documents %s: the documents of %s are in its folder. To move them, restore a backup into another folder with --documents", place, filepath.Dir(dir))
	}
	if !writes {
		return "", nil
	}
	at := place + " " + rand.Text()
	url, id, _ := strings.Cut(at, " ")
	if _, err := otherPlace(url, id); err != nil {
		return "", fmt.Errorf("--documents %s: %w", place, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	return at, whole(path, func(w io.Writer) error { _, err := fmt.Fprintln(w, at); return err })
}

func ignoringNone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// sweeper removes the documents to which no version refers, which a crash has left: after
// the start and each day.
type sweeper struct {
	db  *store.DB
	log *slog.Logger
}

const sweepEvery = 24 * time.Hour

func (s sweeper) run(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := s.db.Sweep(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Warn("documents to which nothing refers could not be removed", "error", err)
		}
		if n > 0 {
			s.log.Info("documents to which nothing refers were removed", "documents", n)
		}
		select {
		case <-ctx.Done():
		case <-time.After(sweepEvery):
		}
	}
}

// scanned are the figures of the scanner for /metrics.
func scanned(c *scan.Clamd) []server.Counter {
	return []server.Counter{
		{Name: "pestle_scan_found_total", Help: "Writes that were refused since the virus scanner found something in them.", Value: func() float64 { return float64(c.Found()) }},
		{Name: "pestle_scan_failed_total", Help: "Scans that could not be made; what they were of was refused.", Value: func() float64 { return float64(c.Failed()) }},
	}
}
