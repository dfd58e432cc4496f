package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/oauth"
)

// reloadable are the settings that a running server takes over from its configuration:
// what they name is read again too. All others need a restart. (Certificates are read
// again when their files change, and the tariff is in the database.)
var reloadable = []string{"keys", "law", "roles", "delegates", "definitions"}

// reloading takes the configuration over that is read again.
type reloading struct {
	serving *serveCommand
	app     *app
	bearer  *auth.Bearer  // nil where tokens of no other issuer are taken
	tokens  *oauth.Server // nil where the server issues none
	log     *slog.Logger
	failed  atomic.Bool  // the last one
	at      atomic.Int64 // of the last one that succeeded, Unix time
}

// run takes the configuration over at each signal, until ctx ends.
func (r *reloading) run(ctx context.Context, signals <-chan os.Signal) {
	r.at.Store(time.Now().Unix())
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
		}
		err := r.reload()
		if r.failed.Store(err != nil); err != nil {
			r.log.Error("the configuration is not taken over: everything stays as it is", "error", err)
			continue
		}
		r.at.Store(time.Now().Unix())
		r.log.Info("the configuration is taken over", "settings", strings.Join(reloadable, ", "))
	}
}

// reload reads everything first, so that either all of it is taken over or nothing.
func (r *reloading) reload() error {
	fresh, err := r.serving.again()
	if err != nil {
		return err
	}
	if err := fresh.verify(); err != nil {
		return err
	}
	if err := r.serving.differs(fresh); err != nil {
		return err
	}
	law := prescription.BuiltInLaw
	if fresh.law != nil {
		law = *fresh.law
	}
	var keys []auth.Key
	if r.bearer != nil {
		if keys, err = fresh.keys(); err != nil {
			return err
		}
	}
	roles, err := readRoles(fresh.Roles)
	if err != nil {
		return err
	}
	delegates, err := readDelegates(fresh.Delegates)
	if err != nil {
		return err
	}
	if err := r.app.definitions.reload(fresh.profileOptions); err != nil {
		return err
	}
	if r.serving.allowed != nil { // first: those who are recognised below are so by it
		r.serving.allowed.Replace(roles)
	}
	if r.bearer != nil {
		r.bearer.Replace(keys)
		r.bearer.ReplaceDelegates(delegates)
	}
	if r.tokens != nil {
		r.tokens.ReplaceDelegates(delegates)
	}
	r.app.law.Replace(law)
	// What is opened anew when this server begins to lead is opened by these.
	r.serving.Roles, r.serving.Delegates, r.serving.law, r.serving.profileOptions = fresh.Roles, fresh.Delegates, fresh.law, fresh.profileOptions
	r.serving.settings = fresh.settings
	return nil
}

// again is the command as it would be now: the same command line and environment, and
// the configuration file as it is.
func (c *serveCommand) again() (*serveCommand, error) {
	var all commands
	var fresh *serveCommand
	p := newProgram(&all, func(command any) error {
		fresh, _ = command.(*serveCommand)
		return nil
	})
	if err := p.Execute(c.line, io.Discard, io.Discard); err != nil {
		return nil, err
	}
	if fresh == nil {
		return nil, errors.New("the command line is not that of serve")
	}
	return fresh, nil
}

// differs names the settings that are others and need a restart.
func (c *serveCommand) differs(fresh *serveCommand) error {
	var names []string
	for i, s := range c.settings {
		if i < len(fresh.settings) && fresh.settings[i].Value != s.Value && !slices.Contains(reloadable, s.Name) {
			names = append(names, "--"+s.Name)
		}
	}
	for _, secret := range []struct {
		name     string
		was, now string
	}{{"--secret", c.Secret, fresh.Secret}, {"--stripe-key", c.Cards.StripeKey, fresh.Cards.StripeKey},
		{"--stripe-webhook-secret", strings.Join(c.Cards.StripeWebhookSecrets, " "), strings.Join(fresh.Cards.StripeWebhookSecrets, " ")}} {
		if secret.was != secret.now {
			names = append(names, secret.name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("%s: restart the server to change this; only %s are taken over while it runs", strings.Join(names, ", "), strings.Join(reloadable, ", "))
}

// counters are the figures of the last reload.
func (r *reloading) counters() []server.Counter {
	return []server.Counter{
		{Name: "pestle_config_reload_failed", Gauge: true, Help: "1 where the configuration that was last read again was not taken over.", Value: func() float64 {
			if r.failed.Load() {
				return 1
			}
			return 0
		}},
		{Name: "pestle_config_timestamp_seconds", Gauge: true, Help: "When the configuration was taken over the last time, Unix time.", Value: func() float64 { return float64(r.at.Load()) }},
	}
}
