// Package people holds who may sign in at the server: the people, the passkeys with
// which they prove who they are, and their sessions.
//
// What it must not forget is on a [Shelf], durable before it answers, beside the
// clients of package oauth. Codes and the names of sessions are 80 and 256 random
// bits of which the SHA-256 alone is stored; of passkeys only public keys are.
package people

import (
	"cmp"
	"crypto/sha256"
	"log/slog"
	"sync"
	"time"
)

// Shelf keeps values by name.
type Shelf interface {
	// Write stores values and deletes those that are nil: all or none, and durable
	// when it returns.
	Write(values map[string][]byte) error
	// Each calls f with each name and value.
	Each(f func(name string, value []byte) error) error
}

// Config is what a Registry is made of. Shelf and Known are needed.
type Config struct {
	Shelf Shelf
	Known func(role string) bool // whether there is a role of a name
	// Needs is by how many people an account must be confirmed that was made in a way;
	// nil for none.
	Needs func(way string) int

	Idle   time.Duration // a session ends when nothing was asked for so long; 0 for 15 minutes
	Most   time.Duration // a session ends so long after the sign-in; 0 for 12 hours
	Logger *slog.Logger
	Clock  func() time.Time
}

// The limits of sessions unless others are configured: NIST SP 800-63B-4 section
// 2.3.3, authentication assurance level 3.
const (
	defaultIdle = 15 * time.Minute
	defaultMost = 12 * time.Hour
)

// Registry is the people and their sessions. Make one with [New].
type Registry struct {
	config   Config
	changing sync.Mutex // one change of people or invitations at a time

	mu       sync.RWMutex
	people   map[string]*Person // by id; a Person in it is never changed: another takes its place
	passkeys map[string]string  // ids of people by the id of a passkey
	subjects map[string]string  // ids of people by subject
	pending  map[string]string  // how records name those who are not confirmed, by id
	invites  map[hash]*invite
	sessions map[hash]*Session
	swept    time.Time // when sessions that are over were last dropped
}

// hash is the SHA-256 of a secret.
type hash [sha256.Size]byte

func hashOf(text string) hash { return sha256.Sum256([]byte(text)) }

// Idle is after how long a session ends in which nothing is asked for.
func (r *Registry) Idle() time.Duration { return r.config.Idle }

// New reads the people and the sessions in force from the shelf.
func New(config Config) (*Registry, error) {
	config.Idle, config.Most = cmp.Or(config.Idle, defaultIdle), cmp.Or(config.Most, defaultMost)
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.Clock == nil {
		config.Clock = time.Now
	}
	r := &Registry{config: config, people: map[string]*Person{}, passkeys: map[string]string{}, subjects: map[string]string{}, pending: map[string]string{},
		invites: map[hash]*invite{}, sessions: map[hash]*Session{}}
	return r, r.load()
}

func (r *Registry) now() time.Time { return r.config.Clock() }
