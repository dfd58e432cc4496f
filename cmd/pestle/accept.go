package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/badger"
	"github.com/pestle-fhir/pestle/trust/audit"
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
	if err := c.acceptAudit(std); err != nil {
		return err
	}
	ended, err := c.record(c.Data, "accept")
	if err != nil {
		return err
	}
	return ended(errors.Join(openedOnce(c.Data, key), (&checkCommand{Data: c.Data, encryption: c.encryption}).Run(std)))
}

// acceptAudit moves an audit log that cannot be read aside.
func (c *acceptCommand) acceptAudit(std streams) error {
	accesses, err := readAudit(c.Data, c.encryption)
	if err == nil {
		_, err = accesses.Verify(context.Background(), nil)
	}
	if damage := (*audit.DamageError)(nil); !errors.As(err, &damage) {
		return err
	}
	moved, failed := audit.Abandon(auditFolder(c.Data))
	if failed == nil {
		fmt.Fprintf(std.out, "%v; it is in %s now, and the audit log begins anew: where a server has signed it, `pestle proof recover` records what is lost\n", err, moved)
	}
	return failed
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
