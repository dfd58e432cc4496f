package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/pestle-fhir/pestle/docs"
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/cli"
	"github.com/pestle-fhir/pestle/pharmacy/clinical"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/register"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/node"
	"github.com/pestle-fhir/pestle/server/oauth"
	"github.com/pestle-fhir/pestle/server/signin"
	"github.com/pestle-fhir/pestle/server/subscription"
	"github.com/pestle-fhir/pestle/server/transport"
	"github.com/pestle-fhir/pestle/trust/audit"
	"github.com/pestle-fhir/pestle/trust/ledger"
	"github.com/pestle-fhir/pestle/trust/policy"
)

// serveCommand is the configuration of a server: each flag is an environment
// variable too.
type serveCommand struct {
	documentOptions `embed:""`

	Config string `env:"PESTLE_CONFIG" placeholder:"FILE" help:"YAML file with settings by the names of these flags, for what neither a flag nor a variable sets (docs/configuration.md)."`

	Addr    string `env:"PESTLE_ADDR" default:"127.0.0.1:8080" help:"Address to listen on, host:port."`
	Data    string `env:"PESTLE_DATA" placeholder:"DIR" help:"Folder of the database. With --sandbox ./data unless set."`
	Sandbox bool   `env:"PESTLE_SANDBOX" help:"Try it out: demo data, no login, loopback only."`
	Seed    string `env:"PESTLE_SEEDS" placeholder:"DIR" help:"Of a sandbox: load the resources and Bundles of a folder into a database that is new (docs/environments.md)."`

	LawFromReceipt bool `env:"PESTLE_LAW_FROM_RECEIPT" help:"Of a sandbox: count how long a prescription may be supplied from its arrival, to work with prescriptions of the past."`

	Site          string `env:"PESTLE_SITE" placeholder:"ODS" help:"ODS code of the pharmacy that this server serves."`
	SiteName      string `env:"PESTLE_SITE_NAME" placeholder:"NAME" help:"Name of the pharmacy."`
	Authority     string `env:"PESTLE_AUTHORITY" default:"T1450" placeholder:"ODS" help:"ODS code of who reimburses the pharmacy."`
	ClosingPolicy []byte `env:"PESTLE_CLOSING_POLICY" placeholder:"FILE" help:"How many persons close a month, in the place of the built-in table: as in docs/month-end.md."`

	SupplyPolicy []byte `env:"PESTLE_SUPPLY_POLICY" placeholder:"FILE" help:"Steps that come before a supply in the place of the built-in ones: a table as in docs/adr/approval.md."`
	Clinical     []byte `env:"PESTLE_CLINICAL_RULES" name:"clinical-rules" placeholder:"FILE" help:"Clinical checks in the place of the built-in ones: a table as in docs/clinical.md."`
	Law          []byte `env:"PESTLE_LAW" placeholder:"FILE" help:"Dated limits of law in the place of the built-in ones, after a change of the law: JSON as in docs/flow.md."`

	RegisterAlso []string `env:"PESTLE_REGISTER_ALSO" placeholder:"CD3" help:"Schedules for which the controlled drugs register is kept beside those of the law, 1 and 2."`
	Responsible  string   `env:"PESTLE_RESPONSIBLE_PHARMACIST" name:"responsible-pharmacist" enum:"persons,none" default:"persons" help:"Of which supplies it is asked whether a responsible pharmacist is signed in: those of persons, by the roles in their token, or none."`

	profileOptions `embed:""`

	Keys        string `env:"PESTLE_KEYS" placeholder:"FILE" help:"JSON Web Key Set (RFC 7517) with the keys that sign callers' tokens."`
	Issuer      string `env:"PESTLE_ISSUER" help:"The iss that tokens must carry."`
	AnyIssuer   bool   `env:"PESTLE_ANY_ISSUER" help:"Take tokens of every issuer whose key is in --keys, in the place of --issuer."`
	Audience    string `env:"PESTLE_AUDIENCE" help:"The aud that tokens must carry."`
	AnyAudience bool   `env:"PESTLE_ANY_AUDIENCE" help:"Take tokens that were issued for other servers too, in the place of --audience."`
	IssueTokens bool   `env:"PESTLE_ISSUE_TOKENS" help:"Issue tokens to clients that pestle client add registers, at /token of --public-url. Tokens of --keys are taken besides, where it is set."`

	SignIn      bool          `env:"PESTLE_SIGN_IN" help:"With --issue-tokens: people that pestle user add registers sign in with passkeys at /sign-in of --public-url, and let apps act for them (docs/signin.md)."`
	SessionIdle time.Duration `env:"PESTLE_SESSION_IDLE" default:"15m" help:"With --sign-in: a session ends when it was not used for so long; 30m at most."`
	SessionMost time.Duration `env:"PESTLE_SESSION_MOST" default:"12h" help:"With --sign-in: a session ends so long after the sign-in; 12h at most."`

	Reauth time.Duration `name:"reauth-controlled-drugs" env:"PESTLE_REAUTH_CONTROLLED_DRUGS" placeholder:"DURATION" help:"How long ago a person may have proved who they are who prescribes, takes, supplies, returns or corrects a controlled drug of Schedules 1 to 3, such as 5m; not asked unless set. It asks for assurance level 2 too (docs/signin.md). Others are answered 401 with max_age and acr_values (RFC 9470)."`

	ACRLevel map[string]string `name:"acr-level" env:"PESTLE_ACR_LEVEL" mapsep:"none" placeholder:"ACR=LEVEL" help:"How strongly a value of acr, in tokens of --issuer or of an OpenID provider, says that a person proved who they are: the authenticator assurance level, 1 to 3, of NIST SP 800-63B; several by repeating it. Those of NHS CIS2 are known (docs/signin.md)."`

	AllowPrivateKeysURL bool `env:"PESTLE_ALLOW_PRIVATE_KEYS_URL" name:"allow-private-keys-url" help:"Clients may publish their keys at addresses of private networks."`

	Delegates         []byte            `env:"PESTLE_DELEGATES" placeholder:"FILE" help:"Who may send for whom besides themselves: JSON such as {\"A\": [\"B\"]}, by ODS codes, by which A may send for B."`
	Roles             []byte            `env:"PESTLE_ROLES" placeholder:"FILE" help:"What each role may do, in the place of the built-in table, which pestle roles prints: lines as in docs/access.md."`
	OrganisationClaim string            `env:"PESTLE_ORGANISATION_CLAIM" default:"organisation" placeholder:"NAME" help:"The claim of tokens of --issuer with the ODS code of who the caller acts for."`
	PatientClaim      string            `env:"PESTLE_PATIENT_CLAIM" default:"patient" placeholder:"NAME" help:"The claim of tokens of --issuer with the logical id of the Patient to whom scopes of the context patient are confined."`
	ScopeMap          map[string]string `env:"PESTLE_SCOPE_MAP" mapsep:"none" placeholder:"SCOPE=SCOPES" help:"What a scope of another vocabulary in tokens of --issuer grants, such as 'urn:nhsd:apim:app:level3:electronic-prescription-service-api:dispensing=system/Task.rus system/$process-message'; several by repeating it."`
	RolesClaim        string            `env:"PESTLE_ROLES_CLAIM" default:"roles" placeholder:"NAME" help:"The claim of tokens that names the caller's roles."`
	PublicURL         string            `env:"PESTLE_PUBLIC_URL" placeholder:"URL" help:"Scheme and host under which clients know the server: all links begin with it."`
	AdminAddr         string            `env:"PESTLE_ADMIN_ADDR" placeholder:"HOST:PORT" help:"Address on which /metrics and /health are served to everybody who can reach it, and /debug/pprof to this machine. The API's address serves /metrics too, to tokens with the scope system/$metrics."`
	CORSOrigin        []string          `name:"cors-origin" env:"PESTLE_CORS_ORIGIN" placeholder:"ORIGIN" help:"Origin of a web program that may call, such as https://app.example, with :* for any port; * for all. A sandbox takes those of this machine too."`
	SearchHandling    string            `env:"PESTLE_SEARCH_HANDLING" enum:"strict,lenient" default:"strict" help:"What becomes of unknown search parameters where the client sends no Prefer: handling: strict refuses them, lenient leaves them out with a warning."`
	References        string            `env:"PESTLE_REFERENCES" enum:"enforced,any" default:"enforced" help:"Whether references of prescriptions, supplies, Tasks and claims must lead to what is stored, and what they refer to cannot be deleted: enforced, or any."`
	TokenEndpoint     string            `env:"PESTLE_TOKEN_ENDPOINT" placeholder:"URL" help:"Where clients get their tokens: says so in /.well-known/smart-configuration."`
	AuthorizeEndpoint string            `env:"PESTLE_AUTHORIZE_ENDPOINT" placeholder:"URL" help:"Where users log in for a token, if they do."`
	KeysURL           string            `env:"PESTLE_KEYS_URL" placeholder:"URL" help:"Where the issuer publishes the keys of --keys."`

	AuditRetention []byte `env:"PESTLE_AUDIT_RETENTION" placeholder:"FILE" help:"How long records of the audit log are kept, by class, in the place of the built-in table: lines as in docs/audit.md."`

	Secret         string   `env:"PESTLE_SECRET" secret:"" help:"Secret that seals the links of result pages; set it so that they outlive a restart."`
	Log            string   `env:"PESTLE_LOG" placeholder:"file|URL" help:"Keep a log of all writes that standbys follow, in the folder of the database: file (docs/standby.md); or with several servers with the same data, in NATS servers with JetStream: nats://host:4222, with commas between (docs/cluster.md)."`
	LogMost        dataSize `env:"PESTLE_LOG_MOST" placeholder:"SIZE" default:"4GB" help:"With --log file: how much of it is kept, whoever needs it; what all standbys have is not kept beyond 64 MB."`
	WaitForStandby int      `env:"PESTLE_WAIT_FOR_STANDBY" placeholder:"N" default:"0" help:"With --log file: a write is acknowledged once so many standbys hold it; without them none is."`

	LogJSON      bool          `env:"PESTLE_LOG_JSON" help:"Write the log as JSON lines."`
	LogSlow      time.Duration `env:"PESTLE_LOG_SLOW" default:"1s" help:"Requests that take so long are logged as slow, with how their search was answered; 0s for none."`
	LogDebug     bool          `env:"PESTLE_LOG_DEBUG" help:"Log more."`
	MinFreeMB    int64         `env:"PESTLE_MIN_FREE_MB" name:"min-free-mb" default:"0" help:"Writes are refused with 507 while the disk of the data folder has fewer megabytes free. The database keeps what it needs itself in any case: 32 MB, three times the write, and the size of its tables up to 512 MB."`
	Memory       memory        `env:"PESTLE_MEMORY" placeholder:"SIZE" help:"What all requests in flight may need together, such as 512MB or 2GB; a quarter of the machine's memory unless set. Requests beyond it are answered 429 and may be sent again, or 413 if they never fit."`
	MaxBacklog   uint64        `env:"PESTLE_MAX_BACKLOG" default:"10000" help:"Commits that the processing of prescriptions may be behind. While it is further behind, new prescriptions are answered 429 with Retry-After; everything else is taken. 0 for any number."`
	DeleteAtMost int           `env:"PESTLE_DELETE_AT_MOST" default:"1" help:"How many resources a conditional delete (DELETE Observation?status=cancelled) deletes at once; where its search finds more it is refused."`
	RepeatHours  int           `env:"PESTLE_REPEAT_HOURS" default:"72" help:"Hours within which a create, update, patch, delete or transaction that is sent again under the same X-Request-ID or Idempotency-Key is answered as before, and not done again; 0 for never. Operations and messages are, whenever they are sent again."`
	VerifyHours  int           `env:"PESTLE_VERIFY_HOURS" default:"24" help:"Hours within which all data is verified once, beside the requests: what is on the disk, and the index against the log; 0 for none. The first time begins with the server."`
	VerifyShare  int           `env:"PESTLE_VERIFY_PERCENT" name:"verify-percent" default:"10" help:"Percent of one processor that the verification may use, 1 to 100."`
	DrainSeconds int           `env:"PESTLE_DRAIN_SECONDS" default:"20" help:"Seconds that requests under way have to finish after SIGTERM."`

	OpenID      openIDOptions `embed:""`
	Cards       cardOptions   `embed:""`
	Goods       goodsOptions  `embed:""`
	encryption  `embed:""`
	listening   `embed:""`
	signing     `embed:""`
	secretFiles `embed:""`
	Notices     noticeOptions       `embed:""`
	Subscribed  subscriptionOptions `embed:""`
	Alerts      alertOptions        `embed:""`
	Messages    messageOptions      `embed:""`
	NHS         nhsOptions          `embed:""`
	Traces      traceOptions        `embed:""`
	Several     clusterOptions      `embed:""`

	settings  []cli.Setting          // as they were told
	line      []string               // the command line
	hangups   <-chan os.Signal       // at which the configuration is read again; nil for never
	taken     *auth.Bearer           // who takes the tokens of --keys; nil without
	allowed   *policy.Table          // of Roles; nil before it is read
	law       *prescription.Law      // of Law; nil for the built-in one
	checks    clinical.Table         // of Clinical; nil for the built-in one
	policy    *prescription.Policy   // of SupplyPolicy; nil for the built-in one
	closing   *reimbursement.Closing // of ClosingPolicy; nil for the built-in one
	retention audit.Retention        // of AuditRetention
	accounts  *accounts              // nil where nobody can sign in
	people    *policy.Table          // what roles allow the people of a sandbox; nil elsewhere
	seat      node.Seat              // of a server that is one of several; nil for one by itself
	replica   *replica               // of a server with a log of its own; nil for one without
	nodeName  string                 // of this one among them
	nodeRoots *x509.CertPool         // of their certificates; nil for those of the system
}

// Run serves until SIGTERM or an interrupt, then lets the requests under way
// finish, stops the followers and closes the database.
func (c *serveCommand) Run(std streams) error {
	if err := c.complete(); err != nil {
		return err
	}
	log := c.logger(std)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	c.hangups = hangups() // from now on, so that none ends the process

	listener, err := c.listen(c.Addr, log)
	if err != nil {
		return err
	}
	config := c.appConfig()
	if config.Inspect, err = c.inspect(log); err != nil {
		return errors.Join(err, listener.Close())
	}
	config.Origins = origins(c.PublicURL, listener.Addr())
	if config.Address = c.PublicURL; config.Address == "" {
		config.Address = "http://" + listener.Addr().String()
	}
	if err := c.prepare(config.Address, log); err != nil {
		return errors.Join(err, listener.Close())
	}
	if c.replica != nil {
		config.OpenJournal = c.replica.open
		defer func() { _ = c.replica.close() }() // after the database
	}
	leave := func() {}
	if c.Several.several() {
		if leave, err = c.join(ctx, &config, listener.Addr(), log); err != nil {
			return errors.Join(err, listener.Close())
		}
	}
	defer func() { leave() }()
	app, err := openApp(config, log)
	if err == nil && c.replica != nil {
		if err = c.take(ctx, app.db); err != nil {
			err = errors.Join(err, app.close())
		}
	}
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	err = c.serve(ctx, app, listener, log, std)
	return errors.Join(err, inTime(closeTime, "the database in "+c.Data+" could not be closed: its newest writes are not in its tables, and are kept only if its log (.mem) is still there", app.close))
}

// closeTime bounds how long the database has to write its buffer out, and the
// followers to stop, after the time for requests to finish.
const closeTime = 15 * time.Second

// inTime gives up waiting for f after a time, with an error that says so. The
// process ends soon after.
func inTime(limit time.Duration, what string, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return nil
	case <-time.After(limit):
		return fmt.Errorf("%s: it took longer than %s", what, limit)
	}
}

func (c *serveCommand) serve(ctx context.Context, app *app, listener net.Listener, log *slog.Logger, std streams) error {
	defer boundMemory(min(heapMemory, c.Memory.orDefault()))()
	c.signing.complete(c.Data, c.Sandbox)
	if c.seat != nil {
		return c.serveNode(ctx, app, listener, log)
	}
	fresh := app.db.Head() == 0
	k, err := c.stack(app, listener.Addr(), true, func(*server.Config, bool) {}, log)
	if err != nil {
		return err
	}
	if c.Sandbox {
		if err = app.loadDemo(ctx); err == nil && c.Seed != "" && fresh {
			err = app.seed(ctx, c.Seed, std)
		}
		if fhir.KindOf(err) == fhir.NoStore { // reads go on
			log.Warn("the demo data could not be stored", "error", err)
			err = nil
		}
	}
	if err == nil {
		err = k.run(ctx)
	}
	if err != nil {
		return errors.Join(err, k.end())
	}
	c.greet(listener.Addr(), std)
	if c.LawFromReceipt {
		log.Warn("prescriptions are supplied as if signed on the day they arrive; not for patients", "flag", "--law-from-receipt")
	}
	log.Info("the log of changes is signed", "key", app.ledger.Public(), "checkpoint", app.ledger.Newest())
	log.Info("the audit log is signed", "key", app.accesses.Public(), "checkpoint", app.accesses.Newest())
	return c.answer(ctx, k.handler, listener, k.end, log, k.screens.Close)
}

// answer serves HTTP until ctx ends, lets what is under way finish, and calls ended.
func (c *serveCommand) answer(ctx context.Context, handler http.Handler, listener net.Listener, ended func() error, log *slog.Logger, drained func()) error {
	h := &http.Server{Handler: transport.Handler(c.proxies, handler), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	h.RegisterOnShutdown(drained)
	failed := make(chan error, 1)
	go func() { failed <- h.Serve(listener) }()
	log.Info("ready", "addr", listener.Addr().String(), "data", c.Data, "sandbox", c.Sandbox)

	select {
	case err := <-failed:
		return errors.Join(err, ended())
	case <-ctx.Done():
	}
	log.Info("draining", "seconds", c.DrainSeconds)
	drain, cancel := context.WithTimeout(context.Background(), time.Duration(c.DrainSeconds)*time.Second)
	defer cancel()
	err := h.Shutdown(drain)
	_ = h.Close() // what did not end in time, so that it lets go of the database
	err = errors.Join(err, ended())
	log.Info("stopped")
	return err
}

// Told keeps the settings.
func (c *serveCommand) Told(settings []cli.Setting) { c.settings = settings }

// withPeople serves the pages on which people sign in beside everything else.
func (c *serveCommand) withPeople(next http.Handler) http.Handler {
	if c.Sandbox {
		return sandboxSignIn{c.site()}.within(next)
	}
	if c.accounts != nil {
		return c.accounts.pages.Within(next)
	}
	return next
}

func (c *serveCommand) appConfig() appConfig {
	config := appConfig{Data: c.Data, Key: c.encryption, References: c.References, MinFree: c.MinFreeMB << 20, MaxBacklog: c.MaxBacklog, Sandbox: c.Sandbox, Proof: c.Reauth, Profiles: c.profileOptions, Dispensing: dispensing.Options{
		Site: dispensing.Site{ODS: c.Site, Name: c.SiteName, ReimbursementAuthority: c.Authority, Endpoint: c.PublicURL}}}
	if c.Sandbox && c.Site == "" {
		config.Dispensing.Site = dispensing.Site{ODS: sandboxPharmacy, Name: "Sandbox Online Pharmacy", ReimbursementAuthority: c.Authority, Endpoint: c.scheme() + "://" + c.Addr + server.Bases[0]}
	}
	config.Dispensing.FromReceipt = c.LawFromReceipt
	config.Dispensing.Policy = c.policy
	if c.law != nil {
		config.Dispensing.Law = dispensing.NewLaw(*c.law)
	}
	config.Register, config.Stock, config.Present = c.RegisterAlso, c.Goods.Stock, register.Asked(c.Responsible)
	config.Checks, config.Closing = c.checks, c.closing
	config.Notices, config.Alerts, config.Messages, config.NHS = c.Notices, c.Alerts, c.Messages, c.NHS
	config.Subscriptions, config.Traces, config.Sandbox = c.Subscribed, c.Traces, c.Sandbox
	config.Warehouse = c.Goods.warehouse()
	return config
}

// complete refuses a configuration that would do harm, and says what to set.
func (c *serveCommand) complete() error {
	if err := c.read(c); err != nil {
		return err
	}
	if err := register.MayBeKept(c.RegisterAlso); err != nil {
		return fmt.Errorf("--register-also: %w", err)
	}
	if len(c.Law) > 0 {
		law, err := prescription.ReadLaw(c.Law)
		if err != nil {
			return fmt.Errorf("--law: %w", err)
		}
		c.law = &law
	}
	if len(c.Clinical) > 0 {
		checks, err := clinical.ReadTable(string(c.Clinical))
		if err != nil {
			return fmt.Errorf("--clinical-rules: %w", err)
		}
		c.checks = checks
	}
	if len(c.SupplyPolicy) > 0 {
		policy, err := prescription.ReadPolicy(c.SupplyPolicy)
		if err != nil {
			return fmt.Errorf("--supply-policy: %w", err)
		}
		c.policy = &policy
	}
	if len(c.ClosingPolicy) > 0 {
		closing, err := reimbursement.ReadClosing(c.ClosingPolicy)
		if err != nil {
			return fmt.Errorf("--closing-policy: %w", err)
		}
		c.closing = &closing
	}
	retention, err := audit.BuiltinRetention()
	if len(c.AuditRetention) > 0 {
		retention, err = audit.ParseRetention(string(c.AuditRetention))
	}
	if c.retention = retention; err != nil {
		return fmt.Errorf("--audit-retention: %w", err)
	}
	if c.Site != "" && (!odsForm.MatchString(c.Site) || c.Site != strings.ToUpper(c.Site)) {
		return fmt.Errorf("--site %q is not an ODS code: expected capital letters and digits, such as FA565", c.Site)
	}
	if err := c.Cards.complete(c.Sandbox, c.Site, c.PublicURL); err != nil {
		return err
	}
	if err := c.Goods.complete(c.Site != "" || c.Sandbox); err != nil {
		return err
	}
	if err := c.Notices.complete(c.Sandbox, c.Site, c.SiteName); err != nil {
		return err
	}
	if err := errors.Join(c.Messages.complete(), c.NHS.complete(c.Sandbox, c.Site != "")); err != nil {
		return err
	}
	if err := c.Alerts.complete(c.Sandbox, &c.Notices); err != nil {
		return err
	}
	if err := c.Several.complete(c); err != nil {
		return err
	}
	if err := c.Subscribed.complete(); err != nil {
		return err
	}
	if c.Notices.mail != nil {
		c.Subscribed.mail = byMail(c.Notices.mail)
	}
	if err := errors.Join(c.documentOptions.complete(), c.listening.complete(), c.Traces.complete()); err != nil {
		return err
	}
	if c.Sandbox {
		if c.Data == "" {
			c.Data = "data"
		}
		if c.SignIn {
			return errors.New("--sign-in is for a server with people of its own: those of a sandbox are chosen on a page")
		}
		if err := c.OpenID.complete(false); err != nil {
			return err
		}
		return c.loopback()
	}
	if c.Seed != "" {
		return errors.New("--seed is for --sandbox: pestle load stores what another server is to have")
	}
	if c.LawFromReceipt {
		return errors.New("--law-from-receipt: the law counts from the day on which a prescription was signed (MDR 16, HMR 217); the flag is for --sandbox only")
	}
	if err := c.required(); err != nil {
		return err
	}
	if err := c.ACME.complete(c); err != nil {
		return err
	}
	return c.clearText(c.Addr)
}

// loopback refuses to show a server without login to other machines.
func (c *serveCommand) loopback() error {
	if own, err := ownMachine(c.Addr); err != nil || !own {
		return errors.Join(err, fmt.Errorf("--sandbox has no login, so it listens on loopback only: use --addr 127.0.0.1:8080, not %s; for other machines leave --sandbox out and set what serve then asks for", c.Addr))
	}
	return nil
}

func (c *serveCommand) logger(std streams) *slog.Logger {
	options := &slog.HandlerOptions{Level: slog.LevelInfo}
	if c.LogDebug {
		options.Level = slog.LevelDebug
	}
	if c.LogJSON {
		return slog.New(slog.NewJSONHandler(std.err, options))
	}
	return slog.New(slog.NewTextHandler(std.err, options))
}

func (c *serveCommand) config(app *app, log *slog.Logger) (server.Config, error) {
	config := server.Config{
		Repository: withSubscriptions{app.repository, app.subscriptions}, Validator: app.validator, Operations: app.operations(), Intakes: app.intakes(), Narrowings: app.dispensing.Narrowings(),
		PublicURL: c.PublicURL, Name: "Pestle", Version: version(), Logger: log,
		Slow: c.LogSlow, Memory: c.Memory.orDefault(), Audit: app.audit, ReadOnly: readOnly, Counters: app.counters(), Traces: app.traces, Writable: app.db.Writable, Purges: app.db.Purges, Warnings: []func() string{app.backlog.Full, app.unaudited, app.unindexed}, Docs: docs.Files, Console: c.Sandbox || c.SignIn, Rules: ruleBook(), Examples: exampleBodies,
		Repeats: c.RepeatHours > 0, DeleteAtMost: c.DeleteAtMost, Lenient: c.SearchHandling == "lenient", Origins: c.CORSOrigin,
		Terminology: app.library.Terminology().Capabilities, Codes: app.library.Terminology(),
		Shelf:         app.db.Shelf(),
		Subscriptions: server.Subscriptions{Topics: subscription.Topics(), Socket: app.subscriptions.Socket()},
		SMART:         server.SMART{Issuer: c.Issuer, TokenEndpoint: c.TokenEndpoint, AuthorizeEndpoint: c.AuthorizeEndpoint, KeysURL: c.KeysURL},
	}
	if c.seat == nil || c.replica != nil { // those of several servers are in their database, but of a standby
		config.Contents, config.MaxContent = app.db, int64(c.MaxDocument)
	}
	if c.scanner != nil {
		config.Warnings = append(config.Warnings, c.scanner.Trouble)
		config.Counters = append(config.Counters, scanned(c.scanner)...)
	}
	if app.messages != nil {
		config.Messages, config.Counters = app.messages, append(config.Counters, app.messageCounters()...)
	}
	if slices.Contains(app.signed, &app.ledger.Notary) {
		config.Log, config.Operations = proofs{app}, append(config.Operations, app.ledger.Operations(map[string]*ledger.Notary{audit.LogName: app.accesses})...)
	}
	if c.Sandbox {
		config.Origins = append(config.Origins, server.LocalOrigins...)
	}
	if c.Secret != "" {
		config.Secret = []byte(c.Secret)
	}
	if c.Sandbox {
		config.Operations = append(config.Operations, demoOperations()...)
		config.Story = app.story
	}
	var err error
	if config.Hidden, err = c.hidden(app); err != nil {
		return config, err
	}
	who, tokens, err := c.authenticator(app, log)
	config.Authenticator = who
	if tokens != nil {
		config.Issuer = tokens
		people := tokens.Serves(oauth.AuthorizePath)
		config.SMART = server.SMART{TokenEndpoint: oauth.TokenPath, IntrospectionEndpoint: oauth.IntrospectPath, RevocationEndpoint: oauth.RevokePath, Algorithms: oauth.Algorithms(),
			GrantTypes: oauth.GrantTypes(people), AuthMethods: oauth.AuthMethods(people)}
		if people {
			if c.accounts != nil {
				config.SMART.ManagementEndpoint = signin.AccountPath
			}
			config.SMART.AuthorizeEndpoint, config.SMART.KeysURL, config.SMART.LaunchScopes = oauth.AuthorizePath, oauth.KeysPath, oauth.LaunchScopes()
		}
	}
	return config, err
}

// greet prints where the server is and, in a sandbox, what to try first.
func (c *serveCommand) greet(addr net.Addr, std streams) {
	base := c.scheme() + "://" + addr.String() + server.Bases[0]
	if !c.Sandbox {
		return
	}
	fmt.Fprintf(std.out, `Pestle sandbox
  FHIR R4   %[1]s          (the NHS EPS path too: %[4]s://%[2]s/FHIR/R4)
  browser   %[4]s://%[2]s/    what to do first, and what came of it
  metadata  %[1]s/metadata
  health    %[4]s://%[2]s/health    metrics %[4]s://%[2]s/metrics

Try:
  # a clinic sends a prescription for a controlled drug, each time a new one; a moment later it is a Task on the pharmacist's list
  %[3]s
  # the pharmacist's list
  curl -s '%[1]s/Task?code=prescription-order&status=requested,ready&_pretty=true'
  # the same as one person with a role (clinic, clinic-2, pharmacist, pharmacist-2, pharmacy-2, technician, support, finance, auditor, administrator):
  # add -H 'Pestle-Person: finance', or a token that this prints: pestle token --as finance --data %[5]s
  # a mistake, and what the clinic's developer is told
  curl -s -H 'Content-Type: application/fhir+json' -d '{"resourceType":"Patient","birthdate":"1980-02-30","gender":"woman"}' '%[1]s/Patient?_pretty=true'

`, base, addr, sendOrder(base), c.scheme(), c.Data)
}
