package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/trust/audit"
	"github.com/pestle-fhir/pestle/trust/ledger"
)

type proofCommand struct {
	Export  proofExport  `cmd:"" help:"Write all versions with what proves them, as lines of JSON, for pestle verify and others."`
	Recover proofRecover `cmd:"" help:"Record that versions which were signed are lost for good, and sign the log anew. The server must be stopped."`
}

type proofExport struct {
	Data string `env:"PESTLE_DATA" default:"data" placeholder:"DIR" help:"Folder of the database; a server may have it open."`
	To   string `default:"-" placeholder:"FILE" help:"File to write, which has its name once it is complete; - for standard output."`

	encryption `embed:""`
	signing    `embed:""`

	line string // as it is recorded where no server has the folder open; "" for one that verify has made
}

// Run writes the export. It holds patients' data, and the salts.
func (c *proofExport) Run(std streams) error {
	c.line = "proof export --to " + c.To
	if c.To == "-" {
		return c.write(std.out)
	}
	if err := fresh(c.To); err != nil {
		return err
	}
	return whole(c.To, c.write)
}

func (c *proofExport) write(out io.Writer) (failed error) {
	c.beside(c.Data)
	if server := administered(c.Data); server != nil {
		answer, err := server.post("proof", nil, nil)
		if err != nil {
			return err
		}
		return copied(out, answer)
	}
	if err := haveDatabase(c.Data, c.encryption); err != nil {
		return err
	}
	if c.line != "" {
		ended, err := c.record(c.Data, c.line)
		if err != nil {
			return err
		}
		defer func() { failed = ended(failed) }()
	}
	db, err := openStore(c.Data, c.encryption)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	return ledger.Export(context.Background(), out, c.header(), logged{db})
}

// beside finds the files of the log where they are not named: those of a sandbox
// within the folder, or those beside it.
func (s *signing) beside(data string) {
	_, err := os.Stat(filepath.Join(data, sandboxKey))
	s.complete(data, err == nil)
}

// header is what is known of who signs: what is missing is left out.
func (s *signing) header() (h ledger.Header) {
	if key, err := ledger.ReadKey(s.LogKey); err == nil {
		h.Origin, h.Key = key.Name(), key.Public()
	}
	if text, err := os.ReadFile(s.CheckpointLock); err == nil && len(text) > 0 {
		h.Checkpoints = []string{string(text)}
	}
	return h
}

type verifyCommand struct {
	What       string   `arg:"" help:"An export of pestle proof export or of pestle audit export --format proof, the folder of a database, a backup, or an answer to $proof. Of a folder and a backup both logs are verified."`
	Key        string   `placeholder:"KEY|FILE" help:"The key of the log, as /log-key has it, or a file with it. Unless set the one that comes with what is verified, which proves less."`
	Checkpoint []string `placeholder:"FILE" help:"A checkpoint that was kept elsewhere, such as the file of a witness; repeat it for several."`
	JSON       bool     `help:"Print the findings as lines of JSON."`
	Identity   string   `placeholder:"FILE" help:"Identity of age, where a backup is encrypted."`

	encryption `embed:""`
	signing    `embed:""`
}

// Run verifies without the server, and prints what is wrong.
func (c *verifyCommand) Run(std streams) (failure error) {
	ended, err := c.look(std)
	if err != nil {
		return err
	}
	defer func() { failure = ended(failure) }()
	list, done, err := c.open()
	if err != nil {
		return err
	}
	defer done()
	failed := false
	for _, in := range list {
		err := c.verify(in, len(list) > 1, std)
		if failed = failed || errors.Is(err, errSilent); err != nil && !errors.Is(err, errSilent) {
			return err
		}
	}
	if failed {
		return errSilent
	}
	return nil
}

// verify verifies an export of a log, or an answer to $proof. With those of several
// logs, each takes the checkpoints that are its own.
func (c *verifyCommand) verify(in io.Reader, several bool, std streams) error {
	start := make([]byte, 64)
	n, _ := io.ReadFull(in, start)
	rest, log := io.MultiReader(bytes.NewReader(start[:n]), in), ""
	if strings.Contains(string(start[:n]), "resourceType") {
		return c.proof(rest, std)
	}
	verify := ledger.Verify
	if audit.IsProof(start[:n]) {
		verify, log = audit.VerifyExport, audit.LogName
	}
	trust, err := c.trust(log, several)
	if err != nil {
		return err
	}
	report, err := verify(rest, trust)
	if err != nil {
		return err
	}
	return c.print(report, log, std)
}

func (c *verifyCommand) trust(log string, several bool) (t ledger.Trust, err error) {
	if c.Key != "" {
		if t.Key, err = readVerifier(c.Key, log); err != nil {
			return t, err
		}
	}
	for _, file := range c.Checkpoint {
		text, err := os.ReadFile(file)
		if err != nil {
			return t, err
		}
		if of, err := ledger.ReadCheckpoint(text); several && err == nil && strings.HasSuffix(of.Origin, "/"+audit.LogName) != (log == audit.LogName) {
			continue
		}
		t.Checkpoints = append(t.Checkpoints, text)
	}
	return t, nil
}

// look records the command where it is about a folder that no server has open.
func (c *verifyCommand) look(std streams) (ended ending, err error) {
	if info, err := os.Stat(c.What); err != nil || !info.IsDir() || administered(c.What) != nil {
		return unended, err
	}
	return c.recordLook(c.What, "verify "+c.What, std)
}

// open opens what is verified as exports.
func (c *verifyCommand) open() ([]io.Reader, func(), error) {
	info, err := os.Stat(c.What)
	if err != nil {
		return nil, nil, err
	}
	if info.IsDir() {
		return c.folder(c.What)
	}
	f, err := os.Open(c.What)
	if err != nil {
		return nil, nil, err
	}
	start := make([]byte, 1)
	if n, _ := f.Read(start); n == 1 && start[0] == '{' {
		_, err := f.Seek(0, io.SeekStart)
		return []io.Reader{f}, func() { _ = f.Close() }, err
	}
	if err := f.Close(); err != nil {
		return nil, nil, err
	}
	return c.backup()
}

// folder exports the logs of a database as they are verified.
func (c *verifyCommand) folder(dir string) (list []io.Reader, done func(), err error) {
	changes := &proofExport{Data: dir, encryption: c.encryption, signing: c.signing}
	accesses := &auditExport{Data: dir, Format: audit.Proof, encryption: c.encryption, signing: c.signing, quiet: true}
	var pipes []*io.PipeReader
	for _, write := range []func(io.Writer) error{changes.write, func(w io.Writer) error { return accesses.write(w, time.Time{}, time.Time{}) }} {
		r, w := io.Pipe()
		go func() { _ = w.CloseWithError(write(w)) }()
		list, pipes = append(list, r), append(pipes, r)
	}
	return list, func() {
		for _, r := range pipes {
			_ = r.Close()
		}
	}, nil
}

// backup restores a backup into a folder for the time of its verification.
func (c *verifyCommand) backup() ([]io.Reader, func(), error) {
	dir, err := os.MkdirTemp("", "pestle-verify-")
	if err != nil {
		return nil, nil, err
	}
	done := func() { _ = os.RemoveAll(dir) }
	restore := &restoreCommand{Files: []string{c.What}, Identity: c.Identity, encryption: c.encryption}
	if _, err := restore.unpack(filepath.Join(dir, "data")); err != nil {
		done()
		return nil, nil, err
	}
	r, end, err := c.folder(filepath.Join(dir, "data"))
	return r, func() { end(); done() }, err
}

func (c *verifyCommand) print(r *ledger.Report, log string, std streams) error {
	what := "versions"
	if log == audit.LogName {
		what = "events of the audit log"
	}
	for _, f := range r.Findings {
		if c.JSON {
			fmt.Fprintf(std.out, "{\"kind\":%q,\"index\":%d}\n", f.Kind, f.Index)
			continue
		}
		fmt.Fprintf(std.out, "%s: %s\n", f.Kind, f.Text)
	}
	if !c.JSON {
		fmt.Fprintf(std.out, "%d %s, root %s\n", r.Size, what, r.Root)
		for _, cp := range r.Checkpoints {
			fmt.Fprintf(std.out, "as signed by %s: %s\n", cp.Origin, cp)
		}
	}
	if !r.Sound() {
		return errSilent
	}
	return nil
}

// proof verifies an answer to $proof.
func (c *verifyCommand) proof(in io.Reader, std streams) error {
	answer, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	if c.Key == "" {
		return errors.New("an answer to $proof is verified with --key: the key of the log, from elsewhere")
	}
	trust, err := c.trust(audit.LogName, false)
	if err != nil {
		return err
	}
	event, cp, err := audit.VerifyProof(answer, trust.Key)
	if !errors.Is(err, audit.ErrNoEvent) {
		if err == nil {
			_, err = fmt.Fprintf(std.out, "AuditEvent/%d is an event of %s, as signed: %s\n%s", event.Number, cp.Origin, cp, event.Line())
		}
		return err
	}
	if trust, err = c.trust("", false); err != nil {
		return err
	}
	e, cp, err := ledger.VerifyProof(answer, trust.Key)
	if err != nil {
		return err
	}
	fmt.Fprintf(std.out, "%s/%s/_history/%s is version %d of the log of %s, as signed: %s\n%s\n", e.Type, e.ID, e.Version, e.Index, cp.Origin, cp, e.Content)
	return nil
}
