package attack

import (
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/conformance/process"
	"github.com/pestle-fhir/pestle/internal/long"
)

func TestMain(m *testing.M) { process.Main(m) }

// 64 clients, some of whom behave.
const (
	patients    = 2000
	behaving    = 4
	misbehaving = 60
)

// What is held: the memory of requests, besides which the program has its own,
// and how much longer normal requests may take than without attackers.
const (
	memory = 1 << 30
	room   = 512 << 20
	slower = 5
)

// little is what the short form lets normal requests wait in any case: in ten quiet
// seconds the hundredth request takes some milliseconds, and five times that is less
// than two processors need to come round to one of 64 clients.
const little = 200 * time.Millisecond

// siege is what attackers did.
type siege struct {
	mu       sync.Mutex
	statuses map[string]map[int]int
	wrong    []string
}

func (s *siege) note(name string, status int, wrong string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.statuses[name] == nil {
		s.statuses[name] = map[int]int{}
	}
	s.statuses[name][status]++
	if wrong != "" {
		s.wrong = append(s.wrong, wrong)
	}
}

// TestLongAttack runs normal traffic alone, and then beside attackers.
func TestLongAttack(t *testing.T) {
	p := long.Start(t, 30, 300)
	quiet := 10 * time.Second
	attacked := time.Duration(p.Tries) * time.Second
	if p.Long {
		quiet = time.Minute
	}
	data := t.TempDir()
	server := process.Start(t, data, "--memory", "1GB", "--verify-hours", "0")
	fill(t, server)
	n := &normal{server: server}
	n.run(behaving, p.Seed, "w", time.Second) // a start
	n.run(behaving, p.Seed, "q", quiet)
	alone, aloneBy := n.p99(""), n.kinds()

	s := &siege{statuses: map[string]map[int]int{}}
	end := make(chan struct{})
	var attackers sync.WaitGroup
	for i := range misbehaving {
		attackers.Go(func() {
			newAttacker(server, i).carry(rand.New(rand.NewPCG(p.Seed, uint64(1000+i))), end, s.note)
		})
	}
	n.run(behaving, p.Seed, "a", attacked)
	beside, besideBy := n.p99(""), n.kinds()
	close(end)
	attackers.Wait()
	peak := server.Peak(t)
	s.log(t)
	t.Logf("quiet: %s", aloneBy)
	t.Logf("attacked: %s", besideBy)

	server.Kill()
	lost := n.lost(t, process.Start(t, data))
	most := slower * alone
	if !p.Long {
		most = max(most, little)
	}
	p.Try("p99 of normal requests", exceeds(beside > most, "%s, quiet %s", beside, alone))
	p.Try("memory", exceeds(peak > memory+room, "%d MB", peak>>20))
	p.Try("answers to attackers", exceeds(len(s.wrong) > 0, "%d wrong: %s", len(s.wrong), first(s.wrong)))
	p.Try("answers to normal requests", exceeds(len(n.wrong) > 0, "%d wrong: %s", len(n.wrong), first(n.wrong)))
	p.Try("stored", exceeds(len(lost) > 0, "%d lost: %s", len(lost), first(lost)))
	require.NotEmpty(t, n.stored)
	p.Report("%d clients for %s, %d of them attacking: p99 of normal requests %s, quiet %s; %d MB at most with --memory 1GB; %d acknowledged writes, all there after a kill",
		behaving+misbehaving, attacked, misbehaving, beside.Round(time.Millisecond/10), alone.Round(time.Millisecond/10), peak>>20, len(n.stored))
}

// exceeds is an error of a bound.
func exceeds(yes bool, format string, args ...any) error {
	if yes {
		return fmt.Errorf(format, args...)
	}
	return nil
}

func first(list []string) string { return strings.Join(list[:min(len(list), 5)], "\n") }

// kinds is the p99 of each kind of normal request.
func (n *normal) kinds() string {
	var parts []string
	for kind, took := range n.took {
		parts = append(parts, fmt.Sprintf("%s %s of %d", kind, n.p99(kind).Round(time.Millisecond/10), len(took)))
	}
	sort.Strings(parts)
	return strings.Join(parts, ", ")
}

func (s *siege) log(t *testing.T) {
	for _, a := range attacks {
		t.Logf("%-25s %v", a.name, s.statuses[a.name])
	}
}
