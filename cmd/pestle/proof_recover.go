package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/trust/ledger"
)

type proofRecover struct {
	Data   string `env:"PESTLE_DATA" required:"" placeholder:"DIR" help:"Folder of the database, such as one that was restored from a backup."`
	Reason string `required:"" placeholder:"TEXT" help:"Why it cannot be had back; it is recorded."`

	encryption `embed:""`
	signing    `embed:""`
}

// Run commits a record of what was lost, as a leaf of the log, and signs the log
// from there.
func (c *proofRecover) Run(std streams) error {
	if administered(c.Data) != nil {
		return fmt.Errorf("a server has the database in %s open: stop it first", c.Data)
	}
	if err := haveDatabase(c.Data, c.encryption); err != nil {
		return err
	}
	c.beside(c.Data)
	key, err := ledger.ReadKey(c.LogKey)
	if err != nil {
		return fmt.Errorf("%w; --log-key names the file", err)
	}
	lock, err := ledger.OpenLock(c.CheckpointLock)
	if err != nil {
		return err
	}
	app, err := openApp(appConfig{Data: c.Data, Key: c.encryption, Profiles: profileOptions{Policy: "r4"}}, slog.New(slog.DiscardHandler))
	if err != nil {
		return errors.Join(err, lock.Close())
	}
	if err := app.command(context.Background(), operatingUser(), "proof recover"); err != nil {
		return errors.Join(err, lock.Close(), app.close())
	}
	said, err := c.commit(app, key, lock)
	if err = errors.Join(err, app.close()); err == nil {
		fmt.Fprintln(std.out, said)
	}
	return err
}

func (c *proofRecover) commit(app *app, key *ledger.Key, lock *ledger.Lock) (string, error) {
	l := app.ledger
	lost, err := l.Lost(key, lock)
	if err != nil {
		return "", errors.Join(err, lock.Close())
	}
	event, err := lost.Record(time.Now(), c.Reason, commandRequester("proof recover ("+operatingUser()+")").Display)
	if err != nil {
		return "", errors.Join(err, lock.Close())
	}
	done, err := app.db.Commit(context.Background(), &fhir.Transaction{
		Changes:   []fhir.Change{{Method: fhir.Create, Type: "AuditEvent", Resource: event}},
		Requester: commandRequester("proof recover (" + operatingUser() + ")"),
	})
	if err != nil {
		return "", errors.Join(err, lock.Close())
	}
	err = errors.Join(l.Resume(key, lock), l.Close())
	return fmt.Sprintf("%s records what is lost: %s. Tell whoever keeps checkpoints of this log: their witness will raise the alarm", done.Results[0].Version.Ref(), lost), err
}
