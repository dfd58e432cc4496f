package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/trust/audit"
	"github.com/pestle-fhir/pestle/trust/ledger"
)

type proofRecover struct {
	Data   string `env:"PESTLE_DATA" required:"" placeholder:"DIR" help:"Folder of the database, such as one that was restored from a backup."`
	Reason string `required:"" placeholder:"TEXT" help:"Why it cannot be had back; it is recorded."`

	encryption `embed:""`
	signing    `embed:""`
}

// Run records what was lost, as a leaf of each log that has lost something, and signs
// the logs from there.
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
	accesses, err := key.Of(audit.LogName)
	if err != nil {
		return err
	}
	app, err := openApp(appConfig{Data: c.Data, Key: c.encryption, Profiles: profileOptions{Policy: "r4"}}, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	recoveries := []*recovery{{notary: &app.ledger.Notary, key: key, path: c.CheckpointLock, record: c.commit}, {notary: app.accesses, key: accesses, path: c.auditLock(), record: recordLoss}}
	said, err := c.recover(app, recoveries)
	for _, r := range recoveries {
		err = errors.Join(err, r.close())
	}
	if err = errors.Join(err, app.close()); err == nil {
		fmt.Fprintln(std.out, strings.Join(said, "\n"))
	}
	return err
}

// recovery is what is lost of a log, and where that is recorded.
type recovery struct {
	notary *ledger.Notary
	key    *ledger.Key
	path   string // of the lock
	lock   *ledger.Lock
	loss   ledger.Loss
	record func(a *app, loss ledger.Loss) (string, error)
}

func (r *recovery) close() error {
	if r.notary.Signed() { // which closes the lock
		return r.notary.Close()
	}
	if r.lock != nil {
		return r.lock.Close()
	}
	return nil
}

// recover records what is lost of each log, and signs them.
func (c *proofRecover) recover(app *app, logs []*recovery) (said []string, err error) {
	var lost []*recovery
	var nothing error
	for _, r := range logs {
		if r.lock, err = ledger.OpenLock(r.path); err != nil {
			return nil, err
		}
		r.loss, err = r.notary.Lost(r.key, r.lock)
		switch {
		case err == nil:
			lost = append(lost, r)
		case errors.Is(err, ledger.ErrNothingLost):
			nothing = errors.Join(nothing, err)
		default:
			return nil, err
		}
	}
	if lost == nil {
		return nil, nothing
	}
	ended, err := app.command(fmt.Sprintf("proof recover --reason %q", c.Reason))
	if err != nil {
		return nil, err
	}
	defer func() { err = ended(err) }()
	for _, r := range lost {
		where, err := r.record(app, r.loss)
		if err == nil {
			err = r.notary.Resume(r.key, r.lock)
		}
		if err != nil {
			return nil, err
		}
		said = append(said, fmt.Sprintf("%s records what is lost: %s. Tell whoever keeps checkpoints of this log: their witness will raise the alarm", where, r.loss))
	}
	return said, nil
}

// commit records what is lost of the log of changes as a version of it.
func (c *proofRecover) commit(app *app, loss ledger.Loss) (string, error) {
	who := commandRequester("proof recover (" + operatingUser() + ")")
	event, err := loss.Record(time.Now(), c.Reason, who.Display)
	if err != nil {
		return "", err
	}
	done, err := app.db.Commit(context.Background(), &fhir.Transaction{
		Changes:   []fhir.Change{{Method: fhir.Create, Type: auditEvent, Resource: event}},
		Requester: who,
	})
	if err != nil {
		return "", err
	}
	return done.Results[0].Version.Ref(), nil
}

// recordLoss records what is lost of the audit log as an event of it.
func recordLoss(app *app, loss ledger.Loss) (string, error) {
	number, err := app.audit.Recovered(context.Background(), systemUser(operatingUser()), loss.Signed.Note, time.Now())
	return fmt.Sprintf("event %d of the audit log", number), err
}
