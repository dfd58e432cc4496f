package alerts

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Database is what the package needs of the store.
type Database interface {
	pharmacy.Committer
	pharmacy.Reader
}

// Sender tells a receiver. It is declared here for adapters.
type Sender interface {
	// Send returns when the receiver has taken the message. The same key is the same
	// message.
	Send(ctx context.Context, to *Receiver, m Message) error
}

// Message is what a receiver is told.
type Message struct {
	Key      string // of the alert, and of the time that it was raised
	Alert    *Alert
	Title    string
	Text     string
	Severity Severity
	At       time.Time // when it was raised; of one that is over, when its cause was found to be gone
	Link     string    // "" where there is none
}

// Options are what the desk is made with.
type Options struct {
	Site      string // ODS code of the pharmacy
	Base      string // address of the server: https://pharmacy.example
	Rules     Rules
	Receivers []Receiver
	Senders   map[string]Sender // by the kind of receivers
	// Figures are those of the running server by their names; ok is false for one that
	// it does not have.
	Figures func(name string) (value float64, ok bool)
	Clock   func() time.Time
	Logger  *slog.Logger // slog.Default when nil
}

// Desk judges the rules and tells receivers.
type Desk struct {
	db        Database
	site      string
	base      string
	rules     Rules
	receivers []Receiver
	senders   map[string]Sender
	figures   func(name string) (float64, bool)
	clock     func() time.Time
	log       *slog.Logger
	started   time.Time

	mu         sync.Mutex
	since      map[string]time.Time // since when a rule that has to hold for minutes does
	unrecorded map[string]bool      // what was told although it could not be stored
}

// New makes a desk over a database.
func New(db Database, o Options) *Desk {
	d := &Desk{db: db, site: o.Site, base: o.Base, rules: o.Rules, receivers: o.Receivers, senders: o.Senders, figures: o.Figures, clock: o.Clock, log: o.Logger,
		since: map[string]time.Time{}, unrecorded: map[string]bool{}}
	if d.log == nil {
		d.log = slog.Default()
	}
	if d.figures == nil {
		d.figures = func(string) (float64, bool) { return 0, false }
	}
	if d.clock != nil {
		d.started = d.clock()
	}
	return d
}

// Bounds of the judging.
const (
	pause    = time.Minute // between two
	most     = 1000        // resources that a search counts
	mostEach = 50          // alerts of a rule that has one for each resource
	tries    = 8           // commits that another writer overtook
)

// Watch judges the rules and tells receivers, once a minute, until ctx ends. The first time is
// a little after the start, when the followers have caught up.
func (d *Desk) Watch(ctx context.Context) {
	for next := pause / 2; ; next = pause {
		select {
		case <-ctx.Done():
			return
		case <-time.After(next):
		}
		if err := errors.Join(d.Judge(ctx), d.Tell(ctx)); err != nil && ctx.Err() == nil {
			d.log.ErrorContext(ctx, "alerts could not be judged", "error", err)
		}
	}
}

// Judge raises an alert of each new cause, and resolves those whose cause is gone. A rule
// that cannot be judged leaves its alerts as they are.
func (d *Desk) Judge(ctx context.Context) error {
	var all error
	now := d.clock()
	for _, r := range d.rules.InForce(nhs.DateOf(now)) {
		causes, err := d.causes(ctx, &r, now)
		if err == nil {
			err = d.settle(ctx, &r, causes, now)
		}
		all = errors.Join(all, err)
	}
	return all
}

// causes are what a rule finds at a time.
func (d *Desk) causes(ctx context.Context, r *Rule, now time.Time) (list []cause, err error) {
	value, found, err := d.measure(ctx, r, now)
	if err != nil {
		return nil, err
	}
	over := value > r.Limit
	if !r.Above {
		over = value < r.Limit
	}
	if !d.lasting(r, over && r.On(nhs.DateOf(now)), now) {
		return nil, nil
	}
	link := r.Link
	if link == "{search}" {
		typ, query, err := r.Query(now)
		if err != nil {
			return nil, err
		}
		link = "/fhir/" + typ + "?" + query
	}
	if !r.PerResource {
		return []cause{{rule: r, count: int(min(max(value, 0), 1<<30)), link: link}}, nil
	}
	for _, ref := range found[:min(len(found), mostEach)] {
		list = append(list, cause{rule: r, focus: ref, count: 1, link: "/fhir/" + ref})
	}
	return list, nil
}

// measure is what a rule is about: how many resources there are and the newest of
// them, or a figure. What the server does not have is within every limit.
func (d *Desk) measure(ctx context.Context, r *Rule, now time.Time) (value float64, found []string, err error) {
	within := r.Limit
	switch r.Kind {
	case "figure":
		if v, ok := d.figures(r.Of); ok {
			return v, nil, nil
		}
		return within, nil, nil
	case "age":
		v, ok := d.figures(r.Of)
		if !ok {
			return within, nil, nil
		}
		at := time.Unix(int64(v), 0)
		if v <= 0 {
			at = d.started
		}
		return now.Sub(at).Hours(), nil, nil
	}
	typ, query, err := r.Query(now)
	if err != nil {
		return 0, nil, err
	}
	ids, err := d.db.State(ctx).Newest(typ, query, most)
	for _, id := range ids {
		found = append(found, typ+"/"+id)
	}
	return float64(len(ids)), found, err
}

// lasting reports whether a rule that is met has been for as long as it has to be.
func (d *Desk) lasting(r *Rule, met bool, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !met {
		delete(d.since, r.ID)
		return false
	}
	if d.since[r.ID].IsZero() {
		d.since[r.ID] = now
	}
	return now.Sub(d.since[r.ID]) >= r.Holds
}

// open are the alerts of a rule whose cause goes on, by id.
func (d *Desk) open(state fhir.State, rule string) (map[string]*Alert, error) {
	query := nhs.Query("code", csAlert, rule) + "&status=" + string(Raised) + "," + string(Acknowledged) + "," + string(Aside)
	ids, err := state.Find("Task", query)
	if err != nil {
		return nil, err
	}
	list := map[string]*Alert{}
	for _, id := range ids {
		v, err := state.Current("Task", id)
		if err != nil {
			return nil, err
		}
		if a, err := read(v); err != nil {
			return nil, err
		} else if a != nil {
			list[id] = a
		}
	}
	return list, nil
}

// settle makes the alerts of a rule those of its causes.
func (d *Desk) settle(ctx context.Context, r *Rule, causes []cause, now time.Time) error {
	state := d.db.State(ctx)
	had, err := d.open(state, r.ID)
	if err != nil {
		return err
	}
	var changes []fhir.Change
	for i := range causes {
		id := causes[i].id()
		if had[id] != nil {
			delete(had, id)
			continue
		}
		v, err := state.Current("Task", id)
		if err != nil {
			return err
		}
		was, err := read(v)
		if err != nil {
			return err
		}
		changes = append(changes, d.raise(&causes[i], was, now))
	}
	for _, a := range had {
		changes = append(changes, a.moved(Resolved, "", "", now))
	}
	for _, c := range changes {
		err := d.commit(ctx, c)
		switch {
		case fhir.KindOf(err) == fhir.Conflict: // the next time finds how it is
		case err != nil && d.emergency(ctx, c, err):
		case err != nil:
			return err
		default:
			d.mu.Lock()
			delete(d.unrecorded, c.ID)
			d.mu.Unlock()
		}
	}
	return nil
}

func (d *Desk) commit(ctx context.Context, c fhir.Change) error {
	_, err := d.db.Commit(ctx, &fhir.Transaction{Derived: true, Requester: fhir.Principal{Agent: "Device/alerts", Display: "alerts"}, Changes: []fhir.Change{c}})
	return err
}

// Open are the alerts that are not resolved, the newest last; with all also the newest of
// those that are.
func (d *Desk) Open(ctx context.Context, all bool) (list []*Alert, err error) {
	state := d.db.State(ctx)
	query := "code=" + csAlert + "%7C"
	if !all {
		query += "&status=" + string(Raised) + "," + string(Acknowledged) + "," + string(Aside)
	}
	ids, err := state.Newest("Task", query, most)
	if err != nil {
		return nil, err
	}
	for i := len(ids) - 1; i >= 0; i-- {
		v, err := state.Current("Task", ids[i])
		if err != nil {
			return nil, err
		}
		a, err := read(v)
		if err != nil {
			return nil, err
		}
		if a != nil {
			list = append(list, a)
		}
	}
	return list, nil
}

// key is that of the message of an alert: another each time that it is raised, and when
// it is over.
func (a *Alert) key() string {
	if a.State == Resolved {
		return pharmacy.ID("alert-over", a.ID, strconv.FormatInt(a.Raised.Unix(), 10))
	}
	return pharmacy.ID("alert-message", a.ID, strconv.FormatInt(a.Raised.Unix(), 10))
}
