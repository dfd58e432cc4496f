package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/badger"
	"github.com/pestle-fhir/pestle/trust/ownership"
)

type checkCommand struct {
	Data string `env:"PESTLE_DATA" default:"data" placeholder:"DIR" help:"Folder of the database, of which only the audit log is written; a server may have it open."`

	Digest bool `help:"Print the SHA-256 of all that the database holds, and check nothing: equal for two databases that hold the same commits, whatever their files are."`
	JSON   bool `name:"json" help:"Print the figures, and what breaks the invariants, as JSON."`

	remote     `embed:""`
	encryption `embed:""`
}

// Help is shown by --help.
func (checkCommand) Help() string {
	return `Exit code 0: no problems found. 1: problems found, or the check could not be made.

Example: pestle check --data db

Example: pestle check --server https://pestle.example --token-file token`
}

// haveDatabase refuses a folder without a database, so that a mistyped path is
// not taken for an empty one.
func haveDatabase(dir string, e encryption) error {
	key, err := e.key()
	if err != nil {
		return err
	}
	if found, err := badger.Exists(dir, key); found || err != nil {
		return keyAdvice(err)
	}
	return fmt.Errorf("there is no database in %s; name its folder with --data or PESTLE_DATA", dir)
}

// askData refuses a command that would make a database, where nobody said in
// which folder or by which server.
func askData(command, dir string, r remote) error {
	if dir != "" || r.Server != "" {
		return nil
	}
	return fmt.Errorf("%s needs --data DIR (PESTLE_DATA): the folder of the database, which is made where there is none; the sandbox of `make run` has ./data; or --server URL", command)
}

// Run proves the invariants of a database and prints what breaks them. It
// changes no data in the folder; where a server has it open, that does the work.
func (c *checkCommand) Run(std streams) error {
	if c.Digest {
		return c.digest(std)
	}
	f := &store.Findings{}
	err := c.ask("check", f, std, func(db *store.DB) (err error) {
		if f, err = db.Check(context.Background()); err != nil {
			return err
		}
		checkRegister(context.Background(), db, nil, f)
		checkStock(context.Background(), db, nil, f)
		accesses, err := readAudit(c.Data, c.encryption)
		if err != nil {
			f.Add(store.Finding{Text: err.Error()})
			return nil
		}
		checkAudit(context.Background(), accesses, f)
		return nil
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return errors.Join(printJSON(std, f), failed(f))
	}
	for _, w := range f.Wrong {
		fmt.Fprintln(std.out, w)
	}
	if f.More > 0 {
		fmt.Fprintf(std.out, "and %d more\n", f.More)
	}
	if f.Unerased > 0 {
		fmt.Fprintf(std.out, "what was purged up to commit %d may still be in files of the folder: the server removes it from them beside its work, and goes on with that when it is started\n", f.Unerased)
	}
	if f.Contents+f.Strays > 0 {
		fmt.Fprintf(std.out, "%d documents outside of the database", f.Contents)
		if f.Strays > 0 {
			fmt.Fprintf(std.out, ", and %d to which no version refers, which the server removes", f.Strays)
		}
		fmt.Fprintln(std.out)
	}
	fmt.Fprintf(std.out, "as of commit %d: %d resources, %d versions, %d index rows, %d cursors, %d receipts; %d problems found\n",
		f.AsOf, f.Resources, f.Versions, f.Rows, f.Cursors, f.Receipts, len(f.Wrong)+f.More)
	return failed(f)
}

// failed ends a check with exit code 1 where there are problems.
func failed(f *store.Findings) error {
	if len(f.Wrong) > 0 {
		return errSilent
	}
	return nil
}

// digestAnswer is the digest of a database as of a commit.
type digestAnswer struct {
	AsOf   fhir.Seq
	Digest string
}

func digestOf(ctx context.Context, db *store.DB) (answer digestAnswer, err error) {
	answer.Digest, answer.AsOf, err = db.Digest(ctx)
	return answer, err
}

func (c *checkCommand) digest(std streams) error {
	var answer digestAnswer
	err := c.ask("digest", &answer, std, func(db *store.DB) (err error) {
		answer, err = digestOf(context.Background(), db)
		return err
	})
	if err == nil {
		fmt.Fprintf(std.out, "%s as of commit %d\n", answer.Digest, answer.AsOf)
	}
	return err
}

// ask has the server that has the folder open answer, or reads the folder.
func (c *checkCommand) ask(path string, answer any, std streams, read func(*store.DB) error) (err error) {
	server, err := c.reach(c.Data)
	if err != nil {
		return err
	}
	if server != nil {
		said, err := server.post(path, nil, nil)
		if err != nil {
			return err
		}
		defer func() { _ = said.Body.Close() }()
		return json.NewDecoder(said.Body).Decode(answer)
	}
	if err := haveDatabase(c.Data, c.encryption); err != nil {
		return err
	}
	ended, err := c.recordLook(c.Data, adminCommands[adminPath+path].name, std)
	if err != nil {
		return err
	}
	defer func() { err = ended(err) }()
	db, err := openStore(c.Data, c.encryption)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	return read(db)
}

// openStore opens a database to read it, and changes nothing in its folder.
func openStore(dir string, e encryption) (*store.DB, error) {
	key, err := e.key()
	if err != nil {
		return nil, err
	}
	engine, err := badger.OpenReadOnly(dir, slog.New(slog.DiscardHandler), key)
	if err != nil {
		return nil, keyAdvice(err)
	}
	documents, err := openDocuments(dir, "", engine, false)
	if err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	return store.Open(engine, store.Options{ReadOnly: true, Contents: documents, Owners: ownership.New(""), Scratch: newScratch, Shelved: shelved})
}
