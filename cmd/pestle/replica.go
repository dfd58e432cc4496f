package main

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv"
	journal "github.com/pestle-fhir/pestle/store/log"
	"github.com/pestle-fhir/pestle/store/log/file"
	"github.com/pestle-fhir/pestle/store/log/ship"
)

// journalFolder has the log of a primary or a standby, in the folder of its database.
const journalFolder = "journal"

// replica is a server as a primary with its standbys, or as one of these: it has the log
// in the folder of its database, and says by its role who may lead (node.Seat). A standby
// becomes a primary by a command alone.
type replica struct {
	dir    string
	wait   int   // standbys that hold a write before it is acknowledged
	most   int64 // bytes that the log may have
	at     string
	client *http.Client // that asks standbys for their role
	log    *slog.Logger

	journal *file.Log
	sender  *ship.Sender
	db      *store.DB // once it is open
	held    store.Followed

	purges uint64        // that were seen
	erase  journal.Place // up to which the log is to go as soon as everybody has it

	running context.Context // ends when the server is to end

	mu      sync.Mutex
	role    ship.Role
	changed chan struct{} // closed and replaced when the role changes
	lost    chan struct{} // closed and replaced when it ceases to be a primary

	receiver *ship.Receiver // of a standby
	unship   func()         // ends it
	upstream *upstream      // of a standby
}

// newReplica opens nothing yet.
func newReplica(data string, role ship.Role, log *slog.Logger) *replica {
	return &replica{dir: filepath.Join(data, journalFolder), role: role, log: log, client: &http.Client{Timeout: 3 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		changed: make(chan struct{}), lost: make(chan struct{}), running: context.Background(), unship: func() {}}
}

// open opens the log of an engine, and begins one where the database has none yet.
func (r *replica) open(engine *engineOf) (journal.Log, error) {
	held, followed, err := store.FollowedBy(engine)
	if err != nil {
		return nil, err
	}
	r.held = held
	if followed {
		if names, err := filepath.Glob(filepath.Join(r.dir, "*.log")); err == nil && len(names) == 0 {
			return nil, fmt.Errorf("the log of the database is not in %s: put it back, or make the database one by itself with pestle promote --alone --data %s", r.dir, filepath.Dir(r.dir))
		}
	}
	if r.journal, err = openJournal(r.dir, engine, file.Options{After: held.Place, Logger: r.log}); err != nil {
		return nil, err
	}
	if r.role.ID == "" {
		r.role.ID = rand.Text()
		if err := r.role.Write(r.dir); err != nil {
			return nil, errors.Join(err, r.journal.Close())
		}
	}
	known, err := ship.ReadStandbys(r.dir)
	if err != nil {
		return nil, errors.Join(err, r.journal.Close())
	}
	r.sender = ship.NewSender(r.journal, time.Now, known...)
	if r.wait > 0 {
		return &ship.Waiting{Log: r.journal, Sender: r.sender, N: r.wait, Leads: r.leads}, nil
	}
	return r.journal, nil
}

// openJournal opens the log in a folder, encrypted where the engine is.
func openJournal(dir string, engine secretive, o file.Options) (*file.Log, error) {
	if secret := engine.Secret("journal"); secret != nil {
		block, err := aes.NewCipher(secret)
		if err != nil {
			return nil, err
		}
		if o.Sealed, err = cipher.NewGCMWithRandomNonce(block); err != nil {
			return nil, err
		}
	}
	return file.Open(dir, o)
}

// leads reports whether the database leads or is about to.
func (r *replica) leads() bool { return r.Sure() || r.db != nil && r.db.Role().Leads }

// engineOf is an engine with its secrets.
type engineOf struct {
	kv.Engine
	secretive
}

// Room is that of the engine.
func (e *engineOf) Room(bytes int64) error { return e.Engine.Room(bytes) }

// Take waits until the server is a primary.
func (r *replica) Take(ctx context.Context) (number uint64, lost <-chan struct{}, err error) {
	for {
		r.mu.Lock()
		role, changed, lost := r.role, r.changed, r.lost
		r.mu.Unlock()
		if role.Role == ship.IsPrimary {
			return role.Term, lost, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return 0, nil, ctx.Err()
		}
	}
}

// Give does nothing: there is nobody else.
func (r *replica) Give() {}

// Leader is the primary of a standby, or who has taken the place of one.
func (r *replica) Leader() (address string, changed <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.role.Role != ship.IsPrimary {
		address = r.role.From
	}
	return address, r.changed
}

// Sure reports whether the server is a primary. That no other one is cannot be known
// without a majority: docs/standby.md says what holds.
func (r *replica) Sure() bool { return r.is().Role == ship.IsPrimary }

func (r *replica) is() ship.Role {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.role
}

// become changes the role, durably.
func (r *replica) become(role ship.Role) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	role.ID = r.role.ID
	if err := role.Write(r.dir); err != nil {
		return err
	}
	if r.role.Role == ship.IsPrimary && role.Role != ship.IsPrimary {
		close(r.lost)
		r.lost = make(chan struct{})
	}
	r.role = role
	close(r.changed)
	r.changed = make(chan struct{})
	return nil
}

// overtaken ends the leading of a primary: another server has begun a term, or is about
// to. It returns up to which place the log is.
func (r *replica) overtaken(ctx context.Context, term uint64, by string) (journal.Place, error) {
	now := r.db.Role()
	switch role := r.is(); {
	case role.Role == ship.IsStandby:
		return 0, fmt.Errorf("this server is a standby itself, of %s", role.From)
	case role.Role == ship.IsOvertaken && role.From != by:
		return 0, fmt.Errorf("%s has taken the place of this server already: follow that one", role.From)
	case role.Role == ship.IsOvertaken: // it is said again: it may be at its end still
	case term <= now.Term:
		return 0, fmt.Errorf("term %d is not after term %d, which has begun here", term, now.Term)
	default:
		if err := r.become(ship.Role{Role: ship.IsOvertaken, From: by, Term: term}); err != nil {
			return 0, err
		}
		r.log.Warn("another server takes the writes from now on", "server", by, "term", term)
	}
	for r.db.Role().Leads {
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
	return r.journal.Last(ctx)
}

// public is what everybody is told.
func (r *replica) public() ship.Public {
	now := r.db.Role()
	return ship.Public{Role: r.is().Role, Term: now.Term, Log: r.journal.ID(), Place: now.Place}
}

const rolePath = "/health/role"

// within answers what role the server has, which those ask whose place it may have taken,
// beside everything else. What standbys ask for is answered here, whoever leads.
func (r *replica) within(next http.Handler, here func() http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if strings.HasPrefix(q.URL.Path, adminPath+"standby/") {
			here().ServeHTTP(w, q)
			return
		}
		if q.URL.Path != rolePath || q.Method != http.MethodGet {
			next.ServeHTTP(w, q)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_ = json.NewEncoder(w).Encode(r.public())
	})
}

// ask asks the standbys that are known, and who was the primary before, whether one has
// taken the place of this primary.
func (r *replica) ask(ctx context.Context) {
	var group sync.WaitGroup
	others := []string{r.is().From}
	for _, s := range r.sender.Standbys() {
		others = append(others, s.Address)
	}
	slices.Sort(others)
	for _, address := range slices.Compact(others) {
		if address == "" {
			continue
		}
		group.Go(func() {
			p, err := roleOf(ctx, r.client, address)
			if err != nil || p.Log != r.journal.ID() || p.Role != ship.IsPrimary || p.Term <= r.db.Role().Term {
				return
			}
			if _, err := r.overtaken(ctx, p.Term, address); err != nil && ctx.Err() == nil {
				r.log.Error("another server has taken the place of this one, which cannot note it", "server", address, "error", err)
			}
		})
	}
	group.Wait()
}

// roleOf asks a server for its role.
func roleOf(ctx context.Context, client *http.Client, address string) (p ship.Public, err error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, address+rolePath, nil)
	if err != nil {
		return p, err
	}
	answer, err := client.Do(q)
	if err != nil {
		return p, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return p, fmt.Errorf("%s does not say which role it has (status %d)", address, answer.StatusCode)
	}
	return p, json.NewDecoder(io.LimitReader(answer.Body, 1<<16)).Decode(&p)
}

// Times of what a primary does beside its requests.
const (
	askEvery    = 2 * time.Second
	tidyEvery   = 10 * time.Second
	standbySeen = 30 * time.Second    // after which a standby counts as away
	standbyKept = 14 * 24 * time.Hour // after which it is forgotten
	copyKept    = time.Hour           // after which one is forgotten that was being copied, and did not begin
	leastLog    = 64 << 20            // bytes that are kept of what everybody has
)

// run does what the server does by itself as one with standbys, or as one of these, until
// ctx ends; the channel is closed then.
func (r *replica) run(ctx context.Context) <-chan struct{} {
	var group sync.WaitGroup
	group.Go(func() {
		for every(ctx, askEvery) {
			if r.Sure() {
				r.ask(ctx)
			}
		}
	})
	group.Go(func() {
		for every(ctx, tidyEvery) {
			if err := r.tidy(time.Now()); err != nil {
				r.log.Warn("the log could not be tidied", "error", err)
			}
		}
	})
	if r.receiver != nil {
		r.ship(ctx)
	}
	done := make(chan struct{})
	go func() {
		group.Wait()
		r.ending()()
		close(done)
	}()
	return done
}

// ship begins to copy the log of the primary.
func (r *replica) ship(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.role.Role == ship.IsPrimary {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { r.receiver.Run(ctx); close(done) }()
	r.unship = func() { cancel(); <-done }
}

// ending is what ends the copying.
func (r *replica) ending() func() {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.unship
}

// every waits, and reports false when ctx has ended.
func every(ctx context.Context, pause time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause):
		return true
	}
}

// tidy remembers the standbys, and removes what nobody needs of the log: after a purge
// all that is before it, since it holds what was purged.
func (r *replica) tidy(now time.Time) error {
	r.sender.Forget(now.Add(-standbyKept), now.Add(-copyKept))
	if n := r.db.Purges(); n != r.purges {
		if err := r.journal.Turn(); err != nil {
			return err
		}
		r.purges, r.erase = n, r.journal.Extent().Last
	}
	least := int64(leastLog)
	if r.journal.Extent().First <= r.erase {
		least = 0
	}
	return errors.Join(ship.WriteStandbys(r.dir, r.sender.Standbys()), r.journal.Trim(r.sender.Needed(r.db.Role().Place), least, r.most))
}

// warning is what is wrong, for /health/ready; "" for nothing.
func (r *replica) warning() string {
	switch role := r.is(); role.Role {
	case ship.IsStandby:
		if trouble := r.receiver.Status().Trouble; trouble != "" {
			return "Nothing comes from the primary of this standby; the log has the reason."
		}
	case ship.IsOvertaken:
		return "Another server has taken the place of this one, which takes no writes any more: start it as a standby of that server."
	default:
		if list := r.sender.Standbys(); len(list) > 0 && r.following() == 0 {
			return "No standby follows this server at present."
		}
	}
	return ""
}

// following is how many standbys have asked lately.
func (r *replica) following() (n int) {
	for _, s := range r.sender.Standbys() {
		if time.Since(s.Seen) < standbySeen {
			n++
		}
	}
	return n
}

// counters are the figures for /metrics.
func (r *replica) counters() []server.Counter {
	behind := func() float64 {
		if r.is().Role == ship.IsStandby {
			s := r.receiver.Status()
			return float64(s.Last - min(s.Last, r.db.Role().Place))
		}
		last, most := r.journal.Extent().Last, journal.Place(0)
		for _, s := range r.sender.Standbys() {
			most = max(most, last-min(last, s.Place))
		}
		return float64(most)
	}
	return []server.Counter{
		{Name: "pestle_log_place", Help: "Records of the log that standbys follow.", Value: func() float64 { return float64(r.journal.Extent().Last) }},
		{Name: "pestle_log_bytes", Gauge: true, Help: "Bytes of the log that standbys follow, as far as it is kept.", Value: func() float64 { return float64(r.journal.Extent().Bytes) }},
		{Name: "pestle_standbys", Gauge: true, Help: "Standbys that have asked this server for its log in the last 30 seconds.", Value: func() float64 { return float64(r.following()) }},
		{Name: "pestle_standby_lag_records", Gauge: true, Help: "Records of the log that the standby which is furthest behind does not hold; of a standby, that it has not applied of what its primary told it of.", Value: behind},
		{Name: "pestle_standby_heard_timestamp_seconds", Gauge: true, Help: "Of a standby: when its primary last answered, Unix time; 0 for never.", Value: func() float64 {
			if r.receiver == nil {
				return 0
			}
			return seconds(r.receiver.Status().Heard)
		}},
	}
}

func (r *replica) close() error {
	if r.journal == nil {
		return nil
	}
	return r.journal.Close()
}
