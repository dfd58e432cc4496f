package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/long"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// TestLongMonthEnd closes the month of 200,000 items on a running server while others
// read and write: asked for by one person, confirmed by another, and exported.
func TestLongMonthEnd(t *testing.T) {
	p := long.Start(t, 1, 1)
	items := 6000
	if p.Long {
		items = 200_000
	}
	boundsMemory(t, heapMemory)
	m := newMoneyHouse(t)
	each := m.seed(t, items)
	load := m.underLoad(t)
	time.Sleep(3 * time.Second)
	before := load.p99()
	var peak atomic.Uint64
	runtime.GC()
	var heap runtime.MemStats
	runtime.ReadMemStats(&heap)
	stop := watchHeap(&peak)
	timed := func(do func()) time.Duration {
		begun := time.Now()
		do()
		return time.Since(begun).Round(time.Millisecond)
	}
	close := func(who string, want int) func() {
		return func() {
			w := m.as(who, "POST", "Claim/$close-month?month="+m.month, "")
			require.Equal(t, want, w.Code, "%.500s", w.Body)
		}
	}
	asked := timed(close("1 finance", http.StatusCreated))
	closed := timed(close("2 finance", http.StatusOK))
	month, err := tariff.ParseMonth(m.month)
	require.NoError(t, err)
	var size exportCount
	exported := timed(func() {
		list, err := m.app.reimbursement.ExportMonth(t.Context(), reimbursement.ExportRequest{Month: month, Org: sandboxPharmacy, Time: time.Now()})
		require.NoError(t, err)
		require.Len(t, list, 1)
		_, err = list[0].WriteTo(&size)
		require.NoError(t, err)
	})
	during := load.end()
	stop()
	p.Try("asked, closed and exported within 60 s", unless(asked+closed+exported <= time.Minute, "it took %s", asked+closed+exported))
	p.Try("every claim is in the export", unless(size.claims == int64(items/each), "%d claims of %d", size.claims, items/each))
	p.Try("memory is bounded", unless(peak.Load() <= 512, "%d MB", peak.Load()))
	p.Report("%d items: asked in %s, closed in %s, exported %d MB in %s; heap %d MB before, at most %d MB; p99 of a read %s before, %s during", items, asked, closed, size.bytes>>20, exported, heap.HeapAlloc>>20, peak.Load(), before, during)
}

func unless(ok bool, text string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(text, args...)
}

// seed writes claims like the one that there is, until there are so many items; it
// returns how many items each has.
func (m *moneyHouse) seed(t *testing.T, items int) (each int) {
	claim, response := m.one("Claim", "status=active"), m.one("ClaimResponse", "status=active")
	each = claim.Get("item").Item(0).Get("detail").Len()
	order := claim.Root().Path("prescription", "extension").Item(0).Get("extension").Item(0).Path("valueIdentifier", "value").Text()
	message := claim.Get("identifier").Item(0).Get("value").Text()
	require.NotEmpty(t, order)
	var changes []fhir.Change
	for i := 1; i < items/each; i++ {
		id := reimbursement.ClaimID(fmt.Sprint("seed", i), 1)
		answer := reimbursement.ResponseID(id)
		change := strings.NewReplacer(response.ID(), answer, claim.ID(), id, order, fmt.Sprintf("%06X-X99CL0-%06X", i, i), message, uuid.NewString())
		for typ, of := range map[string]*fhir.Resource{"Claim": claim, "ClaimResponse": response} {
			r, err := fhir.Parse([]byte(change.Replace(string(of.JSON()))))
			require.NoError(t, err)
			changes = append(changes, fhir.Change{Method: fhir.Create, Type: typ, ID: r.ID(), Resource: r, IfAbsent: true})
		}
		if len(changes) >= 400 || i == items/each-1 {
			_, err := m.app.db.Commit(t.Context(), &fhir.Transaction{Derived: true, Changes: changes})
			require.NoError(t, err)
			changes = nil
		}
	}
	return each
}

// clients read and write until they are ended.
type clients struct {
	mu    sync.Mutex
	times []time.Duration
	stop  chan struct{}
	wait  sync.WaitGroup
}

func (m *moneyHouse) underLoad(t *testing.T) *clients {
	c := &clients{stop: make(chan struct{})}
	task := m.one("Task", "code=prescription-order&status=completed")
	for range 4 {
		c.wait.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-c.stop:
					return
				default:
				}
				begun := time.Now()
				code, _ := m.answered("GET", "/fhir/Task/"+task.ID(), "application/fhir+json", nil)
				if i%10 == 0 {
					code, _ = m.answered("POST", "/fhir/Basic", "application/fhir+json", []byte(`{"resourceType":"Basic","code":{"text":"load"}}`))
				}
				if code >= 400 {
					t.Error("status ", code)
					return
				}
				if i%10 != 0 {
					c.mu.Lock()
					c.times = append(c.times, time.Since(begun))
					c.mu.Unlock()
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	return c
}

// p99 is the 99th percentile of the reads since it was asked last.
func (c *clients) p99() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.times) == 0 {
		return 0
	}
	slices.Sort(c.times)
	at := c.times[len(c.times)*99/100]
	c.times = nil
	return at.Round(100 * time.Microsecond)
}

func (c *clients) end() time.Duration {
	at := c.p99()
	close(c.stop)
	c.wait.Wait()
	return at
}

// watchHeap keeps the most that the heap holds, in MB, until it is stopped.
func watchHeap(peak *atomic.Uint64) (stop func()) {
	done, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		for {
			var s runtime.MemStats
			runtime.ReadMemStats(&s)
			peak.Store(max(peak.Load(), s.HeapAlloc>>20))
			select {
			case <-done:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	return func() { close(done); <-over }
}

// exportCount counts the bytes and the claims of an export as they come.
type exportCount struct {
	bytes, claims int64
	tail          string
}

var _ io.Writer = (*exportCount)(nil)

const claimHead = `"resource":{"resourceType":"Claim",`

// Write counts; a mark that is cut in two is found in the next.
func (c *exportCount) Write(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, errors.New("nothing is written")
	}
	text := c.tail + string(b)
	c.claims += int64(strings.Count(text, claimHead))
	c.bytes += int64(len(b))
	c.tail = text[max(0, len(text)-len(claimHead)+1):]
	return len(b), nil
}
