package days

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/conformance/process"
	"github.com/pestle-fhir/pestle/internal/long"
)

func TestMain(m *testing.M) { process.Main(m) }

const workers = 8

// TestLongDays leads prescriptions from the order to the claim, kills the server on
// the way, and proves from the history that all went by the book.
func TestLongDays(t *testing.T) {
	p := long.Start(t, 150, 10000)
	every := 60
	if p.Long {
		every = 250
	}
	s := newSite(t)
	c := newCount()
	c.stockUp(t, s)
	lives, names := make([]*life, p.Tries), make([]string, p.Tries)
	begin, down := time.Now(), time.Duration(0)
	queue, reached := make(chan int), make(chan int, p.Tries)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for i := range queue {
				lives[i], names[i] = live(s, c, p, i)
				reached <- i
			}
		})
	}
	go func() {
		for i := range p.Tries {
			queue <- i
		}
		close(queue)
		group.Wait()
		close(reached)
	}()
	done, rnd := 0, p.Rand(1<<30)
	for range reached {
		if done++; done%every == 0 && done < p.Tries {
			time.Sleep(time.Duration(rnd.IntN(80)) * time.Millisecond)
			from := time.Now()
			s.kill()
			s.start()
			down += time.Since(from)
		}
	}
	caughtUp(t, s)
	took := time.Since(begin) - down
	s.kill()
	sound(t, s.data)
	s.start()

	alone := &life{site: s, rnd: p.Rand(1<<30 + 1), n: p.Tries, count: c}
	alone.lead(kind{live: (*life).unattended})
	lives, names = append(lives, alone), append(names, "without a responsible pharmacist")
	caughtUp(t, s)
	prescriptions, failed := 0, 0
	for i, l := range lives {
		prescriptions += len(l.all)
		p.Try(names[i], l.miss(fmt.Sprintf("%d %s", i, names[i])))
		if l.err != nil {
			failed++
		}
	}
	r, err := readRecord(s)
	require.NoError(t, err)
	r.claimed()
	nominated := map[string]string{}
	for _, l := range lives {
		for _, p := range l.all {
			nominated[p.number] = p.pharmacy()
		}
	}
	r.byWhom(func(number string) string { return nominated[number] })
	r.kept(c)
	r.agrees(lives)
	require.NoError(t, r.balances(s, c))
	p.Try("the history", r.err())
	require.NotZero(t, len(r.supplies))
	p.Report("%d prescriptions, %d lawful acts accepted, %d wrong ones refused by %d rules, %d lives with a miss; %d kills, %d requests without an answer asked again; %.0f prescriptions/s from order to claim (%.0f requests/s); %d versions and %d supplies audited, %d problems",
		prescriptions, sum(c.lawful), sum(c.wrong), len(c.rules), failed, s.kills, s.unknown.Load(), float64(prescriptions)/took.Seconds(), float64(s.requests.Load())/took.Seconds(), r.versions, len(r.supplies), len(r.problems))
	t.Logf("accepted: %v", c.lawful)
	t.Logf("refused: %v", c.wrong)
	t.Logf("by rule: %v", c.rules)
	t.Logf("told to come again: %d", s.later.Load())
	never(t, c, p.Long)
}

// stockUp receives what the pharmacy begins with.
func (c *count) stockUp(t *testing.T, s *site) {
	for i := range medicines {
		if m := &medicines[i]; m.counted() {
			a, err := s.ask(request{"", http.MethodPost, "/Basic/$receive-stock", m.receipt(1_000_000)}, newID(rand.New(rand.NewPCG(0, uint64(i)))))
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, a.status, "%s", a.text)
			c.received[m.page()] += 1_000_000
		}
	}
}

// live leads one life.
func live(s *site, c *count, p *long.Proof, i int) (l *life, name string) {
	l = &life{site: s, rnd: p.Rand(i), n: i, count: c, first: "pharmacist", second: "pharmacist-2"}
	if l.rnd.IntN(2) == 0 {
		l.first, l.second = l.second, l.first
	}
	total := 0
	for _, k := range kinds {
		total += k.share
	}
	n := l.rnd.IntN(total)
	for _, k := range kinds {
		if n -= k.share; n < 0 {
			name = k.name
			l.lead(k)
			break
		}
	}
	return l, name
}

// lead leads a life to its end, or to its first miss.
func (l *life) lead(k kind) {
	defer func() {
		if r := recover(); r != nil && r != (any)(missed{}) {
			panic(r)
		}
	}()
	k.live(l)
}

// never fails where the long form has left out a mistake.
func never(t *testing.T, c *count, all bool) {
	var missing []string
	for i := range allMistakes {
		if c.wrong[allMistakes[i].name] == 0 {
			missing = append(missing, allMistakes[i].name)
		}
	}
	slices.Sort(missing)
	t.Logf("not tried: %s", strings.Join(missing, ", "))
	if all {
		require.Empty(t, missing, "mistakes that nobody made")
	}
}

// caughtUp waits until nothing follows any more from what was stored.
func caughtUp(t *testing.T, s *site) {
	require.Eventually(t, func() bool {
		lag := 0.0
		for _, name := range []string{"dispensing", "clinical", "claims", "claim-responses", "register"} {
			lag += s.current().Figure(t, `pestle_follower_lag_commits{follower="`+name+`"}`)
		}
		return lag == 0
	}, 2*time.Minute, 20*time.Millisecond, "the followers catch up")
}

var sane = regexp.MustCompile(` 0 problems found`)

// sound checks the folder of a killed server.
func sound(t *testing.T, data string) {
	path, err := process.Binary()
	require.NoError(t, err)
	out, err := exec.Command(path, "check", "--data", data).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Regexp(t, sane, string(out))
}
