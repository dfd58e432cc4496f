package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/badger"
)

type checkCommand struct {
	Data string `env:"PESTLE_DATA" default:"data" placeholder:"DIR" help:"Folder of the database, which is only read; no server may have it open."`
}

// haveDatabase refuses a folder without a database, so that a mistyped path is
// not taken for an empty one.
func haveDatabase(dir string) error {
	if found, err := badger.Exists(dir); found || err != nil {
		return err
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
// changes nothing in the folder.
func (c *checkCommand) Run(std streams) error {
	if err := haveDatabase(c.Data); err != nil {
		return err
	}
	engine, err := badger.OpenReadOnly(c.Data, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	db, err := store.Open(engine, store.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	r, err := db.Check(context.Background())
	if err != nil {
		return err
	}
	for _, w := range r.Wrong {
		fmt.Fprintln(std.out, w)
	}
	if r.More > 0 {
		fmt.Fprintf(std.out, "and %d more\n", r.More)
	}
	fmt.Fprintf(std.out, "as of commit %d: %d resources, %d versions, %d index rows, %d cursors, %d receipts; %d problems found\n",
		r.AsOf, r.Resources, r.Versions, r.Rows, r.Cursors, r.Receipts, len(r.Wrong)+r.More)
	if len(r.Wrong) > 0 {
		return errSilent
	}
	return nil
}
