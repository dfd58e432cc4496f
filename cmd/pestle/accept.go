package main

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/badger"
	"github.com/pestle-fhir/pestle/trust/ownership"
)

type acceptCommand struct {
	Data string `required:"" placeholder:"DIR" help:"A copy of the folder."`

	encryption `embed:""`
}

// Run makes a database of what a folder holds, upgrades its index where that is
// of another version, and checks it.
func (c *acceptCommand) Run(std streams) error {
	key, err := c.key()
	if err != nil {
		return err
	}
	missing, err := badger.Accept(c.Data, slog.New(slog.DiscardHandler), key)
	if err != nil {
		return keyAdvice(err)
	}
	for _, m := range missing {
		fmt.Fprintln(std.out, m)
	}
	return errors.Join(openedOnce(c.Data, key), (&checkCommand{Data: c.Data, encryption: c.encryption}).Run(std))
}

// openedOnce opens a database for writing, which makes its index, and closes it.
func openedOnce(dir string, key badger.Option) error {
	engine, err := badger.Open(dir, slog.New(slog.DiscardHandler), key)
	if err != nil {
		return err
	}
	db, err := store.Open(engine, store.Options{Owners: ownership.New("")})
	if err != nil {
		return err
	}
	return db.Close()
}
