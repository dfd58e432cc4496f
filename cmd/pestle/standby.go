package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"filippo.io/age"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/archive"
	"github.com/pestle-fhir/pestle/store/kv/badger"
	journal "github.com/pestle-fhir/pestle/store/log"
	"github.com/pestle-fhir/pestle/store/log/file"
	"github.com/pestle-fhir/pestle/store/log/ship"
	"github.com/pestle-fhir/pestle/trust/audit"
	"github.com/pestle-fhir/pestle/trust/ledger"
)

// standbyCommand is a server that follows another one, its primary, and may take its place.
type standbyCommand struct {
	serveCommand `embed:""`

	From      string `env:"PESTLE_FROM" required:"" placeholder:"URL" help:"The primary, which is served with --log file, such as https://pestle.example."`
	TokenFile string `env:"PESTLE_FROM_TOKEN_FILE" placeholder:"FILE" help:"File with an access token for the primary that has the scope system/$standby. It is read anew whenever it is needed."`
	CAFile    string `name:"ca-file" env:"PESTLE_FROM_CA_FILE" placeholder:"FILE" help:"Certificates (PEM) of who signs the certificate of the primary, in the place of those of the system."`
}

// Help is shown by --help.
func (standbyCommand) Help() string {
	return `A folder that does not exist is filled with a copy of the primary first. All other settings are those of serve, and are to be those of the primary: once pestle promote has made it the primary, it serves as that.

Example: pestle standby --from https://pestle.example --token-file standby.token --data standby --config pestle.yaml`
}

// Run follows the primary until SIGTERM or an interrupt.
func (c *standbyCommand) Run(std streams) error {
	if c.Log != "" && c.Log != "file" {
		return fmt.Errorf("--log %s: a standby keeps the log of its primary in files: leave the flag out", c.Log)
	}
	c.Log = "file"
	if c.Data == "" {
		return errors.New("--data is missing: name the folder of the standby")
	}
	if c.Secret == "" && !c.Sandbox {
		return errors.New("--secret is missing: set that of the primary, so that links of pages and positions hold here too")
	}
	up := &upstream{remote: remote{Server: strings.TrimRight(c.From, "/"), TokenFile: c.TokenFile, CAFile: c.CAFile}}
	if _, err := up.reached(); err != nil {
		return errors.New(strings.ReplaceAll(err.Error(), "--server", "--from"))
	}
	if tls, err := up.trust(); err == nil { // reached has tried it
		c.nodeRoots = tls.RootCAs
	}
	role, err := c.begin(up, c.logger(std))
	if err != nil {
		return err
	}
	c.replica = newReplica(c.Data, role, nil)
	if c.replica.upstream = up; role.Role == ship.IsPrimary {
		c.logger(std).Warn("this folder was promoted from a standby of the server that --from names, and goes on as the primary", "from", c.From)
	}
	return c.serveCommand.Run(std)
}

// begin is the role with which the folder begins, filled with a copy where it is not there.
func (c *standbyCommand) begin(up *upstream, log *slog.Logger) (ship.Role, error) {
	dir := filepath.Join(c.Data, journalFolder)
	role, ok, err := ship.ReadRole(dir)
	if err != nil {
		return role, err
	}
	entries, err := os.ReadDir(c.Data)
	switch {
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return role, err
	case !ok && len(entries) > 0:
		return role, fmt.Errorf("%s is not empty, and is not the folder of a standby: name one that does not exist", c.Data)
	case !ok:
		return c.copy(up, log)
	case role.Role == ship.IsPrimary && role.From == up.Server:
		return role, nil
	case role.Role == ship.IsPrimary:
		if err := c.overtaken(up); err != nil {
			return role, err
		}
	}
	changed := role.Role != ship.IsStandby || role.From != up.Server
	role.Role, role.From = ship.IsStandby, up.Server
	if changed {
		err = role.Write(dir)
	}
	return role, err
}

// overtaken fails where the server that is to be followed has not taken the place of this
// one, which is a primary.
func (c *standbyCommand) overtaken(up *upstream) error {
	at, err := up.reached()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	p, err := roleOf(ctx, at.client, at.base)
	if err == nil && p.Role != ship.IsPrimary {
		err = fmt.Errorf("%s is a %s", at.base, p.Role)
	}
	if err != nil {
		return fmt.Errorf("%s is the folder of a primary, and can only follow a server that has taken its place: %w", c.Data, err)
	}
	return nil
}

// copy fills the folder with a copy of the primary. It has its name when it is whole.
func (c *standbyCommand) copy(up *upstream, log *slog.Logger) (role ship.Role, err error) {
	began := time.Now()
	fresh := strings.TrimRight(c.Data, string(filepath.Separator)) + ".copying"
	if err := os.RemoveAll(fresh); err != nil {
		return role, err
	}
	log.Info("copying the primary", "from", up.Server, "to", c.Data)
	role = ship.Role{Role: ship.IsStandby, ID: rand.Text(), From: up.Server}
	h, last, err := c.fetch(up, fresh, role.ID, log)
	if err == nil {
		err = role.Write(filepath.Join(fresh, journalFolder))
	}
	if err == nil {
		if err = os.Remove(c.Data); errors.Is(err, os.ErrNotExist) {
			err = nil
		}
	}
	if err == nil {
		err = os.Rename(fresh, c.Data)
	}
	if err != nil {
		return role, errors.Join(err, os.RemoveAll(fresh))
	}
	log.Info("the primary is copied", "commit", h.Seq, "place", h.Place, "last", last, "took", time.Since(began).Round(time.Millisecond))
	return role, nil
}

// fetch restores what the primary sends, encrypted to a key of this moment alone, into a
// folder for the standby of an id. It takes the records that follow meanwhile, up to the
// place last, so that a primary which writes a lot need not keep them.
func (c *standbyCommand) fetch(up *upstream, fresh, id string, log *slog.Logger) (h archive.Header, last journal.Place, err error) {
	to, err := age.GenerateX25519Identity()
	if err != nil {
		return h, 0, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	answer, err := up.call(ctx, "standby/copy", nil, copyRequest{ID: id, Recipients: []string{to.Recipient().String()}})
	if err != nil {
		return h, 0, err
	}
	defer func() { _ = answer.Body.Close() }()
	origin := answer.Header.Get(headerLog)
	if origin == "" {
		return h, 0, fmt.Errorf("%s is not a server that has a log", up.Server)
	}
	in, err := archive.NewReader(answer.Body, to)
	if err != nil {
		return h, 0, err
	}
	defer in.Close()
	key, err := c.key()
	if err != nil {
		return h, 0, err
	}
	engine, err := badger.Open(fresh, slog.New(slog.DiscardHandler), key)
	if err != nil {
		return h, 0, err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	documents, err := openDocuments(fresh, c.Place, engine, true)
	if err != nil {
		return h, 0, err
	}
	l, err := openJournal(filepath.Join(fresh, journalFolder), engine, file.Options{ID: origin, After: journal.Place(in.Header().Place), Logger: log})
	if err != nil {
		return h, 0, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	follower := &ship.Receiver{Primary: up, Log: l, ID: id, Copying: true, Before: bringing{up, documents}.before, Clock: time.Now, Logger: log}
	if err := follower.Meet(ctx); err != nil {
		return h, 0, err
	}
	var following sync.WaitGroup
	following.Go(func() { follower.Run(ctx) })
	h, err = store.Restore(engine, documents, definitionWriter(fresh), in)
	cancel()
	following.Wait()
	return h, l.Extent().Last, err
}

// bringing brings the contents of records whose database is being copied, where nothing
// is removed yet.
type bringing struct {
	from *upstream
	to   store.Contents
}

func (b bringing) before(ctx context.Context, place journal.Place, record []byte) error {
	has := func(c fhir.Content) bool {
		in, err := b.to.Open(ctx, c)
		return err == nil && in.Close() == nil
	}
	return b.from.eachMissing(ctx, place, record, has, func(in io.Reader) (fhir.Content, error) {
		got, _, err := b.to.Put(ctx, in, func(fhir.Content) {})
		return got, err
	})
}

// writeCopy writes an archive of all that a standby begins with.
func writeCopy(ctx context.Context, db *store.DB, files func(do func(name string, content []byte) error) error, out io.Writer, recipients []string) (h archive.Header, err error) {
	to, err := recipientsOf(recipients)
	if err != nil {
		return h, err
	}
	if db.Encrypted() && len(to) == 0 {
		return h, errors.New("the database is encrypted, and a copy is sent encrypted alone")
	}
	var w *archive.Writer
	h, err = db.Copy(ctx, func(h archive.Header) (_ *archive.Writer, err error) {
		h.Program = versionLine()
		w, err = archive.NewWriter(out, h, to...)
		return w, err
	})
	if err == nil {
		err = files(w.File)
	}
	if err == nil {
		_, err = w.Close()
	}
	return h, err
}

// prepare makes what a server with --log file is: a primary, unless it is a standby.
func (c *serveCommand) prepare(address string, log *slog.Logger) error {
	switch {
	case c.Log == "" && c.WaitForStandby > 0:
		return errors.New("--wait-for-standby is for a server with --log file")
	case c.Log == "" || isNATS(c.Log):
		return nil
	case c.Log != "file":
		return fmt.Errorf("--log %s: expected file, or nats://host:port", c.Log)
	}
	if c.replica == nil {
		role, ok, err := ship.ReadRole(filepath.Join(c.Data, journalFolder))
		switch {
		case err != nil:
			return err
		case !ok:
			role.Role = ship.IsPrimary
		case role.Role == ship.IsStandby:
			return fmt.Errorf("%s is the folder of a standby of %s: start it with pestle standby, or make it the primary with pestle promote --data %s", c.Data, role.From, c.Data)
		}
		c.replica = newReplica(c.Data, role, log)
	}
	r := c.replica
	r.log, r.at, r.wait, r.most = log, address, c.WaitForStandby, int64(c.LogMost)
	return nil
}

// opened takes the database, and what follows from it.
func (r *replica) opened(db *store.DB) {
	r.db = db
	if r.upstream == nil {
		return
	}
	r.upstream.db = db
	r.receiver = &ship.Receiver{Primary: r.upstream, Log: r.journal, ID: r.role.ID, Address: r.at, Before: r.upstream.before, Clock: time.Now, Logger: r.log}
	r.receiver.Base.Place, r.receiver.Base.Sum = r.held.Place, r.held.Sum
	if at, err := r.upstream.reached(); err == nil {
		r.client = &http.Client{Transport: at.client.Transport, Timeout: r.client.Timeout}
	}
}

// first has a server that was no standby before meet its new primary before it serves
// anything: what it holds and the primary does not is not to be shown.
func (r *replica) first(ctx context.Context) error {
	within, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	err := r.receiver.Meet(within)
	if err != nil && errors.Is(err, ship.ErrRefused) && strings.Contains(err.Error(), ship.ErrAnew.Error()) {
		return fmt.Errorf("%w (%s)", err, filepath.Dir(r.dir))
	}
	return nil
}

// take begins as what the server is.
func (c *serveCommand) take(ctx context.Context, db *store.DB) error {
	r := c.replica
	r.running, r.erase = ctx, r.journal.Extent().Last // what the process before may have had to erase
	if err := r.journal.Turn(); err != nil {
		return err
	}
	r.opened(db)
	c.seat, c.nodeName = r, r.role.ID[:min(len(r.role.ID), 6)]
	if r.receiver != nil && r.role.Role == ship.IsStandby {
		return r.first(ctx)
	}
	r.ask(ctx) // before anything is acknowledged
	return nil
}

// signReplica signs the log of changes where the server is the primary, and its own audit
// log always.
func (c *serveCommand) signReplica(leads bool) func(*app, string, *slog.Logger) error {
	return func(a *app, origin string, log *slog.Logger) error {
		key, err := ledger.LoadKey(c.LogKey, origin)
		if err == nil && leads {
			err = a.signWith(&a.ledger.Notary, key, c.CheckpointLock, log)
		}
		if err != nil {
			return err
		}
		if key, err = key.Of(audit.LogName); err == nil {
			err = a.signWith(a.accesses, key, c.auditLock(), log)
		}
		if err != nil {
			return errors.Join(err, a.closeLogs())
		}
		return nil
	}
}
