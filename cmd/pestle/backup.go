package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"

	"github.com/pestle-fhir/pestle/server/subscription"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/archive"
	"github.com/pestle-fhir/pestle/trust/audit"
)

// shelved is what backups have of what a server keeps beside its commits, written by a server or
// without one.
var shelved = []string{subscription.Shelved}

type backupCommand struct {
	Create backupCreate `cmd:"" default:"withargs" help:"Write a backup, also of a database that a server has open."`
	Verify backupVerify `cmd:"" help:"Read backups whole, verify every record, and say what they hold."`
}

type backupCreate struct {
	Data      string   `env:"PESTLE_DATA" default:"data" placeholder:"DIR" help:"Folder of the database; a server may have it open."`
	To        string   `required:"" placeholder:"PATH" help:"File to write, or a folder for one that is named by its commits, or - for standard output."`
	After     string   `placeholder:"FILE" help:"An earlier backup: only what was committed after it is written. The two are restored together."`
	Recipient []string `placeholder:"age1…" help:"Encrypt to this public key of age (age-keygen); repeat it for several."`
	Identity  string   `placeholder:"FILE" help:"Identity of age, to read what --after names where that is encrypted."`
	JSON      bool     `name:"json" help:"Print the file and what it holds as JSON."`

	remote     `embed:""`
	encryption `embed:""`
}

// Help is shown by --help.
func (backupCreate) Help() string {
	return `Example: pestle backup --data db --to backups/

Example: pestle backup --data db --to backups/ --after backups/pestle-000000000000-000000001234.tar.zst --recipient age1…`
}

// Run writes a backup. A file appears under its name when it is complete.
func (c *backupCreate) Run(std streams) error {
	earlier, err := c.earlier()
	if err != nil {
		return err
	}
	if _, err := recipientsOf(c.Recipient); err != nil {
		return err
	}
	if c.To == "-" {
		_, err := c.write(std.out, earlier)
		return err
	}
	path, h, err := c.file(earlier)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(std, backupFigures{path, h})
	}
	_, err = fmt.Fprintln(std.out, path)
	return err
}

// earlier is what the earlier backup holds, nil for none.
func (c *backupCreate) earlier() (*archive.Header, error) {
	if c.After == "" {
		return nil, nil
	}
	h, _, err := readArchive(c.After, c.Identity)
	if err != nil {
		return nil, fmt.Errorf("--after %s: %w", c.After, err)
	}
	return &h, nil
}

// backupFigures are what a backup holds.
type backupFigures struct {
	File string `json:"file"`
	archive.Header
}

// file writes beside its place and moves there what is complete and durable.
func (c *backupCreate) file(earlier *archive.Header) (path string, h archive.Header, err error) {
	dir, name := filepath.Split(c.To)
	if info, e := os.Stat(c.To); e == nil && info.IsDir() {
		dir, name = c.To, ""
	}
	out, err := os.CreateTemp(cmp.Or(dir, "."), ".pestle-backup-*")
	if err != nil {
		return "", h, err
	}
	defer func() { _ = os.Remove(out.Name()) }() // gone where it was moved
	h, err = c.write(out, earlier)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return "", h, err
	}
	path = filepath.Join(dir, cmp.Or(name, backupName(h, len(c.Recipient) > 0)))
	if _, err := os.Lstat(path); err == nil && name == "" {
		return "", h, fmt.Errorf("%s: there is a backup of these commits already", path)
	}
	return path, h, os.Rename(out.Name(), path)
}

// backupName is pestle-SINCE-SEQ.tar.zst, with .age where it is encrypted.
func backupName(h archive.Header, encrypted bool) string {
	name := fmt.Sprintf("pestle-%012d-%012d.tar.zst", h.Since, h.Seq)
	if encrypted {
		name += ".age"
	}
	return name
}

// write takes the backup from the server that has the folder open, or from the
// folder.
func (c *backupCreate) write(out io.Writer, earlier *archive.Header) (h archive.Header, err error) {
	server, err := c.reach(c.Data)
	if err != nil {
		return h, err
	}
	if server != nil {
		request, err := json.Marshal(backupRequest{earlier, c.Recipient})
		if err != nil {
			return h, err
		}
		answer, err := server.post("backup", nil, bytes.NewReader(request))
		if err != nil {
			return h, err
		}
		if err := copied(out, answer); err != nil {
			return h, err
		}
		return headerIn(answer.Trailer)
	}
	if err := haveDatabase(c.Data, c.encryption); err != nil {
		return h, err
	}
	ended, err := c.record(c.Data, "backup --to "+c.To)
	if err != nil {
		return h, err
	}
	defer func() { err = ended(err) }()
	db, err := openStore(c.Data, c.encryption)
	if err != nil {
		return h, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	accesses, err := readAudit(c.Data, c.encryption)
	if err != nil {
		return h, err
	}
	files := (&definitionFolder{data: c.Data}).files
	return writeBackup(context.Background(), db, accesses, files, out, backupRequest{earlier, c.Recipient})
}

// backupRequest asks for a backup.
type backupRequest struct {
	Earlier    *archive.Header // what is not needed again; nil for nothing
	Recipients []string        // keys of age to encrypt to
}

// writeBackup writes an archive of the database, of its audit log and of the files
// beside it, the definitions that were added.
func writeBackup(ctx context.Context, db *store.DB, accesses *audit.Log, files func(do func(name string, content []byte) error) error, out io.Writer, q backupRequest) (h archive.Header, err error) {
	recipients, err := recipientsOf(q.Recipients)
	if err != nil {
		return h, err
	}
	if db.Encrypted() && len(recipients) == 0 {
		return h, errors.New("the database is encrypted and its backup would not be: name who may read the backup with --recipient age1… (age-keygen prints one)")
	}
	var w *archive.Writer
	h, err = db.Backup(ctx, q.Earlier, func(h archive.Header) (_ *archive.Writer, err error) {
		h.Program, h.Audit = versionLine(), accesses.Head()
		w, err = archive.NewWriter(out, h, recipients...)
		return w, err
	})
	if err != nil {
		return h, err
	}
	if err := files(w.File); err != nil {
		return h, err
	}
	before := uint64(0)
	if q.Earlier != nil {
		before = q.Earlier.Audit
	}
	segment := func(name string, content []byte) error { return w.File(auditName+"/"+name, content) }
	if _, err := accesses.Copy(before, segment); err != nil {
		return h, err
	}
	_, err = w.Close()
	return h, err
}

// eachDefinition calls do for each file of the definitions that were added.
func eachDefinition(data string, do func(name string, content []byte) error) error {
	root := standing(filepath.Join(data, definitionsFolder))
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return do(definitionsFolder+"/"+filepath.ToSlash(name), content)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil // none were added
	}
	return err
}

func recipientsOf(keys []string) ([]age.Recipient, error) {
	var list []age.Recipient
	for _, key := range keys {
		r, err := age.ParseX25519Recipient(key)
		if err != nil {
			return nil, fmt.Errorf("--recipient %s: %w; age-keygen prints one (age1…)", key, err)
		}
		list = append(list, r)
	}
	return list, nil
}

type backupVerify struct {
	Files    []string `arg:"" name:"file" help:"Backups."`
	Identity string   `placeholder:"FILE" help:"Identity of age, where they are encrypted."`

	inJSON `embed:""`
}

// backupVerified is what is said of a backup as JSON.
type backupVerified struct {
	File    string    `json:"file"`
	Error   string    `json:"error,omitempty"` // why it is not complete
	Since   uint64    `json:"since"`           // the commit before its first
	Seq     uint64    `json:"seq"`
	Time    time.Time `json:"time,omitzero"`
	Records int64     `json:"records"`
	Files   int64     `json:"files"`
	Bytes   int64     `json:"bytes"`
}

// Run reads each backup and prints a line about it.
func (c *backupVerify) Run(std streams) error {
	failed, verified := false, []backupVerified{}
	for _, file := range c.Files {
		h, seal, err := readArchive(file, c.Identity)
		if c.JSON {
			one := backupVerified{File: file, Since: h.Since, Seq: h.Seq, Time: h.Time, Records: seal.Records, Files: seal.Files, Bytes: seal.Bytes}
			if err != nil {
				one = backupVerified{File: file, Error: err.Error()}
			}
			failed, verified = failed || err != nil, append(verified, one)
			continue
		}
		if err != nil {
			failed = true
			fmt.Fprintf(std.err, "%s: %v\n", file, err)
			continue
		}
		fmt.Fprintf(std.out, "%s: complete; commits %d to %d of %s, %d records, %d files, %d bytes\n",
			file, h.Since+1, h.Seq, h.Time.Format(time.RFC3339), seal.Records, seal.Files, seal.Bytes)
	}
	if c.JSON {
		if err := printJSON(std, verified); err != nil {
			return err
		}
	}
	if failed {
		return errSilent
	}
	return nil
}

// readArchive reads an archive whole, which verifies it.
func readArchive(path, identity string) (h archive.Header, seal archive.Seal, err error) {
	r, done, err := openArchive(path, identity)
	if err != nil {
		return h, seal, err
	}
	defer done()
	seal, err = r.Each(func(_, _ []byte) error { return nil }, func(string, []byte) error { return nil })
	return r.Header(), seal, err
}

func openArchive(path, identity string) (*archive.Reader, func(), error) {
	var identities []age.Identity
	if identity != "" {
		f, err := os.Open(identity)
		if err != nil {
			return nil, nil, err
		}
		defer func() { _ = f.Close() }()
		if identities, err = age.ParseIdentities(f); err != nil {
			return nil, nil, fmt.Errorf("--identity %s: %w", identity, err)
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	r, err := archive.NewReader(f, identities...)
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return r, func() { r.Close(); _ = f.Close() }, nil
}
