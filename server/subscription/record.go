package subscription

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/outbound/webhook"
	"github.com/pestle-fhir/pestle/server/auth"
)

// Shelf keeps values by name beside the commits.
type Shelf interface {
	// Write stores values by name and deletes those that are nil, durably.
	Write(values map[string][]byte) error
	// Get returns the value of a name; nil where there is none.
	Get(name string) ([]byte, error)
	// Each calls f with each name and value, until f fails.
	Each(f func(name string, value []byte) error) error
}

// What the shelf has of a subscription is in four places, each written by one part of
// the program alone: who its owner is, which events there were, how many of them were
// delivered, and the events themselves in runs of a few hundred.
//
// Backups have all of it, so that a database that is restored goes on with them.
const (
	shelfPrefix = Shelved
	cursorName  = shelfPrefix + "cursor"
)

// Shelved is how the names on the shelf begin.
const Shelved = "subscription/"

func ownerName(id string) string { return shelfPrefix + id + "/owner" }
func countName(id string) string { return shelfPrefix + id + "/count" }
func sentName(id string) string  { return shelfPrefix + id + "/sent" }
func runName(id string, first uint64) string {
	return fmt.Sprintf("%s%s/run/%016x", shelfPrefix, id, first)
}

// owner is with whose rights a subscription is judged, and what signs for it.
type owner struct {
	Standing auth.Standing    `json:"standing"`
	Since    time.Time        `json:"since"`   // when they last wrote it
	Version  int              `json:"version"` // what they wrote
	Secrets  []webhook.Secret `json:"secrets"`
	Rotated  time.Time        `json:"rotated,omitzero"` // when the second of two secrets was replaced
	Key      string           `json:"key"`              // who they are, to count what they have
}

// count is which events there were.
type count struct {
	From     fhir.Seq `json:"from"`     // versions after this commit count
	Counting bool     `json:"counting"` // it has been active, and was not turned off since
	Events   uint64   `json:"events"`   // the number of the last one
	First    uint64   `json:"first"`    // that of the first whose place is still known
}

// sent is how far they were delivered.
type sent struct {
	Delivered uint64        `json:"delivered"` // the number of the last one
	Latest    time.Time     `json:"latest,omitzero"`
	Retry     webhook.Retry `json:"retry,omitzero"`
}

// event is where in the log the version is that made it.
type event struct {
	seq   fhir.Seq
	place int // within the commit
}

const (
	runLength = 512
	// mostKept is of how many events of a subscription the places are kept: about four
	// bytes each.
	mostKept = 1 << 20
)

// run is up to runLength events with numbers that follow one another.
type run struct {
	first  uint64 // number of the first
	events []event
}

func (r *run) encode() []byte {
	var b []byte
	last := fhir.Seq(0)
	for _, e := range r.events {
		b = binary.AppendUvarint(b, uint64(e.seq-last))
		b = binary.AppendUvarint(b, uint64(e.place)) //nolint:gosec // it is not negative
		last = e.seq
	}
	return b
}

func decodeRun(first uint64, b []byte) (*run, error) {
	r, last := &run{first: first}, uint64(0)
	for len(b) > 0 {
		seq, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, errRun
		}
		place, m := binary.Uvarint(b[n:])
		if m <= 0 || place > 1<<31 || len(r.events) == runLength {
			return nil, errRun
		}
		b, last = b[n+m:], last+seq
		r.events = append(r.events, event{fhir.Seq(last), int(place)}) //nolint:gosec // as checked
	}
	return r, nil
}

var errRun = errors.New("subscription: what is stored of its events cannot be read")

// recalled is what a shelf has of a subscription.
type recalled struct {
	owner owner
	count count
	sent  sent
}

// recall reads what the shelf has of all subscriptions, but for their events.
func recall(shelf Shelf) (all map[string]*recalled, cursor fhir.Seq, err error) {
	all = map[string]*recalled{}
	err = shelf.Each(func(name string, value []byte) error {
		rest, ok := strings.CutPrefix(name, shelfPrefix)
		if !ok {
			return nil
		}
		if name == cursorName {
			cursor = fhir.Seq(binary.BigEndian.Uint64(append(make([]byte, 8), value...)[len(value):]))
			return nil
		}
		id, part, _ := strings.Cut(rest, "/")
		if all[id] == nil {
			all[id] = &recalled{}
		}
		var into any
		switch part {
		case "owner":
			into = &all[id].owner
		case "count":
			into = &all[id].count
		case "sent":
			into = &all[id].sent
		default:
			return nil
		}
		return json.Unmarshal(value, into)
	})
	return all, cursor, err
}

func encoded(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts, numbers and times
	}
	return b
}

func encodedSeq(seq fhir.Seq) []byte { return binary.BigEndian.AppendUint64(nil, uint64(seq)) }
