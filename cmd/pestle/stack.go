package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/console"
)

// stack is how the parts over a database answer, and what they do by themselves. A
// server by itself has one; one of several has another with each term, since parts
// know what they have written themselves.
type stack struct {
	serving  *serveCommand
	app      *app
	leads    bool
	server   *server.Server
	screens  *console.Server
	handler  http.Handler
	admin    *admin
	verified *verification
	purged   eraser
	reloads  *reloading
	log      *slog.Logger

	stop  context.CancelFunc
	works []<-chan struct{} // closed when what runs has ended
	side  *http.Server      // of the address for operators
}

// stack makes one, and signs what it is to sign; [stack.end] gives that up. tell adds to
// its configuration.
func (c *serveCommand) stack(app *app, at net.Addr, leads bool, tell func(*server.Config, bool), log *slog.Logger) (*stack, error) {
	sign := c.sign
	if c.replica != nil {
		sign = c.signReplica(leads)
	} else if c.seat != nil {
		sign = c.signNode(leads)
	}
	if err := sign(app, c.origin(), log); err != nil {
		return nil, err
	}
	k := &stack{serving: c, app: app, leads: leads, log: log, stop: func() {}}
	if err := k.make(at, tell); err != nil {
		return nil, errors.Join(err, app.closeLogs())
	}
	return k, nil
}

func (k *stack) make(at net.Addr, tell func(*server.Config, bool)) error {
	c, app, log := k.serving, k.app, k.log
	config, err := c.config(app, log)
	if err != nil {
		return err
	}
	k.verified = &verification{db: app.db, every: time.Duration(c.VerifyHours) * time.Hour, share: float64(min(max(c.VerifyShare, 1), 100)) / 100, log: log}
	if err := k.verified.recall(); err != nil {
		return err
	}
	config.Warnings, config.Wrong = append(config.Warnings, k.verified.damage), k.verified.wrong
	for _, n := range app.signed {
		config.Warnings = append(config.Warnings, n.Trouble)
	}
	if c.replica != nil {
		config.Warnings = append(config.Warnings, c.replica.warning)
		config.Counters = append(config.Counters, c.replica.counters()...)
	}
	k.purged = eraser{db: app.db, log: log, before: app.forget}
	k.reloads = &reloading{serving: c, app: app, bearer: c.taken, tokens: issuer(config), log: log}
	app.figures.add(k.verified.counters()...)
	config.Counters = slices.Concat(config.Counters, app.backups.counters(), k.verified.counters(), k.reloads.counters(), c.Traces.counters(), []server.Counter{k.purged.counter()})
	tell(&config, k.leads)
	app.subscriptions.Recognise(again(config), config.Authenticator)
	if k.server, err = server.New(config); err != nil {
		return err
	}
	roles, err := c.roles()
	if err != nil {
		return err
	}
	k.admin = &admin{app: app, replica: c.replica, data: c.Data, log: log, tokens: issuer(config), accounts: c.accounts, sandbox: c.people, ready: k.server.Ready, roles: roles}
	cards := &payments{app: app, stripe: c.Cards.stripe, till: c.Sandbox, site: c.site(), log: log}
	packers := &goods{app: app, http: c.Goods.http, log: log}
	cards.take(cmp.Or(app.address, "http://"+at.String()))
	k.screens = c.consoleOver(k.server.Handler(), k.admin.commands(recognised{}), app, &config, log)
	k.handler = app.withSockets(cards.within(packers.within(c.withPeople(k.screens.Within(k.admin.withCommands(k.server.Handler(), config.Authenticator))))))
	return nil
}

// run starts what the server does by itself: of one of several, only the leader does
// what writes.
func (k *stack) run(ctx context.Context) (err error) {
	c, app := k.serving, k.app
	ctx, k.stop = context.WithCancel(ctx)
	k.works = append(k.works, app.signLogs(ctx))
	if k.leads {
		k.works = append(k.works, app.follow(ctx), app.runGoods(ctx, &c.Goods))
		k.work(func() { forgetRepeats(ctx, app.db, time.Duration(c.RepeatHours)*time.Hour, k.log) })
	}
	k.works = append(k.works, c.Traces.export(ctx, k.log))
	k.work(func() { k.verified.run(ctx) })
	k.work(func() { k.purged.run(ctx) })
	k.work(func() { sweeper{app.db, k.log}.run(ctx) })
	go app.retain(ctx, c.retention)
	go k.reloads.run(ctx, c.hangups)
	k.works = append(k.works, k.admin.administer(ctx))
	k.side, err = c.serveAdmin(k.server, k.log)
	return err
}

func (k *stack) work(f func()) {
	done := make(chan struct{})
	go func() { f(); close(done) }()
	k.works = append(k.works, done)
}

// end stops what runs, before the database is closed.
func (k *stack) end() error {
	k.stop()
	if k.side != nil {
		_ = k.side.Close()
	}
	return inTime(closeTime, "the followers did not stop", func() error {
		k.server.Close()
		for _, done := range k.works {
			<-done
		}
		return k.app.closeLogs()
	})
}
