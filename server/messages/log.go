// Package messages is the log of what organisations sent: as it was received, with what
// came of it. Who sent something finds in it what was wrong, counted by rule and place.
//
// Writing to it costs the sender nothing that can be measured: a message is queued after
// its answer, and written a moment later with the others of that time, in one
// batch. The queue is bounded, and what does not fit is counted and left out: the log is a
// tool, and no record that must not have gaps.
//
// It is bounded in bytes and in days. What it holds is of the organisation that sent it,
// and nobody else is shown it by the interface. A patient whose record is purged is purged
// from it too, see [Log.Forget].
package messages

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Store keeps values by name in the order of their names. It is declared here for the store.
type Store interface {
	// Write stores values by name and deletes those that are nil: all or none, and durable
	// when it returns.
	Write(values map[string][]byte) error
	// Range calls f with the names from low up to but not including high, downwards where reverse is
	// set, until f returns false. The value belongs to f.
	Range(low, high string, reverse bool, f func(name string, value []byte) bool) error
}

// Options are what a log is made with.
type Options struct {
	Store     Store
	Retention Retention
	Most      int64 // bytes that it may hold
	Clock     func() time.Time
	Logger    *slog.Logger
}

// Log is the log of messages.
type Log struct {
	store     Store
	retention Retention
	most      int64
	clock     func() time.Time
	log       *slog.Logger

	mu      sync.Mutex
	queue   []*Message
	queued  int64 // bytes in the queue
	last    int64 // of the newest id, in nanoseconds
	arrived chan struct{}
	dropped atomic.Uint64
	held    atomic.Int64 // bytes that are stored
	writing sync.Mutex   // one writer, and one who erases
}

// Bounds of the queue and of a batch.
const (
	mostQueued  = 16 << 20
	batchBytes  = 2 << 20
	batchCount  = 512
	gather      = 250 * time.Millisecond // in which messages come together
	pruneEvery  = time.Hour
	entryWeight = 64 // of the keys of an entry
)

// The names of what is stored: an entry by its id, the ids of an organisation, a body.
const (
	entries = "e/"
	byOrg   = "o/"
	bodies  = "b/"
	pending = "f/" // a purge that is to reach the log
)

// New makes a log.
func New(o Options) *Log {
	return &Log{store: o.Store, retention: o.Retention, most: o.Most, clock: o.Clock, log: o.Logger, arrived: make(chan struct{}, 1)}
}

// Keep queues a message that is answered. It never waits.
func (l *Log) Keep(m *Message) {
	if len(m.body) > MostBody {
		m.body = nil
	}
	weight := int64(len(m.body) + 1<<10)
	l.mu.Lock()
	if l.queued+weight > mostQueued {
		l.mu.Unlock()
		l.dropped.Add(1)
		return
	}
	l.last = max(m.Time.UnixNano(), l.last+1)
	m.ID = fmt.Sprintf("%016x", l.last)
	l.queue = append(l.queue, m)
	l.queued += weight
	l.mu.Unlock()
	select {
	case l.arrived <- struct{}{}:
	default:
	}
}

// Dropped is how many messages were left out since the start, because they came faster than
// they could be written.
func (l *Log) Dropped() uint64 { return l.dropped.Load() }

// Held is how many bytes the log holds.
func (l *Log) Held() int64 { return l.held.Load() }

// Run writes what is queued and prunes what is too old or too much until ctx ends; then it
// writes what is left.
func (l *Log) Run(ctx context.Context) {
	if err := l.weigh(); err != nil {
		l.log.Warn("the message log could not be read", "error", err)
	}
	prune := time.NewTicker(pruneEvery)
	defer prune.Stop()
	l.prune()
	for {
		select {
		case <-ctx.Done():
			l.flush()
			return
		case <-prune.C:
			l.prune()
		case <-l.arrived:
			select {
			case <-ctx.Done():
			case <-time.After(gather):
			}
			l.flush()
			if l.held.Load() > l.most {
				l.prune()
			}
		}
	}
}

// Flush writes what is queued now.
func (l *Log) Flush() { l.flush() }

func (l *Log) flush() {
	l.writing.Lock()
	defer l.writing.Unlock()
	for {
		batch := l.take()
		if len(batch) == 0 {
			return
		}
		values := make(map[string][]byte, 3*len(batch))
		size := int64(0)
		for _, m := range batch {
			if len(m.body) > 0 {
				values[bodies+m.ID], m.Kept = m.body, true
			}
			if m.Size > 0 && m.body != nil {
				sum := sha256.Sum256(m.body)
				m.Digest = hex.EncodeToString(sum[:])
			}
			text, err := json.Marshal(m)
			if err != nil {
				continue
			}
			values[entries+m.ID], values[byOrg+m.Organisation+"/"+m.ID] = text, []byte{}
			size += weightOf(text, len(m.body))
		}
		if err := l.store.Write(values); err != nil { // the disk is full: the log has a gap
			l.dropped.Add(uint64(len(batch)))
			l.log.Warn("messages could not be logged", "messages", len(batch), "error", err)
			continue
		}
		l.held.Add(size)
	}
}

func weightOf(entry []byte, body int) int64 { return int64(len(entry)+body) + entryWeight }

// take takes the oldest of the queue: as many as are written together.
func (l *Log) take() []*Message {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, size := 0, 0
	for n < len(l.queue) && n < batchCount && (n == 0 || size+len(l.queue[n].body) <= batchBytes) {
		size += len(l.queue[n].body)
		n++
	}
	batch := slices.Clone(l.queue[:n])
	for _, m := range batch {
		l.queued -= int64(len(m.body) + 1<<10)
	}
	l.queue = slices.Delete(l.queue, 0, n)
	if len(l.queue) == 0 {
		l.queue = nil
	}
	return batch
}

// weigh counts what is stored.
func (l *Log) weigh() error {
	sum := int64(0)
	err := l.store.Range(entries, after(entries), false, func(_ string, value []byte) bool {
		if m, ok := readEntry("", value); ok {
			body := 0
			if m.Kept {
				body = m.Size
			}
			sum += weightOf(value, body)
		}
		return true
	})
	l.held.Add(sum)
	return err
}

// after is the end of the names that begin with a prefix.
func after(prefix string) string { return prefix[:len(prefix)-1] + string(prefix[len(prefix)-1]+1) }

func readEntry(id string, text []byte) (*Message, bool) {
	m := &Message{ID: id}
	return m, json.Unmarshal(text, m) == nil
}

// prune deletes what is kept for long enough, and then the oldest bodies and entries until
// the log is within its bytes.
func (l *Log) prune() {
	l.writing.Lock()
	defer l.writing.Unlock()
	now := l.clock()
	for l.pruneSome(now) {
	}
}

// pruneSome deletes some of what is to go, and reports whether there may be more.
func (l *Log) pruneSome(now time.Time) bool {
	values, freed := map[string][]byte{}, int64(0)
	over := l.held.Load() - l.most
	err := l.store.Range(entries, after(entries), false, func(name string, value []byte) bool {
		id := name[len(entries):]
		m, ok := readEntry(id, value)
		if !ok {
			values[name] = nil
			return len(values) < 3*batchCount
		}
		body := 0
		if m.Kept {
			body = m.Size
		}
		switch {
		case over > freed || !l.retention.until(m, false, now).After(now):
			values[name], values[byOrg+m.Organisation+"/"+id] = nil, nil
			if m.Kept {
				values[bodies+id] = nil
			}
			freed += weightOf(value, body)
		case m.Kept && !l.retention.until(m, true, now).After(now):
			m.Kept = false
			if text, err := json.Marshal(m); err == nil {
				values[name], values[bodies+id] = text, nil
				freed += int64(body + len(value) - len(text))
			}
		case over <= freed && l.retention.oldest(now).Before(m.Time):
			return false // whatever is younger stays
		}
		return len(values) < 3*batchCount
	})
	if err == nil && len(values) > 0 {
		err = l.store.Write(values)
	}
	if err != nil {
		l.log.Warn("the message log could not be pruned", "error", err)
		return false
	}
	l.held.Add(-freed)
	return len(values) >= 3*batchCount
}

// oldest is the time after which nothing is old enough to go.
func (r Retention) oldest(now time.Time) time.Time {
	least := 1 << 30
	for _, row := range r {
		least = min(least, row.days)
	}
	return now.AddDate(0, 0, -least)
}

// Forget deletes what the log holds of a patient: every body that has one of the words,
// such as the NHS number, or is of a message that wrote or matched one of the resources,
// with the texts of its issues. It returns how many messages there were.
func (l *Log) Forget(resources, words []string) (n int, err error) {
	l.flush()
	l.writing.Lock()
	defer l.writing.Unlock()
	var found []string
	err = l.store.Range(entries, after(entries), false, func(name string, value []byte) bool {
		if has(string(value), words) || has(string(value), resources) {
			found = append(found, name[len(entries):])
		}
		return true
	})
	if err == nil {
		err = l.store.Range(bodies, after(bodies), false, func(name string, value []byte) bool {
			if id := name[len(bodies):]; has(string(value), words) || has(string(value), resources) {
				found = append(found, id)
			}
			return true
		})
	}
	slices.Sort(found)
	found = slices.Compact(found)
	for _, id := range found {
		if err == nil {
			err = l.forgetOne(id)
		}
	}
	return len(found), err
}

func has(text string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return w != "" && strings.Contains(text, w) })
}

// forgetOne keeps of a message who sent it when, and what rules it broke where.
func (l *Log) forgetOne(id string) error {
	m, err := l.get(id)
	if err != nil || m == nil {
		return err
	}
	body := 0
	if m.Kept {
		body = m.Size
	}
	before := 0
	if text, err := json.Marshal(m); err == nil {
		before = len(text)
	}
	m.Kept, m.Resources, m.Digest, m.RequestID = false, nil, "", ""
	m.Target, _, _ = strings.Cut(m.Target, "?")
	if parts := strings.Split(m.Target, "/"); len(parts) > 3 {
		m.Target = strings.Join(parts[:3], "/")
	}
	for i := range m.Issues {
		m.Issues[i].Text = ""
	}
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	err = l.store.Write(map[string][]byte{entries + id: text, bodies + id: nil})
	if err == nil {
		l.held.Add(int64(len(text) - before - body))
	}
	return err
}

// Promise remembers that a patient is about to be purged, with the words by which the log
// knows them, such as the NHS number: they cannot be read any more when it is done.
func (l *Log) Promise(patient string, words []string) error {
	text, err := json.Marshal(words)
	if err != nil {
		return err
	}
	return l.store.Write(map[string][]byte{pending + patient: text})
}

// Promised are the patients of [Log.Promise], with their words.
func (l *Log) Promised() (list map[string][]string, err error) {
	list = map[string][]string{}
	err = l.store.Range(pending, after(pending), false, func(name string, value []byte) bool {
		var words []string
		if json.Unmarshal(value, &words) == nil {
			list[name[len(pending):]] = words
		}
		return true
	})
	return list, err
}

// Release ends a promise: it was kept, or nothing was purged.
func (l *Log) Release(patient string) error {
	return l.store.Write(map[string][]byte{pending + patient: nil})
}
