// Package ship brings the records of a log to databases elsewhere that follow it, their
// standbys: the one that has the log, the primary, answers requests for the records after
// a place, which wait until there is one. A request tells how far its sender is, too.
//
// Architecture: sender.go is the primary's side and receiver.go that of a standby,
// whatever carries their requests; batch.go has the bytes, waiting.go a log that counts a
// record only once standbys have it, role.go what a server is among the others.
package ship

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pestle-fhir/pestle/store/log"
)

// Source is the log of a primary.
type Source interface {
	log.Log
	ID() string
}

// Hello is how a standby begins: who it is, and what it holds.
type Hello struct {
	ID      string    `json:"id"`      // the same as long as its folder is
	Address string    `json:"address"` // where it can be asked for its role; "" for nowhere
	Log     string    `json:"log"`     // id of the log
	Place   log.Place `json:"place"`   // up to which it holds it
	Sum     string    `json:"sum"`     // SHA-256 of the record there, in hexadecimal; "" where it is not known
	// Copying says that its database is still being copied: it takes the records that
	// follow meanwhile. It does not count among those that hold them.
	Copying bool `json:"copying,omitempty"`
}

// Welcome is the answer.
type Welcome struct {
	Session string    `json:"session"` // for the requests that follow
	Last    log.Place `json:"last"`
}

// Standby is one as its primary knows it.
type Standby struct {
	ID      string    `json:"id"`
	Address string    `json:"address,omitempty"`
	Place   log.Place `json:"place"` // up to which it has said that it holds the log
	Seen    time.Time `json:"seen"`  // when it asked last
	Copying bool      `json:"copying,omitempty"`
	session string
}

// Sender answers the requests of standbys. It is safe for concurrent use.
type Sender struct {
	log   Source
	clock func() time.Time

	mu       sync.Mutex
	standbys map[string]*Standby
	expected map[string]log.Place // of those to which a copy is sent: what they are going to ask for is behind it
	moved    chan struct{}        // closed and replaced when one holds more
}

// NewSender returns the sender of a log, with the standbys that an earlier process knew.
func NewSender(l Source, clock func() time.Time, known ...Standby) *Sender {
	s := &Sender{log: l, clock: clock, standbys: map[string]*Standby{}, expected: map[string]log.Place{}, moved: make(chan struct{})}
	for _, k := range known {
		s.standbys[k.ID] = &k
	}
	return s
}

// ErrAnew says that a standby cannot follow with what it holds: it has to begin with a
// copy of the primary.
var ErrAnew = errors.New("it has to begin anew, with a copy of the primary: remove its folder")

// ErrSession says that a standby is to begin with a Hello.
var ErrSession = errors.New("ship: the session is not known")

// Hello begins a session.
func (s *Sender) Hello(ctx context.Context, h Hello) (w Welcome, err error) {
	if h.ID == "" || len(h.ID) > 64 || len(h.Address) > 1024 || strings.ContainsFunc(h.ID+h.Address, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return w, errors.New("ship: a standby has an id, and may have an address")
	}
	if h.Log != s.log.ID() {
		return w, fmt.Errorf("the standby follows another log (%s) than the one of this server (%s): %w", h.Log, s.log.ID(), ErrAnew)
	}
	if w.Last, err = s.log.Last(ctx); err != nil {
		return w, err
	}
	if h.Place > w.Last {
		return w, fmt.Errorf("the standby holds the log up to place %d, and it ends at place %d here: what is behind that was written by a server that leads no more; %w", h.Place, w.Last, ErrAnew)
	}
	if err := s.same(ctx, h, w.Last); err != nil {
		return w, err
	}
	w.Session = rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.expected, h.ID)
	s.standbys[h.ID] = &Standby{ID: h.ID, Address: h.Address, Copying: h.Copying, session: w.Session}
	s.holds(s.standbys[h.ID], h.Place)
	return w, nil
}

// Expect keeps what follows a place for a standby that is about to be copied, until it
// says Hello or done is called. Call it before the copy is begun, with the place of then.
func (s *Sender) Expect(id string, place log.Place) (done func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expected[id] = place
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.expected, id)
	}
}

// Needed is up to which place everybody holds the log, those that are expected too, and
// at most a place.
func (s *Sender) Needed(most log.Place) log.Place {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.standbys {
		most = min(most, b.Place)
	}
	for _, place := range s.expected {
		most = min(most, place)
	}
	return most
}

// same fails where the record that a standby holds last is not the one of the log, or the
// one after it is not kept any more.
func (s *Sender) same(ctx context.Context, h Hello, last log.Place) error {
	for place := max(h.Place, 1) - 1; place < min(h.Place+1, last); place++ {
		b, err := s.log.Next(ctx, place)
		if errors.Is(err, log.ErrTrimmed) && place < h.Place {
			continue // who applies the records finds out
		}
		if errors.Is(err, log.ErrTrimmed) {
			return fmt.Errorf("the standby holds the log up to place %d, and what follows is not kept any more: %w", h.Place, ErrAnew)
		}
		if err != nil {
			return err
		}
		if sum := sha256.Sum256(b); place+1 == h.Place && h.Sum != "" && hex.EncodeToString(sum[:]) != h.Sum {
			return fmt.Errorf("the standby holds another record at place %d than this server: %w", h.Place, ErrAnew)
		}
	}
	return nil
}

// holds notes what a standby holds; the lock is held.
func (s *Sender) holds(b *Standby, place log.Place) {
	b.Seen = s.clock()
	if place > b.Place {
		b.Place = place
		close(s.moved)
		s.moved = make(chan struct{})
	}
}

// Send writes a batch of the records after a place, up to which the standby of a session
// holds the log. It waits for one up to the end of ctx, and then writes a batch of none.
func (s *Sender) Send(ctx context.Context, session string, after log.Place, w io.Writer) error {
	if err := s.heard(session, after); err != nil {
		return err
	}
	record, err := s.log.Next(ctx, after)
	ended := err != nil && ctx.Err() != nil
	if err != nil && !ended {
		return err
	}
	b, err := newBatchWriter(w)
	if err != nil {
		return err
	}
	last, err := s.log.Last(context.WithoutCancel(ctx))
	for ; err == nil && !ended; record, err = s.log.Next(ctx, after) {
		if err = b.record(record); err != nil {
			break
		}
		if after++; after >= last || b.full() {
			break
		}
	}
	if err != nil {
		return err
	}
	return b.end(max(last, after))
}

// heard notes how far the standby of a session is.
func (s *Sender) heard(session string, place log.Place) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.standbys {
		if session != "" && b.session == session {
			s.holds(b, place)
			return nil
		}
	}
	return ErrSession
}

// Standbys are those that are known, by their ids.
func (s *Sender) Standbys() (list []Standby) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(s.standbys)) {
		list = append(list, *s.standbys[id])
	}
	return list
}

// Forget forgets the standbys that were not seen since a time, and since another one where
// they were being copied then.
func (s *Sender) Forget(since, copying time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, b := range s.standbys {
		if b.Seen.Before(since) || b.Copying && b.Seen.Before(copying) {
			delete(s.standbys, id)
		}
	}
}

// held is up to which place so many standbys hold the log, and a channel that is closed
// when that may be more. Only those count that have begun a session with this process, and whose database is whole.
func (s *Sender) held(n int) (log.Place, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var places []log.Place
	for _, b := range s.standbys {
		if b.session != "" && !b.Copying {
			places = append(places, b.Place)
		}
	}
	if len(places) < n {
		return 0, s.moved
	}
	slices.Sort(places)
	return places[len(places)-n], s.moved
}
