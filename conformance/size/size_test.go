package size

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/conformance/process"
	"github.com/pestle-fhir/pestle/internal/long"
)

func TestMain(m *testing.M) { process.Main(m) }

// request is what is sent, and the status that must come.
type request struct {
	method, path string
	body         []byte
	header       []string
	status       int
}

// few is the size that the largest is compared with.
const few = 1000

// axis is one thing of which there can be many.
type axis struct {
	name  string
	few   int  // instead of [few], where the largest is small
	short int  // the largest size in the short form; 0 for 4 × few
	most  int  // the largest size in the long form; 0 for 100 × few
	heavy bool // the short form has a quarter of each size
	every bool // in every format, not in one
	// ask makes a request about n items; k is another number for each request.
	ask func(n, k int) request
	// ready stores what a request about n items needs; nil for nothing. It is not
	// measured.
	ready func(t *testing.T, s *process.Server, n, k int)
	// act is instead of ask where a request does not do the work.
	act func(t *testing.T, s *process.Server, n, k int)
}

// sizes are what is compared.
func (a *axis) sizes(long bool) (small, big int) {
	small = cmp.Or(a.few, few)
	switch {
	case long:
		return small, cmp.Or(a.most, 100*small)
	case a.heavy:
		return small / 4, cmp.Or(a.short, 4*small) / 4
	}
	return small, cmp.Or(a.short, 4*small)
}

// Of an item among many, as parts of one among few: the time and the allocations
// that are still linear work. A buffer that grows by doubling is allocated up to
// three times. A step that looks at all items for each of them makes the ratio that
// of the sizes. What the process holds at most is checked on its own.
const (
	mostTime   = 2.0
	mostMemory = 3.0
	rounds     = 16 // until the ratio of the quickest counts as it is
)

// noise is what the followers, the collector and the measuring take of the
// processors for one item of the largest size.
const noise = 300 * time.Nanosecond

// gauge sends requests of one axis.
type gauge struct {
	server *process.Server
	axis   *axis
	k      int
}

// cost is what n items take, for each, over about as many as the largest size has.
func (g *gauge) cost(t *testing.T, n, total int) (each process.Spent) {
	times := max(1, total/n)
	work := make([]func(), times)
	for i := range work {
		g.k++
		work[i] = g.work(t, n, g.k)
	}
	before := g.server.Spent(t)
	for i := range work {
		work[i]()
		work[i] = nil
	}
	spent := g.server.Spent(t).Since(before)
	items := float64(n * times)
	return process.Spent{Processor: time.Duration(float64(spent.Processor) / items), Allocated: spent.Allocated / items}
}

// work is what is measured.
func (g *gauge) work(t *testing.T, n, k int) func() {
	if g.axis.ready != nil {
		g.axis.ready(t, g.server, n, k)
	}
	if g.axis.act != nil {
		return func() { g.axis.act(t, g.server, n, k) }
	}
	r := g.axis.ask(n, k)
	return func() { r.send(t, g.server, n) }
}

// attempts is how often a request is sent that the server has no time for while
// the machine does something else.
const attempts = 20

// send wants the status for many items; one alone may be right.
func (r request) send(t *testing.T, s *process.Server, n int) {
	status, answer, err := s.Send(r.method, r.path, r.body, r.header...)
	for i := 1; i < attempts && err == nil && status == http.StatusTooManyRequests && r.status != status; i++ {
		time.Sleep(100 * time.Millisecond)
		status, answer, err = s.Send(r.method, r.path, r.body, r.header...)
	}
	require.NoError(t, err, s.Log)
	if n == 1 {
		require.Less(t, status, 500, "%.2000s", answer)
		return
	}
	require.Equal(t, r.status, status, "%d: %.2000s", n, answer)
}

// least is the smaller of two costs.
func least(a, b process.Spent) process.Spent {
	return process.Spent{Processor: min(a.Processor, b.Processor), Allocated: min(a.Allocated, b.Allocated)}
}

// verdict is what came of an axis.
type verdict struct {
	small, big   int
	one, many    process.Spent // for each item
	time, memory float64       // many, by one
}

func (v verdict) String() string {
	return fmt.Sprintf("%6d %9s %8.0f B  %6d %9s %8.0f B  %.2fx %.2fx", v.small, v.one.Processor, v.one.Allocated, v.big, v.many.Processor, v.many.Allocated, v.time, v.memory)
}

// err is that one of many takes more than linear work does.
func (v verdict) err() error {
	if v.time > mostTime || v.memory > mostMemory {
		return fmt.Errorf("one of many takes %.2f times the time and %.2f times the memory of one of few: %s", v.time, v.memory, v)
	}
	return nil
}

// linear compares small and big by turns, and takes the least of each: what
// else the machine does passes, a step that is quadratic is there each time.
func linear(t *testing.T, server *process.Server, a *axis, long bool) (v verdict) {
	v.small, v.big = a.sizes(long)
	g := &gauge{server: server, axis: a}
	g.cost(t, 1, 1)
	g.cost(t, v.small, v.small)
	v.one, v.many = g.cost(t, v.small, v.big), g.cost(t, v.big, v.big)
	for round := 1; ; round++ {
		v.time = float64(v.many.Processor-noise) / float64(max(v.one.Processor, 1))
		v.memory = v.many.Allocated / v.one.Allocated
		if v.err() == nil || round == rounds {
			return v
		}
		v.one, v.many = least(v.one, g.cost(t, v.small, v.big)), least(v.many, g.cost(t, v.big, v.big))
	}
}

// room is what the program holds besides the requests in flight.
const room = 512 << 20

// TestSizeAxis tries every axis in its short form. The tests of other packages run beside
// it, which a time tells: it may be half as long again as in TestLongSize, which runs alone,
// and a quadratic step is ten times as long.
func TestSizeAxis(t *testing.T) {
	server := process.Start(t, t.TempDir(), "--memory", "1GB", "--verify-hours", "0")
	prepare(t, server)
	for _, a := range axes(false) {
		t.Run(strings.ReplaceAll(a.name, " ", "_"), func(t *testing.T) {
			v := linear(t, server, &a, false)
			t.Logf("size %-50s %s", a.name, v)
			require.LessOrEqual(t, v.time, 1.5*mostTime, v.err())
			require.LessOrEqual(t, v.memory, mostMemory, v.err())
		})
	}
	require.Less(t, server.Peak(t), int64(1<<30+room), "memory")
}

// TestLongSize tries every axis up to its largest size, in every format.
func TestLongSize(t *testing.T) {
	p := long.Start(t, 0, 0)
	all := axes(p.Long)
	server := process.Start(t, t.TempDir(), "--memory", "2GB", "--verify-hours", "0")
	prepare(t, server)
	worst, name := verdict{}, ""
	for _, a := range all {
		v := linear(t, server, &a, p.Long)
		t.Logf("size %-50s %s", a.name, v)
		p.Try(a.name, v.err())
		if max(v.time, v.memory) > max(worst.time, worst.memory) {
			worst, name = v, a.name
		}
	}
	peak := server.Peak(t)
	var err error
	if peak > 2<<30+room {
		err = fmt.Errorf("%d MB", peak>>20)
	}
	p.Try("memory", err)
	p.Report("one of up to 100,000 items takes at most %.2f times the time and %.2f times the memory of one of 1,000 (%s); %d MB at most with --memory 2GB", worst.time, worst.memory, name, peak>>20)
}

// repeat joins n texts that may differ.
func repeat(n int, between string, item func(i int) string) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(between)
		}
		b.WriteString(item(i))
	}
	return b.String()
}

// same is an item that is the same each time.
func same(text string) func(int) string { return func(int) string { return text } }

// with puts the number of an item into a text, wherever it has %d.
func with(text string) func(int) string {
	return func(i int) string { return strings.ReplaceAll(text, "%d", fmt.Sprint(i)) }
}
