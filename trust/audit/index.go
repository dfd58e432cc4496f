package audit

import (
	"cmp"
	"slices"
	"sync"

	"github.com/pestle-fhir/pestle/internal/sorting"
)

// entry is what the index has of each event besides its terms.
type entry struct {
	millis int64
	offset uint32 // of its frame in the segment
	parts  uint32 // how many AuditEvents it is
	action byte
}

// posting says that an event of a segment has a term.
type posting struct {
	term  uint64
	event uint32 // its place in the segment
}

func comparePostings(a, b posting) int {
	if a.term != b.term {
		return cmp.Compare(a.term, b.term)
	}
	return cmp.Compare(a.event, b.event)
}

// memory is the index of a segment in memory: sorted runs, each of which has
// earlier events than the next and at least about twice as many, and a short
// tail in the order of the events.
type memory struct {
	mu      sync.RWMutex
	entries []entry
	runs    [][]posting
	tail    []posting
}

const longestTail = 512

func (m *memory) len() int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.entries)
}

// add adds the next event; the caller holds the lock.
func (m *memory) add(e entry, terms []uint64) {
	place := uint32(len(m.entries)) //nolint:gosec // of a segment
	m.entries = append(m.entries, e)
	if m.tail == nil {
		m.tail = make([]posting, 0, longestTail+len(terms))
	}
	for _, t := range terms {
		m.tail = append(m.tail, posting{t, place})
	}
	if len(m.tail) < longestTail {
		return
	}
	sorting.By(m.tail, comparePostings)
	m.runs = append(m.runs, m.tail)
	m.tail = nil
	for n := len(m.runs); n > 1 && len(m.runs[n-2]) < 2*len(m.runs[n-1]); n = len(m.runs) {
		m.runs = append(m.runs[:n-2], merged(m.runs[n-2], m.runs[n-1]))
	}
}

func merged(a, b []posting) []posting {
	out := make([]posting, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if comparePostings(a[0], b[0]) <= 0 {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// sorted are all postings in order; the caller holds the lock, or nobody adds.
func (m *memory) sorted() []posting {
	out := slices.Clone(m.tail)
	sorting.By(out, comparePostings)
	for _, run := range slices.Backward(m.runs) {
		out = merged(run, out)
	}
	return slices.Compact(out)
}

// find returns the events with a term, ascending.
func (m *memory) find(term uint64) (events []uint32, err error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, run := range m.runs {
		at, _ := slices.BinarySearchFunc(run, posting{term: term}, comparePostings)
		for ; at < len(run) && run[at].term == term; at++ {
			events = append(events, run[at].event)
		}
	}
	for _, p := range m.tail {
		if p.term == term {
			events = append(events, p.event)
		}
	}
	return slices.Compact(events), nil
}

func (m *memory) entry(i int) (entry, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.entries[i], nil
}

// span are the earliest and the latest time of a block of entries.
func (m *memory) span(block, length int) (low, high int64, err error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	low, high = spanOf(m.entries[block*blockEvents : min((block+1)*blockEvents, length)])
	return low, high, nil
}

// blockEvents is of how many events the earliest and the latest time are kept.
const blockEvents = 256

func spanOf(list []entry) (low, high int64) {
	low, high = list[0].millis, list[0].millis
	for i := range list {
		low, high = min(low, list[i].millis), max(high, list[i].millis)
	}
	return low, high
}
