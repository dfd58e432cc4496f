package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/tracing"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/alerts"
	"github.com/pestle-fhir/pestle/pharmacy/clinical"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing"
	"github.com/pestle-fhir/pestle/pharmacy/notices"
	"github.com/pestle-fhir/pestle/pharmacy/register"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement"
	"github.com/pestle-fhir/pestle/pharmacy/spine"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse"
	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/profiles/terminology"
	"github.com/pestle-fhir/pestle/server/messages"
	"github.com/pestle-fhir/pestle/server/subscription"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/badger"
	journal "github.com/pestle-fhir/pestle/store/log"
	"github.com/pestle-fhir/pestle/trust/actor"
	"github.com/pestle-fhir/pestle/trust/audit"
	"github.com/pestle-fhir/pestle/trust/duties"
	"github.com/pestle-fhir/pestle/trust/emergency"
	"github.com/pestle-fhir/pestle/trust/ledger"
	"github.com/pestle-fhir/pestle/trust/ownership"
	"github.com/pestle-fhir/pestle/trust/purge"
	"github.com/pestle-fhir/pestle/trust/redaction"
)

// appConfig says how the parts are put together.
type appConfig struct {
	Documents string                                 // place of documents, "" for the one that the folder has
	Inspect   func(context.Context, io.Reader) error // of what callers send; nil for nothing

	Data       string // folder of the database
	Key        encryption
	MinFree    int64 // bytes of its disk that are left to others
	Dispensing dispensing.Options
	Checks     clinical.Table         // nil for the built-in ones
	Register   []string               // schedules for which a register is kept beside those of the law
	Stock      bool                   // keep a stock ledger
	Warehouse  warehouse.Warehouse    // that packs and sends; nil for none
	Closing    *reimbursement.Closing // nil for the built-in one
	Present    register.Asked         // of which supplies a responsible pharmacist is asked for
	References string                 // "any" does not ask that they lead somewhere
	Profiles   profileOptions
	Origins    []string      // by which clients know the server
	Address    string        // the first of them, "" where it is not known
	Proof      time.Duration // see [duties.Table.Proof]
	Notices    noticeOptions
	Alerts     alertOptions
	Messages   messageOptions
	NHS        nhsOptions
	Sandbox    bool   // nothing is sent to anybody, but notifications to this machine
	MaxBacklog uint64 // commits that a follower may be behind; 0 for any number

	Subscriptions subscriptionOptions
	Traces        traceOptions

	Journal     journal.Log                          // the log that several databases follow; nil for a database by itself
	OpenJournal func(*engineOf) (journal.Log, error) // opens one beside the database; nil for none
}

// app is everything of a running Pestle but HTTP.
type app struct {
	engine        *badger.Waiting
	db            *store.DB
	audit         *audit.Log
	library       *profiles.Library
	repository    withAudit
	validator     *profiles.Validator
	clinical      *clinical.Service
	dispensing    *dispensing.Service
	reimbursement *reimbursement.Service
	invoicing     *invoicing.Service
	register      *register.Service
	warehouse     *warehouse.Service
	notices       *notices.Service
	alerts        *alerts.Desk
	nhs           nhsService    // nil in a binary that does not call the NHS
	messages      *messages.Log // nil where none are kept
	figures       *figures      // that alerts ask for
	backups       *backups
	site          string                    // ODS code of the pharmacy
	loops         map[string]*pharmacy.Loop // by follower
	backlog       *pharmacy.Backlog         // of the loops
	parked        tally                     // versions that could not be processed, by follower
	stepped       tally                     // versions that were, likewise
	definitions   *definitionFolder
	law           *dispensing.Law // by which is decided
	ledger        *ledger.Log     // Merkle log of all versions
	accesses      *ledger.Notary  // of the audit log
	purges        *purge.Rules
	duties        *duties.Table
	emergencies   *emergency.Desk
	subscriptions *subscription.Service
	traces        *tracing.Tracer
	origins       []string // by which clients know the server
	address       string   // the first of them, "" where it is not known
	log           *slog.Logger
	signed        []*ledger.Notary // that sign
	base          *base
}

// base is what stays as long as the database is open: the parts over it are made anew
// with each term in which it leads ([base.parts]), since they know what they have
// written themselves.
type base struct {
	config  appConfig
	engine  *badger.Waiting
	db      *store.DB
	audit   *audit.Log
	library *profiles.Library
	ledger  *ledger.Log
	traces  *tracing.Tracer
	log     *slog.Logger

	accesses    *ledger.Notary
	backlog     *pharmacy.Backlog
	duties      *duties.Table
	purges      *purge.Rules
	emergencies *emergency.Desk
	served      atomic.Pointer[subscription.Service] // of the parts that were made last

	checks  clinical.Options
	goods   warehouse.Options
	books   register.Options
	private invoicing.Options
	money   reimbursement.Options
}

// openApp opens the database of a folder and puts the parts together.
func openApp(c appConfig, log *slog.Logger) (*app, error) {
	if err := c.Profiles.found(); err != nil {
		return nil, err
	}
	library, err := c.Profiles.within(c.Data).library()
	if err != nil {
		return nil, err
	}
	c.Dispensing.Dictionary = medicines{library.Terminology()}
	key, err := c.Key.key()
	if err != nil {
		return nil, err
	}
	engine, err := badger.OpenWaiting(c.Data, log, c.MinFree, key)
	if err != nil {
		return nil, keyAdvice(err)
	}
	if c.Dispensing.Law == nil {
		c.Dispensing.Law = dispensing.NewLaw(prescription.BuiltInLaw)
	}
	backlog := &pharmacy.Backlog{Most: fhir.Seq(c.MaxBacklog)}
	separate, err := duties.Builtin()
	if err != nil {
		return nil, err
	}
	separate.Proof = c.Proof
	c.Dispensing.Duties = separate
	known := registered{prescription.BuiltInMedicines.With(c.Dispensing.Dictionary)}
	goods := warehouse.Options{Off: !c.Stock, Site: c.Dispensing.Site.ODS, Medicines: stocked{known}, Warehouse: c.Warehouse, Clock: time.Now, Logger: log}
	books := register.Options{Site: c.Dispensing.Site.ODS, Medicines: known, Also: c.Register, Responsible: c.Present, Duties: separate}
	private := invoicing.Options{Site: c.Dispensing.Site.ODS, Duties: separate}
	money := reimbursement.Options{Duties: separate, Closing: reimbursement.BuiltInClosing, Page: onPaper}
	if c.Closing != nil {
		money.Closing = *c.Closing
	}
	merkle := &ledger.Log{}
	actors, err := actor.Builtin()
	if err != nil {
		return nil, err
	}
	documents, err := c.contents(engine)
	if err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	if c.OpenJournal != nil { // a standby copies the documents too, so that they may be in a folder
		if c.Journal, err = c.OpenJournal(&engineOf{engine, engine}); err != nil {
			return nil, errors.Join(err, engine.Close())
		}
	}
	var db *store.DB
	own := func(base string) bool { return db.Own(base) }
	actors.Own, separate.Own = own, own
	b := &base{}
	served := func(ctx context.Context, state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
		return b.served.Load().Guard(ctx, state, tx, before, after)
	}
	checks := clinical.Options{Site: c.Dispensing.Site.ODS, Rules: c.Checks}
	owners := ownership.New(c.Dispensing.Site.ODS)
	tracer := c.Traces.tracer()
	retention, err := purge.BuiltinRetention()
	if err != nil {
		return nil, err
	}
	overrides, err := purge.BuiltinOverrides(retention)
	if err != nil {
		return nil, err
	}
	purges := &purge.Rules{Retention: retention, Overrides: overrides, Separate: separate.Separate, Public: owners.Public}
	rules, err := emergency.Builtin()
	if err != nil {
		return nil, err
	}
	emergencies := &emergency.Desk{Rules: rules, Separate: separate.Separate}
	narrow := owners.Nearest()
	narrow["Patient"] = dispensing.PatientsOf(c.Dispensing.Site.ODS)
	db, err = store.Open(engine, store.Options{Origins: c.Origins, References: c.References != "any", Guards: []fhir.Guard{backlog.Guard, library.Guard, dispensing.Guard(c.Dispensing), clinical.Guard(checks), invoicing.Guard(private), notices.Guard, alerts.Guard, spine.Guard, reimbursement.Guard(money), register.Guard(books), warehouse.Guard(goods), pharmacy.GuardAudit, pharmacy.GuardUnserved, served, owners.Guard, actors.Guard, separate.Guard, redaction.Guard, purges.Guard, emergencies.Guard}, Purge: purges.May,
		Contents: documents, Inspect: c.Inspect, Shelved: shelved,
		Narrow: narrow, Owners: owners, Scratch: newScratch, Program: version(), Leaf: leafOf, Commitment: ledger.Commitment, Checkpoint: checkpoints(merkle), Watch: watching(tracer),
		Log: c.Journal, Indexing: indexingTold(log), Begin: func(ctx context.Context, db *store.DB) error { return merkle.Start(ctx, logged{db}) }})
	if err != nil {
		return nil, err
	}
	if err := emergencies.Load(db.State(context.Background())); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := merkle.Start(context.Background(), logged{db}); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	accesses, err := openAudit(c.Data, c.Key)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	*b = base{config: c, engine: engine, db: db, audit: accesses, library: library, ledger: merkle, traces: tracer, log: log, accesses: ledger.NewNotary("the audit log", accesses.Tree()),
		backlog: backlog, duties: separate, purges: purges, emergencies: emergencies, checks: checks, goods: goods, books: books, private: private, money: money}
	a, err := b.parts()
	if err != nil {
		return nil, errors.Join(err, db.Close(), accesses.Close())
	}
	c.Profiles.loadBeside(library.Terminology(), log)
	return a, pharmacy.CheckAcyclic(a.followers())
}

// parts puts the parts together over an open database.
func (b *base) parts() (*app, error) {
	c, db, log := b.config, b.db, b.log
	claims := reimbursement.New(db, b.money)
	c.Dispensing.Codes = claims
	a := &app{base: b, engine: b.engine, db: db, audit: b.audit, library: b.library, dispensing: dispensing.New(db, c.Dispensing), reimbursement: claims, backlog: b.backlog, ledger: b.ledger, accesses: b.accesses, traces: b.traces, origins: c.Origins, address: c.Address, log: log}
	a.clinical = clinical.New(db, b.checks)
	a.openStock(b.books, b.goods)
	a.invoicing = invoicing.New(db, b.private)
	told, err := c.Notices.options(c.Sandbox, c.Dispensing.Site.ODS, c.Dispensing.Site.Name)
	if err != nil {
		return nil, err
	}
	told.Logger, told.Traces = log, b.traces
	a.notices = notices.New(db, told)
	if a.backups, err = recallBackups(db.Shelf(), log); err != nil {
		return nil, err
	}
	a.site, a.figures = c.Dispensing.Site.ODS, &figures{app: a}
	a.figures.add(a.backups.counters()...)
	a.nhs = a.openNHS(c.NHS)
	if c.Alerts.rules == nil { // nothing was completed: a sandbox of a test, or a command
		if err := c.Alerts.complete(c.Sandbox, &c.Notices); err != nil {
			return nil, err
		}
	}
	a.alerts = alerts.New(db, alerts.Options{Site: a.site, Base: c.Address, Rules: c.Alerts.rules, Receivers: c.Alerts.receivers, Senders: c.Alerts.senders, Figures: a.figures.value, Clock: time.Now, Logger: log})
	if a.messages, err = c.Messages.open(db.Messages(), log); err != nil {
		return nil, err
	}
	a.purges, a.duties, a.emergencies = b.purges, b.duties, b.emergencies
	a.law = c.Dispensing.Law
	a.definitions = &definitionFolder{data: c.Data, options: c.Profiles, library: b.library}
	a.validator = profiles.New(profiles.WithLibrary(b.library), profiles.WithDefinitions(forms{db, formsGiven{b.library}}))
	site := c.Dispensing.Site
	a.repository = withAudit{newRepository(db, a.library, log), audit.Records{Log: b.audit, Site: audit.Site{Name: cmp.Or(site.Name, "Pestle"), ODS: site.ODS, Address: c.Address}}}
	if a.subscriptions, err = newSubscriptions(a, c, log); err != nil {
		return nil, err
	}
	b.served.Store(a.subscriptions)
	a.loops, a.parked, a.stepped = map[string]*pharmacy.Loop{}, tally{}, tally{}
	for _, f := range a.followers() {
		a.parked[f.Name()], a.stepped[f.Name()] = &atomic.Uint64{}, &atomic.Uint64{}
		a.loops[f.Name()] = &pharmacy.Loop{DB: db, Follower: f, Logger: log, Observe: a.count}
	}
	b.backlog.Watch(db.Head, slices.Collect(maps.Values(a.loops))...)
	return a, nil
}

func (a *app) close() error { return errors.Join(a.db.Close(), a.audit.Close()) }

func (a *app) operations() (list []fhir.Operation) {
	if a.nhs != nil {
		list = a.nhs.Operations()
	}
	list = append(list, indexStatus(a.db, a.repository.Read))
	return slices.Concat(list, a.coreOperations(), a.invoicing.Operations(), a.notices.Operations(), a.alerts.Operations(), a.messageOperations(), a.emergencies.Operations(a.db), a.subscriptions.Operations())
}

// coreOperations are those of the parts that serve every prescription.
func (a *app) coreOperations() []fhir.Operation {
	return slices.Concat([]fhir.Operation{accessReport(a.repository), a.purging(a.purges.Operation(a.db))}, a.clinical.Operations(), a.dispensing.Operations(), a.reimbursement.Operations(), a.register.Operations(), a.warehouse.Operations(), terminology.Operations(a.library.Terminology(), a.repository))
}

func (a *app) intakes() []fhir.Intake {
	return append(a.dispensing.Intakes(), a.reimbursement.Intakes()...)
}

func (a *app) followers() (list []pharmacy.Follower) {
	if a.nhs != nil {
		list = a.nhs.Followers()
	}
	return slices.Concat(list, a.clinical.Followers(), a.dispensing.Followers(), a.reimbursement.Followers(), a.invoicing.Followers(), a.register.Followers(), a.notices.Followers(), a.warehouse.Followers())
}

// follow runs the followers until ctx ends; the channel is closed when the last
// has stopped.
func (a *app) follow(ctx context.Context) <-chan struct{} {
	var group sync.WaitGroup
	for _, f := range a.followers() {
		loop := a.loops[f.Name()]
		group.Go(func() {
			if err := loop.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
				a.log.Error("follower stopped", "follower", f.Name(), "error", err)
			}
		})
	}
	for _, timed := range append(a.dispensing.Timed(), a.warehouse.Timed()...) {
		timer := pharmacy.Timer{DB: a.db, Head: a.db.Head, Timed: timed, Clock: time.Now, Logger: a.log,
			Behind: func() fhir.Seq { _, lag := a.backlog.Lag(); return lag }}
		group.Go(func() { _ = timer.Run(ctx) })
	}
	group.Go(func() { a.notices.Deliver(ctx) })
	if a.nhs != nil {
		group.Go(func() { a.nhs.Run(ctx) })
	}
	group.Go(func() { a.alerts.Watch(ctx) })
	if a.messages != nil {
		group.Go(func() { a.messages.Run(ctx) })
	}
	group.Go(func() {
		if err := a.subscriptions.Run(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("subscriptions are not served", "error", err)
		}
	})
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	return done
}

// commandRequester is who a command of this binary writes as.
func commandRequester(command string) fhir.Principal {
	return fhir.Principal{Agent: "Device/pestle", Display: "pestle " + command, Unbound: true}
}
