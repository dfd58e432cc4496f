package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/badger"
)

type checkCommand struct {
	Data string `env:"PESTLE_DATA" default:"data" placeholder:"DIR" help:"Folder of the database, which is only read; a server may have it open."`

	encryption `embed:""`
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
// which folder.
func askData(command, dir string) error {
	if dir != "" {
		return nil
	}
	return fmt.Errorf("%s needs --data DIR (PESTLE_DATA): the folder of the database, which is made where there is none; the sandbox of `make run` has ./data", command)
}

// Run proves the invariants of a database and prints what breaks them. It
// changes nothing in the folder; where a server has it open, that does the work.
func (c *checkCommand) Run(std streams) error {
	f, err := c.findings()
	if err != nil {
		return err
	}
	for _, w := range f.Wrong {
		fmt.Fprintln(std.out, w)
	}
	if f.More > 0 {
		fmt.Fprintf(std.out, "and %d more\n", f.More)
	}
	fmt.Fprintf(std.out, "as of commit %d: %d resources, %d versions, %d index rows, %d cursors, %d receipts; %d problems found\n",
		f.AsOf, f.Resources, f.Versions, f.Rows, f.Cursors, f.Receipts, len(f.Wrong)+f.More)
	if len(f.Wrong) > 0 {
		return errSilent
	}
	return nil
}

func (c *checkCommand) findings() (*store.Findings, error) {
	if server := administered(c.Data); server != nil {
		answer, err := server.post("/check", "check", nil, nil)
		if err != nil {
			return nil, err
		}
		defer func() { _ = answer.Body.Close() }()
		f := &store.Findings{}
		return f, json.NewDecoder(answer.Body).Decode(f)
	}
	if err := haveDatabase(c.Data, c.encryption); err != nil {
		return nil, err
	}
	db, err := openStore(c.Data, c.encryption)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	return db.Check(context.Background())
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
	return store.Open(engine, store.Options{ReadOnly: true})
}
