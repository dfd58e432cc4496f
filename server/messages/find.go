package messages

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/internal/sorting"
)

// Query says which messages are asked for.
type Query struct {
	Organisation string // "" for every organisation's: for the operator alone
	Outcome      string // accepted, refused, or "" for both
	Rule         string // one that an issue names
	Since        time.Time
	Before       string // the id before which they are: the next page
	After        string // the id after which they are, the oldest first
	Count        int    // at most
}

// mostRead bounds how many entries one question reads.
const mostRead = 100_000

// List are messages, the newest first; with After the oldest first. more is the id to ask on
// with as Before, "" where there are no more.
func (l *Log) List(q Query) (list []*Message, more string, err error) {
	err = l.each(q, func(m *Message) bool {
		if !q.takes(m) {
			return true
		}
		if len(list) == q.Count {
			more = list[len(list)-1].ID
			return false
		}
		list = append(list, m)
		return true
	})
	return list, more, err
}

func (q *Query) takes(m *Message) bool {
	return (q.Outcome == "" || m.Accepted == (q.Outcome == "accepted")) && !m.Time.Before(q.Since) &&
		(q.Rule == "" || slices.ContainsFunc(m.Issues, func(i Issue) bool { return i.Rule == q.Rule }))
}

// each calls f with the messages of an organisation, or of all, the newest first; with After
// the oldest first.
func (l *Log) each(q Query, f func(*Message) bool) error {
	prefix := entries
	if q.Organisation != "" {
		prefix = byOrg + q.Organisation + "/"
	}
	low, high := prefix, after(prefix)
	if q.Before != "" {
		high = prefix + q.Before
	}
	if q.After != "" {
		low = prefix + q.After + "\x00"
	}
	if !q.Since.IsZero() {
		low = max(low, prefix+idAt(q.Since))
	}
	read := 0
	var failed error
	err := l.store.Range(low, high, q.After == "", func(name string, value []byte) bool {
		id := name[len(prefix):]
		m, ok := (*Message)(nil), false
		if q.Organisation == "" {
			m, ok = readEntry(id, value)
		} else if m, failed = l.get(id); failed != nil {
			return false
		} else if ok = m != nil && m.Organisation == q.Organisation; !ok {
			return true
		}
		read++
		return (!ok || f(m)) && read < mostRead
	})
	return cmp.Or(failed, err)
}

// idAt is the least id of a time.
func idAt(at time.Time) string {
	const digits = "0123456789abcdef"
	n, out := uint64(max(at.UnixNano(), 0)), [16]byte{}
	for i := range out {
		out[15-i] = digits[n&15]
		n >>= 4
	}
	return string(out[:])
}

// Get is a message of an organisation by its id, nil where it has none of that id. Of "" it is
// any organisation's.
func (l *Log) Get(organisation, id string) (*Message, error) {
	m, err := l.get(id)
	if err != nil || m == nil || organisation != "" && m.Organisation != organisation {
		return nil, err
	}
	return m, nil
}

func (l *Log) get(id string) (m *Message, err error) {
	if len(id) != 16 || strings.Trim(id, "0123456789abcdef") != "" {
		return nil, nil
	}
	err = l.store.Range(entries+id, entries+id+"\x00", false, func(_ string, value []byte) bool {
		if found, ok := readEntry(id, value); ok {
			m = found
		}
		return false
	})
	return m, err
}

// Body is the body of a message as it was received, nil where it is not kept.
func (l *Log) Body(m *Message) (body []byte, err error) {
	if !m.Kept {
		return nil, nil
	}
	err = l.store.Range(bodies+m.ID, bodies+m.ID+"\x00", false, func(_ string, value []byte) bool {
		body = value
		return false
	})
	return body, err
}

// LastAccepted is the newest message before another that the same organisation sent in the same
// way and that was accepted, with its body kept; nil where there is none.
func (l *Log) LastAccepted(m *Message) (found *Message, err error) {
	err = l.each(Query{Organisation: m.Organisation, Before: m.ID}, func(o *Message) bool {
		if o.Accepted && o.Kept && o.Interaction == m.Interaction && o.Type == m.Type {
			found = o
		}
		return found == nil
	})
	return found, err
}

// Group is a mistake: a rule that was broken at a place, in how many messages.
type Group struct {
	Rule, Code, Place string
	Messages          int
	First, Last       time.Time
	Example           string // the id of the newest
	Text              string // of the newest
}

// Groups are the mistakes of an organisation, or of all, since a time, the most frequent
// first, and how many messages there were and were accepted. A message counts once for
// each rule and place.
func (l *Log) Groups(q Query) (list []Group, total, accepted int, err error) {
	by := map[[3]string]*Group{}
	err = l.each(q, func(m *Message) bool {
		if m.Time.Before(q.Since) {
			return true
		}
		total++
		if m.Accepted {
			accepted++
			return true
		}
		counted := map[[3]string]bool{}
		for _, i := range m.Issues {
			if i.Severity == "information" || i.Severity == "warning" {
				continue
			}
			key := [3]string{i.Rule, i.Code, i.Place()}
			if counted[key] {
				continue
			}
			counted[key] = true
			g := by[key]
			if g == nil {
				g = &Group{Rule: i.Rule, Code: i.Code, Place: key[2], Last: m.Time, Example: m.ID, Text: i.Text}
				by[key] = g
			}
			g.Messages++
			g.First = m.Time
		}
		return true
	})
	for _, g := range by {
		list = append(list, *g)
	}
	sorting.By(list, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Messages, a.Messages), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Place, b.Place), cmp.Compare(a.Code, b.Code))
	})
	return list, total, accepted, err
}
