package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/badger"
	journal "github.com/pestle-fhir/pestle/store/log"
	"github.com/pestle-fhir/pestle/store/log/ship"
)

// promoteCommand makes a standby the primary.
type promoteCommand struct {
	Data           string `env:"PESTLE_DATA" default:"data" placeholder:"DIR" help:"Folder of the standby."`
	WithoutPrimary bool   `help:"The primary is lost or switched off, and stays so until this server can tell it: what it had not sent yet is lost. Without this the primary is told first, and nothing is."`
	Alone          bool   `help:"Make a database that no server has open one by itself, without a log: for serve without --log. Its standbys have to begin anew."`
	JSON           bool   `name:"json" help:"Print the figures as JSON."`

	encryption `embed:""`
}

// Help is shown by --help.
func (promoteCommand) Help() string {
	return `Example: pestle promote --data standby

Example, where the primary is gone: pestle promote --data standby --without-primary`
}

// promotion is what came of a promotion.
type promotion struct {
	Term    uint64        `json:"term"`
	Place   journal.Place `json:"place"`  // with which the term begins
	Commit  uint64        `json:"commit"` // the newest
	Lost    journal.Place `json:"lost"`   // records of which the primary had told, and which did not come; none where it was told
	Seconds float64       `json:"seconds"`
}

// Run promotes a server that runs, or a folder.
func (c *promoteCommand) Run(std streams) error {
	if c.Alone {
		return c.alone(std)
	}
	at := administered(c.Data)
	if at == nil {
		return c.folder(std)
	}
	answer, err := at.post("promote", url.Values{"without": {fmt.Sprint(c.WithoutPrimary)}}, nil)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	var p promotion
	if err := json.NewDecoder(answer.Body).Decode(&p); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(std, p)
	}
	if p.Lost > 0 {
		fmt.Fprintf(std.out, "%d records of the log, of which the primary had told, did not come and are lost\n", p.Lost)
	}
	_, err = fmt.Fprintf(std.out, "this server is the primary since commit %d, in term %d; it took %.2f s\n", p.Commit, p.Term, p.Seconds)
	return err
}

// folder promotes a folder that no server has open: serve then leads.
func (c *promoteCommand) folder(std streams) error {
	dir := filepath.Join(c.Data, journalFolder)
	role, ok, err := ship.ReadRole(dir)
	switch {
	case err != nil:
		return err
	case !ok || role.Role == ship.IsPrimary:
		return fmt.Errorf("%s is not the folder of a standby", c.Data)
	case !c.WithoutPrimary:
		return fmt.Errorf("no server has %s open, so its primary cannot be told: start pestle standby first, or say with --without-primary that the primary is switched off", c.Data)
	}
	term, err := c.term()
	if err != nil {
		return err
	}
	if err := (ship.Role{Role: ship.IsPrimary, ID: role.ID, From: role.From, Term: max(term, role.Term) + promotionStep}).Write(dir); err != nil {
		return err
	}
	_, err = fmt.Fprintf(std.out, "%s is that of a primary: start it with pestle serve --log file\n", c.Data)
	return err
}

// term is the newest that the database of the folder knows of.
func (c *promoteCommand) term() (uint64, error) {
	engine, err := c.engine()
	if err != nil {
		return 0, err
	}
	held, _, err := store.FollowedBy(engine)
	return held.Term, errors.Join(err, engine.Close())
}

// engine opens the database of the folder.
func (c *promoteCommand) engine() (*badger.Engine, error) {
	key, err := c.key()
	if err != nil {
		return nil, err
	}
	if err := haveDatabase(c.Data, c.encryption); err != nil {
		return nil, err
	}
	engine, err := badger.Open(c.Data, slog.New(slog.DiscardHandler), key)
	return engine, keyAdvice(err)
}

// alone makes a database one by itself.
func (c *promoteCommand) alone(std streams) error {
	if administered(c.Data) != nil {
		return fmt.Errorf("a server has %s open: stop it first", c.Data)
	}
	engine, err := c.engine()
	if err != nil {
		return err
	}
	if err := errors.Join(store.Unfollow(engine), engine.Close()); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(c.Data, journalFolder)); err != nil {
		return err
	}
	_, err = fmt.Fprintf(std.out, "%s is a database by itself: start it with pestle serve\n", c.Data)
	return err
}

// promotionStep is by how much the term of a promotion is larger than that of the primary
// before, which begins the next one whenever it is started.
const promotionStep = 1_000_000

// Times of a promotion.
const (
	tellTime = 40 * time.Second // that the primary has to end what it is at
	comeTime = 2 * time.Minute  // that the rest of the log has to come
	leadTime = time.Minute
)

// promote makes a standby the primary. Unless it is to do without, the primary is told
// first: it takes no more writes, and all that it has is waited for.
func (r *replica) promote(ctx context.Context, without bool) (p promotion, err error) {
	began := time.Now()
	if r.is().Role != ship.IsPrimary {
		if err := r.takeOver(ctx, without, &p); err != nil {
			return p, err
		}
	}
	within, cancel := context.WithTimeout(ctx, leadTime)
	defer cancel()
	for !r.db.Role().Leads {
		if !every(within, 2*time.Millisecond) {
			return p, errors.New("this server is the primary, and does not lead yet: its log has the reason")
		}
	}
	now := r.db.Role()
	p.Term, p.Place, p.Commit, p.Seconds = now.Term, now.Place, uint64(r.db.Head()), time.Since(began).Seconds()
	return p, nil
}

// takeOver ends following, and makes the server the primary.
func (r *replica) takeOver(ctx context.Context, without bool, p *promotion) error {
	was := r.is()
	from := was.From
	q := overtakeRequest{Log: r.journal.ID(), Term: max(r.db.Role().Term, was.Term) + promotionStep, By: r.at}
	if !without {
		told, cancel := context.WithTimeout(ctx, tellTime)
		defer cancel()
		last, err := r.upstream.overtake(told, q)
		if err != nil {
			return fmt.Errorf("the primary %s could not be told, and goes on to take writes if it runs: %w. If it is lost or switched off, promote with --without-primary", from, err)
		}
		if err := r.comes(ctx, last); err != nil {
			return err
		}
	}
	r.ending()() // from here on nothing is confirmed to the primary
	s, place := r.receiver.Status(), r.journal.Extent().Last
	p.Lost = max(s.Last, place) - place
	if err := r.become(ship.Role{Role: ship.IsPrimary, From: from, Term: q.Term}); err != nil {
		return err
	}
	r.ending()() // where it began only now
	r.log.Warn("this server is the primary from now on", "before", from, "place", place, "without", without)
	if without {
		go r.tell(context.WithoutCancel(ctx), q)
	}
	return nil
}

// comes waits until the log is there up to a place.
func (r *replica) comes(ctx context.Context, last journal.Place) error {
	within, cancel := context.WithTimeout(ctx, comeTime)
	defer cancel()
	for r.journal.Extent().Last < last {
		if !every(within, 2*time.Millisecond) {
			return fmt.Errorf("the primary takes no more writes, and its log did not come up to place %d in time: try again, or promote with --without-primary, which loses what did not come", last)
		}
	}
	return nil
}

// tell tells the old primary, once it can be reached again, that its place is taken.
func (r *replica) tell(ctx context.Context, q overtakeRequest) {
	for r.is().Role == ship.IsPrimary {
		within, cancel := context.WithTimeout(ctx, tellTime)
		_, err := r.upstream.overtake(within, q)
		cancel()
		if err == nil {
			r.log.Info("the old primary knows that its place is taken", "server", r.upstream.Server)
			return
		}
		r.log.Debug("the old primary is not told yet", "error", err)
		time.Sleep(askEvery)
	}
}
