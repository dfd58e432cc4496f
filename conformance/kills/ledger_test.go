package kills

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// ledger is what clients were told, and what they have begun.
type ledger struct {
	mu       sync.Mutex
	versions map[string]string // the mark that an acknowledged version carries, "" for a deletion
	wholes   map[string]int    // parts of a transaction or message by its mark: all or none are there
	done     map[string]bool   // it was acknowledged: all are there
	answers  int
	refused  map[int]int // refusals by status
	wrong    error       // an answer that there must not be
}

func newLedger() *ledger {
	return &ledger{versions: map[string]string{}, wholes: map[string]int{}, done: map[string]bool{}, refused: map[int]int{}}
}

func (l *ledger) begin(mark string, parts int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wholes[mark] = parts
}

// acknowledged notes versions (Patient/1/_history/2) that carry a mark.
func (l *ledger) acknowledged(mark string, whole bool, versions ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers++
	for _, v := range versions {
		l.versions[v] = mark
	}
	if whole {
		l.done[mark] = true
	}
}

// refusal notes a status other than 2xx. A server that cannot write says so.
func (l *ledger) refusal(status int, answer string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refused[status]++
	switch status {
	case 429, 503, 507:
	default:
		l.wrong = errors.Join(l.wrong, fmt.Errorf("status %d: %.600s", status, answer))
	}
}

func (l *ledger) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.answers
}

// copy is the ledger as of now.
func (l *ledger) copy() *ledger {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &ledger{versions: maps.Clone(l.versions), wholes: maps.Clone(l.wholes), done: maps.Clone(l.done), answers: l.answers}
}

// stored is what a server holds, by its history.
type stored struct {
	marks  map[string]string // by version
	latest map[string]int    // version by resource
	counts map[string]int    // versions by mark
}

var marked = regexp.MustCompile(`mark-[0-9a-z-]+|[0-9A-F]{6}-X99CL0-[0-9A-F]{5}[0-9A-Z+]`)

// historyPage is what is read of a page of a history.
type historyPage struct {
	Total int
	Link  []struct{ Relation, URL string }
	Entry []struct {
		FullURL  string
		Resource json.RawMessage
		Response struct{ ETag string }
	}
}

// history reads the history of everything.
func (s *site) history() (*stored, error) {
	got := &stored{marks: map[string]string{}, latest: map[string]int{}, counts: map[string]int{}}
	next, total := s.base+"/fhir/_history?_count=500", 0
	for next != "" {
		status, answer, _, err := s.send("GET", strings.TrimPrefix(next, s.base), "")
		if err != nil || status != 200 {
			return nil, fmt.Errorf("the history: status %d: %.500s %w", status, answer, err)
		}
		p := historyPage{}
		if err := json.Unmarshal([]byte(answer), &p); err != nil {
			return nil, err
		}
		for _, e := range p.Entry {
			ref := strings.TrimPrefix(e.FullURL, s.base+"/fhir/")
			version, err := strconv.Atoi(strings.Trim(e.Response.ETag, `W/"`))
			if err != nil {
				return nil, err
			}
			mark := marked.FindString(string(e.Resource))
			got.marks[fmt.Sprintf("%s/_history/%d", ref, version)] = mark
			got.latest[ref] = max(got.latest[ref], version)
			if strings.HasPrefix(ref, "Observation/") || strings.HasPrefix(ref, "MedicationRequest/") && version == 1 {
				got.counts[mark]++ // other resources with a mark follow from these
			}
		}
		next, total = "", p.Total
		for _, l := range p.Link {
			if l.Relation == "next" {
				next = l.URL
			}
		}
	}
	if total != len(got.marks) {
		return nil, fmt.Errorf("the history says that it has %d versions and lists %d", total, len(got.marks))
	}
	return got, nil
}

// audit compares what a server holds with what was acknowledged.
func (l *ledger) audit(got *stored) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for version, mark := range l.versions {
		if held, there := got.marks[version]; !there || held != mark {
			return fmt.Errorf("an acknowledged version is lost: %s carries %q, expected %q (there: %t)", version, held, mark, there)
		}
	}
	for mark, parts := range l.wholes {
		n := got.counts[mark]
		if n != 0 && n != parts || n == 0 && l.done[mark] {
			return fmt.Errorf("%d of %d parts of %s are there (acknowledged: %t)", n, parts, mark, l.done[mark])
		}
	}
	held := map[string]int{}
	for version := range got.marks {
		ref, _, _ := strings.Cut(version, "/_history/")
		held[ref]++
	}
	for ref, latest := range got.latest {
		if held[ref] != latest {
			return fmt.Errorf("%s has %d versions, the last is %d", ref, held[ref], latest)
		}
	}
	return nil
}
