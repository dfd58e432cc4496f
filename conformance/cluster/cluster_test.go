//go:build cluster

package cluster

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/long"
)

const (
	clients  = 16
	counters = 6
	pairs    = 4
)

// load is clients that write to servers.
type load struct {
	all     []*machine
	history *history
	stop    atomic.Bool
	group   sync.WaitGroup
	made    atomic.Int64 // names of conditional creates

	mu    sync.Mutex
	acked map[string]bool // marks of creates: true for one that was acknowledged, false where it is not known
	first time.Time       // of the first acknowledged write that was begun after [load.watch]
	since time.Time
	ok    atomic.Int64
	open  atomic.Int64 // not known
}

func patient(id, mark string, n int) string {
	if id != "" {
		id = fmt.Sprintf(`"id":%q,`, id)
	}
	return fmt.Sprintf(`{"resourceType":"Patient",%s"identifier":[{"system":"urn:mark","value":%q}],"name":[{"family":"%d"}]}`, id, mark, n)
}

// prepare makes the counters and pairs.
func (l *load) prepare(t *testing.T) {
	var ids []string
	for i := range counters {
		ids = append(ids, fmt.Sprint("c", i))
	}
	for i := range pairs {
		ids = append(ids, fmt.Sprintf("p%da", i), fmt.Sprintf("p%db", i))
	}
	for _, id := range ids {
		require.Eventually(t, func() bool {
			a, err := l.all[0].send("PUT", "/fhir/Patient/"+id, patient(id, id, 0))
			return err == nil && (a.status == 201 || a.status == 200 && version(a) == 1)
		}, 30*time.Second, 100*time.Millisecond)
	}
}

func version(a answer) int {
	n, _ := strconv.Atoi(strings.Trim(a.header.Get("ETag"), `W/"`))
	return n
}

func (l *load) run(seed uint64) {
	for n := range clients {
		rnd := rand.New(rand.NewPCG(seed, uint64(n)))
		l.group.Go(func() {
			for !l.stop.Load() {
				l.step(n, rnd)
			}
		})
	}
}

// watch begins to wait for the next write that is acknowledged.
func (l *load) watch() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.since, l.first = time.Now(), time.Time{}
}

// next is how long after [load.watch] a write was acknowledged that began after it.
func (l *load) next(limit time.Duration) (time.Duration, bool) {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		l.mu.Lock()
		first, since := l.first, l.since
		l.mu.Unlock()
		if !first.IsZero() {
			return first.Sub(since), true
		}
	}
	return 0, false
}

// wrote counts a write.
func (l *load) wrote(call time.Time, unknown, done bool) {
	switch {
	case unknown:
		l.open.Add(1)
		time.Sleep(50 * time.Millisecond)
	case done:
		l.ok.Add(1)
		l.mu.Lock()
		if l.first.IsZero() && call.After(l.since) {
			l.first = time.Now()
		}
		l.mu.Unlock()
	}
}

func (l *load) step(n int, rnd *rand.Rand) {
	m := l.all[rnd.IntN(len(l.all))]
	switch rnd.IntN(4) {
	case 0:
		l.counter(n, m, fmt.Sprint("c", rnd.IntN(counters)))
	case 1:
		l.transfer(n, m, fmt.Sprint("p", rnd.IntN(pairs)))
	case 2:
		l.conditional(n, m, fmt.Sprint("k", l.made.Add(1)/4))
	default:
		l.create(m, fmt.Sprintf("m%d-%d", n, rnd.Uint64()))
	}
}

// failed reports whether nobody can say what became of a request. A refusal that names
// a reason is known: 4xx.
func failed(a answer, err error) bool { return err != nil || a.status >= 500 || a.status == 429 }

func (l *load) read(n int, m *machine, key, id string, place int) int {
	call := time.Now()
	a, err := m.send("GET", "/fhir/Patient/"+id, "", "Pestle-Consistency", "strong")
	if err != nil || a.status != 200 {
		time.Sleep(20 * time.Millisecond)
		return 0
	}
	v := version(a)
	if place == 0 {
		l.history.note(n, input{key: key, kind: "read"}, call, output{versions: [2]int{v, 0}})
	}
	return v
}

func (l *load) counter(n int, m *machine, id string) {
	v := l.read(n, m, id, id, 0)
	if v == 0 {
		return
	}
	call := time.Now()
	a, err := m.send("PUT", "/fhir/Patient/"+id, patient(id, id, v), "If-Match", fmt.Sprintf(`W/"%d"`, v))
	out := output{unknown: failed(a, err), done: err == nil && a.status == 200}
	l.history.note(n, input{key: id, kind: "write", versions: [2]int{v, v}}, call, out)
	l.wrote(call, out.unknown, out.done)
}

func (l *load) transfer(n int, m *machine, key string) {
	v := [2]int{l.read(n, m, key, key+"a", 0), l.read(n, m, key, key+"b", 1)}
	if v[0] == 0 || v[1] == 0 {
		return
	}
	entry := func(id string, v int) string {
		return fmt.Sprintf(`{"resource":%s,"request":{"method":"PUT","url":"Patient/%s","ifMatch":"W/\"%d\""}}`, patient(id, id, v), id, v)
	}
	call := time.Now()
	a, err := m.send("POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[`+entry(key+"a", v[0])+","+entry(key+"b", v[1])+`]}`)
	out := output{unknown: failed(a, err), done: err == nil && a.status == 200}
	l.history.note(n, input{key: key, kind: "write", versions: v}, call, out)
	l.wrote(call, out.unknown, out.done)
}

func (l *load) conditional(n int, m *machine, key string) {
	call := time.Now()
	a, err := m.send("POST", "/fhir/Patient", patient("", key, 0), "If-None-Exist", "identifier=urn:mark|"+key)
	out := output{unknown: failed(a, err), done: err == nil && a.status == 201}
	if !out.unknown {
		_, at, _ := strings.Cut(a.header.Get("Location"), "/Patient/")
		out.id, _, _ = strings.Cut(at, "/")
	}
	l.history.note(n, input{key: key, kind: "create"}, call, out)
	l.wrote(call, out.unknown, out.done)
}

func (l *load) create(m *machine, mark string) {
	call := time.Now()
	a, err := m.send("POST", "/fhir/Patient", patient("", mark, 0))
	unknown, done := failed(a, err), err == nil && a.status == 201
	l.wrote(call, unknown, done)
	if unknown || done {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.acked[mark] = done
	}
}

// marks counts the patients by their mark, as a server has them.
func marks(t *testing.T, m *machine) map[string]int {
	found := map[string]int{}
	for path := "/fhir/Patient?_count=1000&_elements=identifier"; path != ""; {
		a, err := m.send("GET", path, "")
		require.NoError(t, err)
		require.Equal(t, 200, a.status, a.body)
		var page struct {
			Link  []struct{ Relation, URL string }
			Entry []struct {
				Resource struct{ Identifier []struct{ Value string } }
			}
		}
		require.NoError(t, json.Unmarshal([]byte(a.body), &page))
		for _, e := range page.Entry {
			found[e.Resource.Identifier[0].Value]++
		}
		path = ""
		for _, link := range page.Link {
			if link.Relation == "next" {
				path = strings.TrimPrefix(link.URL, "http://pharmacy.example")
			}
		}
	}
	return found
}

// judge compares what the servers have with what was acknowledged.
func (l *load) judge(t *testing.T) error {
	var digests []string
	require.Eventually(t, func() bool {
		digests = nil
		for _, m := range l.all {
			digests = append(digests, m.digest())
		}
		return len(slices.Compact(slices.Clone(digests))) == 1
	}, 60*time.Second, 200*time.Millisecond, "all servers hold the same: %v", digests)
	var errs []string
	for _, m := range l.all {
		found := marks(t, m)
		for mark, acknowledged := range l.acked {
			if n := found[mark]; n > 1 || acknowledged && n != 1 {
				errs = append(errs, fmt.Sprintf("%s has %s %d times, acknowledged: %v", m.name, mark, n, acknowledged))
			}
		}
		for mark, n := range found {
			if strings.HasPrefix(mark, "k") && n > 1 {
				errs = append(errs, fmt.Sprintf("%s has %s %d times, which was created on a condition", m.name, mark, n))
			}
		}
	}
	if len(errs) > 0 {
		return fmt.Errorf("%d of the writes: %s", len(errs), strings.Join(errs[:min(5, len(errs))], "; "))
	}
	for _, list := range model.Partition(l.history.list) {
		if result := porcupine.CheckOperationsTimeout(model, list, time.Minute); result != porcupine.Ok {
			slices.SortFunc(list, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
			for _, o := range list {
				errs = append(errs, fmt.Sprintf("%d..%d %s", o.Call/1e6, o.Return/1e6, model.DescribeOperation(o.Input, o.Output)))
			}
			return fmt.Errorf("the history of %s is not linearizable: %s\n%s", list[0].Input.(input).key, result, strings.Join(errs, "\n"))
		}
	}
	return nil
}

func newLoad(all []*machine) *load {
	return &load{all: all, history: &history{began: time.Now()}, acked: map[string]bool{}}
}

// TestLongSingle: the history of a server by itself is linearizable, also when it is
// killed and started again.
func TestLongSingle(t *testing.T) {
	p := long.Start(t, 1, 5)
	all := machines(t, 1)
	l := newLoad(all)
	l.prepare(t)
	l.run(p.Seed)
	for range p.Tries {
		time.Sleep(3 * time.Second)
		all[0].kill()
		all[0].start()
	}
	time.Sleep(3 * time.Second)
	l.stop.Store(true)
	l.group.Wait()
	p.Try("single", l.judge(t))
	p.Report("%d writes acknowledged, %d not known, %d operations in the history", l.ok.Load(), l.open.Load(), len(l.history.list))
}

// TestLongCluster: three servers under load whose leader, another one and two at once
// are killed, and whose leader is stopped for a while and goes on.
func TestLongCluster(t *testing.T) {
	p := long.Start(t, 1, 8)
	all := machines(t, 3)
	l := newLoad(all)
	l.prepare(t)
	l.run(p.Seed)
	f := faults{t, l, map[string][]time.Duration{}}
	restart := func(gone ...*machine) func() {
		return func() {
			for _, m := range gone {
				m.start()
			}
		}
	}
	for range p.Tries {
		f.fault("leader killed", func(first, _, _ *machine) func() { first.kill(); return restart(first) })
		f.fault("follower killed", func(_, second, _ *machine) func() { second.kill(); return restart(second) })
		f.fault("leader stopped for 8 s", func(first, _, _ *machine) func() {
			first.signal(syscall.SIGSTOP)
			return func() {
				time.Sleep(8*time.Second - min(8*time.Second, time.Since(l.since)))
				first.signal(syscall.SIGCONT)
			}
		})
		f.fault("leader and another one killed, and started 3 s later", func(first, second, _ *machine) func() {
			first.kill()
			second.kill()
			time.Sleep(3 * time.Second)
			first.start()
			second.start()
			return func() {}
		})
	}
	time.Sleep(2 * time.Second)
	l.stop.Store(true)
	l.group.Wait()
	p.Try("cluster", l.judge(t))
	p.Report("%d writes acknowledged, %d not known, %d operations in the history; %s", l.ok.Load(), l.open.Load(), len(l.history.list), f.table())
}
