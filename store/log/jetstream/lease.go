//go:build cluster

package jetstream

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The times of a lease. Who holds it renews it each quarter of a second, and takes it for held
// up to validity after it asked for the last renewal, by its own monotonic clock. Who
// waits takes it when it has seen no renewal for expiry: longer, since clocks differ, and
// about as long as an election of the stream takes, which begins at the same instant.
const (
	renewal  = 500 * time.Millisecond // two of them
	validity = 2500 * time.Millisecond
	expiry   = 3 * time.Second
)

// Holder is a node, as the lease names it.
type Holder struct {
	Node     string            `json:"node"`
	URL      string            `json:"url"`      // where other nodes pass requests on to
	Settings map[string]string `json:"settings"` // digests of what must be equal on all nodes
	Process  string            `json:"process"`  // another one after each start
	Given    bool              `json:"given,omitempty"`
}

// Lease says which node leads: a key of a bucket that a majority keeps. It is a
// hint for whoever leads; the fence is the log.
type Lease struct {
	own Holder
	kv  jetstream.KeyValue

	mu       sync.Mutex
	seen     Holder // who holds it
	revision uint64
	since    time.Time // when this revision was first seen
	until    time.Time // while this node holds it, up to when
	end      func()    // of the term of this node; nil where it has none
	changed  chan struct{}
}

const leaseKey = "leader"

// OpenLease opens the lease of a log within the time of a context, and watches it until
// ctx ends.
func OpenLease(ctx, within context.Context, conn *nats.Conn, name string, copies int, own Holder) (*Lease, error) {
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, err
	}
	bucket := "PESTLE_" + name
	kv, err := js.KeyValue(within, bucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		if kv, err = js.CreateKeyValue(within, jetstream.KeyValueConfig{Bucket: bucket, Replicas: copies, Storage: jetstream.FileStorage}); errors.Is(err, jetstream.ErrBucketExists) {
			kv, err = js.KeyValue(within, bucket)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the bucket %s: %w", bucket, err)
	}
	own.Process = rand.Text()
	l := &Lease{own: own, kv: kv, changed: make(chan struct{})}
	l.look(ctx)
	go l.watch(ctx)
	return l, nil
}

// watch looks at the lease, and renews it where this node holds it.
func (l *Lease) watch(ctx context.Context) {
	for ctx.Err() == nil {
		l.mu.Lock()
		held := l.end != nil
		l.mu.Unlock()
		if held {
			l.renew(ctx)
		} else {
			l.look(ctx)
		}
		l.expire()
		select {
		case <-ctx.Done():
		case <-time.After(renewal / 2):
		}
	}
}

// look sees who holds the lease.
func (l *Lease) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, renewal)
	defer cancel()
	e, err := l.kv.Get(ctx, leaseKey)
	if err != nil {
		return
	}
	var h Holder
	if json.Unmarshal(e.Value(), &h) == nil {
		l.see(h, e.Revision())
	}
}

func (l *Lease) see(h Holder, revision uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if revision <= l.revision {
		return // a copy that is behind
	}
	moved := h.URL != l.seen.URL || h.Given != l.seen.Given || h.Process != l.seen.Process
	l.seen, l.revision, l.since = h, revision, time.Now()
	if moved {
		l.move()
	}
}

// move tells who waits that another node may lead. The caller holds mu.
func (l *Lease) move() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// renew renews the lease of this node.
func (l *Lease) renew(ctx context.Context) {
	l.mu.Lock()
	revision := l.revision
	l.mu.Unlock()
	asked := time.Now()
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	next, err := l.put(ctx, l.own, revision)
	l.mu.Lock()
	if err == nil {
		if l.end != nil {
			l.seen, l.revision, l.since, l.until = l.own, next, asked, asked.Add(validity)
		}
		l.mu.Unlock()
		return
	}
	l.mu.Unlock()
	if wrongSequence(err) || errors.Is(err, jetstream.ErrKeyExists) {
		l.look(ctx) // one of this node that was not answered, or another node has it
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.seen.Process != l.own.Process {
			l.drop()
		}
	}
}

func (l *Lease) put(ctx context.Context, h Holder, revision uint64) (uint64, error) {
	text, err := json.Marshal(h)
	if err != nil {
		return 0, err
	}
	if revision == 0 {
		return l.kv.Create(ctx, leaseKey, text)
	}
	return l.kv.Update(ctx, leaseKey, text, revision)
}

// expire ends what is over.
func (l *Lease) expire() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.end != nil && time.Now().After(l.until) {
		l.drop()
	}
	if l.end == nil && !l.seen.Given && l.revision > 0 && time.Since(l.since) > expiry && l.seen.URL != "" {
		l.seen.URL = "" // nobody leads
		l.move()
	}
}

// drop ends the term of this node. The caller holds mu.
func (l *Lease) drop() {
	if l.end != nil {
		l.end()
		l.end = nil
		l.since = time.Now() // a new term waits as others do
		l.move()
	}
}

// free reports whether the lease may be taken, and in the place of which revision.
func (l *Lease) free() (bool, uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.revision == 0 || l.seen.Given || time.Since(l.since) > expiry, l.revision
}

// Take waits until this node may lead.
func (l *Lease) Take(ctx context.Context) (uint64, <-chan struct{}, error) {
	for {
		if free, revision := l.free(); free {
			asked := time.Now()
			short, cancel := context.WithTimeout(ctx, time.Second)
			next, err := l.put(short, l.own, revision)
			cancel()
			if err == nil {
				return next, l.took(next, asked), nil
			}
			l.look(ctx)
		}
		select {
		case <-ctx.Done():
			return 0, nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (l *Lease) took(revision uint64, asked time.Time) <-chan struct{} {
	lost := make(chan struct{})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen, l.revision, l.since, l.until = l.own, revision, asked, asked.Add(validity)
	l.end = func() { close(lost) }
	l.move()
	return lost
}

// Give lets another node lead at once.
func (l *Lease) Give() {
	l.mu.Lock()
	revision, holds := l.revision, l.seen.Process == l.own.Process && !l.seen.Given
	l.drop()
	l.mu.Unlock()
	if holds {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		given := l.own
		given.Given = true
		_, _ = l.put(ctx, given, revision) // else it expires
	}
}

// Leader is where the node is that leads.
func (l *Lease) Leader() (string, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen.Given || l.seen.Process == l.own.Process {
		return "", l.changed
	}
	return l.seen.URL, l.changed
}

// Sure reports whether this node holds the lease, and no other one can.
func (l *Lease) Sure() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.end != nil && time.Now().Before(l.until)
}

// Held reports whether some node seems to hold it.
func (l *Lease) Held() bool {
	free, _ := l.free()
	return !free
}

// Holder is who was seen to hold it last.
func (l *Lease) Holder() Holder {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen
}

// Differs is an error that names the settings in which two nodes are not equal.
func (h Holder) Differs(other Holder) error {
	var names []string
	for name, digest := range h.Settings {
		if other.Settings[name] != digest {
			names = append(names, name)
		}
	}
	if names == nil {
		return nil
	}
	slices.Sort(names)
	return fmt.Errorf("node %s and node %s have other settings, which must be equal: %s", h.Node, other.Node, strings.Join(names, ", "))
}
