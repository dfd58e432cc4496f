package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/checkdigit"
	"github.com/pestle-fhir/pestle/internal/processor"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing"
	"github.com/pestle-fhir/pestle/server"
)

const claimClients = 16

// BenchmarkOrderToClaim takes prescriptions of two items, each of a patient of its
// own, from the order to the priced claim over HTTP: 16 clients send orders, accept
// and dispense them. In sustained each client takes one prescription after the
// other, and the time ends when all claims are priced; stages has one stage after
// the other, and reports what each needs of the processor.
func BenchmarkOrderToClaim(b *testing.B) {
	b.Run("sustained", func(b *testing.B) {
		c := startClaims(b)
		c.all(c.orders(32), c.whole) // warm
		sent, cpu := 0, time.Duration(0)
		for b.Loop() {
			b.StopTimer()
			orders := c.orders(256)
			before := processor.Time()
			b.StartTimer()
			c.all(orders, c.whole)
			cpu += processor.Time() - before
			sent += len(orders)
		}
		b.ReportMetric(float64(sent)/b.Elapsed().Seconds(), "prescriptions/s")
		b.ReportMetric(float64(cpu.Microseconds())/float64(sent), "cpu-µs/prescription")
		c.check()
	})
	b.Run("stages", func(b *testing.B) {
		c := startClaims(b)
		stages := []struct {
			name string
			do   func(*claimed)
		}{{"order", c.order}, {"accept", c.accept}, {"dispense", c.dispense}}
		sent, cpu := 0, make([]time.Duration, len(stages))
		for b.Loop() {
			b.StopTimer()
			orders := c.orders(256)
			b.StartTimer()
			for i, stage := range stages {
				before := processor.Time()
				c.all(orders, stage.do)
				cpu[i] += processor.Time() - before
			}
			sent += len(orders)
		}
		for i, stage := range stages {
			b.ReportMetric(float64(cpu[i].Microseconds())/float64(sent), stage.name+"-cpu-µs")
		}
		c.check()
	})
}

// claiming is a pharmacy whose prescriptions are claimed.
type claiming struct {
	b    testing.TB
	app  *app
	http *httptest.Server
	made int64
	sent atomic.Int64
}

// claimed is a prescription on its way to its claim.
type claimed struct {
	order, supply []byte
	number, task  string // its short-form id, and /Task/id
}

func startClaims(b testing.TB) *claiming {
	command := &serveCommand{Sandbox: true, Addr: "127.0.0.1:0", Data: b.TempDir(), Authority: "T1450", MaxBacklog: 10000}
	require.NoError(b, command.complete())
	log := slog.New(slog.DiscardHandler)
	app, err := openApp(command.appConfig(), log)
	require.NoError(b, err)
	config, err := command.config(app, log)
	require.NoError(b, err)
	s, err := server.New(config)
	require.NoError(b, err)
	boundsMemory(b, heapMemory)
	require.NoError(b, app.loadDemo(b.Context()))
	ctx, stop := context.WithCancel(context.Background())
	followers := app.follow(ctx)
	c := &claiming{b: b, app: app, http: httptest.NewServer(s.Handler())}
	transport := c.http.Client().Transport.(*http.Transport)
	transport.MaxIdleConnsPerHost, transport.DisableCompression = claimClients, true
	b.Cleanup(func() {
		c.http.Close()
		stop()
		<-followers
		require.NoError(b, app.close())
	})
	return c
}

// orders are so many new prescriptions, each of another patient.
func (c *claiming) orders(n int) []*claimed {
	list := make([]*claimed, n)
	for i := range list {
		c.made++
		list[i] = newClaimed(c.b, benchNumber(c.made))
	}
	return list
}

// newClaimed is a new demo prescription of a patient.
func newClaimed(t testing.TB, patient string) *claimed {
	r, err := sandboxMessage(time.Now())
	require.NoError(t, err)
	require.True(t, checkdigit.NHSNumber(patient), patient)
	p := &claimed{}
	var drawn []string
	var items []string
	for e := range r.Get("entry").Items() {
		switch r := e.Get("resource"); r.Get("resourceType").Text() {
		case "MedicationRequest":
			p.number = r.Path("groupIdentifier", "value").Text()
			items = append(items, r.Get("identifier").Item(0).Get("value").Text())
		case "Patient":
			name := r.Get("name").Item(0)
			drawn = []string{r.Get("identifier").Item(0).Get("value").Text(), patient, `"` + name.Get("family").Text() + `"`, `"Example"`, `"` + name.Get("given").Item(0).Text() + `"`, `"Pat"`}
		}
	}
	require.True(t, checkdigit.NHSNumber(drawn[0]), drawn)
	p.order = []byte(strings.NewReplacer(drawn...).Replace(string(r.JSON())))
	p.supply, p.task = claimParameters(items, fhir.Value{}), "/Task/"+dispensing.TaskID(p.number, 1)
	return p
}

// all has the clients do something with each prescription, and waits until the
// followers have caught up.
func (c *claiming) all(list []*claimed, do func(*claimed)) {
	queue := make(chan *claimed, len(list))
	for _, p := range list {
		queue <- p
	}
	close(queue)
	var group sync.WaitGroup
	for range claimClients {
		group.Go(func() {
			for p := range queue {
				do(p)
			}
		})
	}
	group.Wait()
	for {
		if _, lag := c.app.backlog.Lag(); lag == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// whole takes a prescription as far as its supply. A pharmacy looks for the Task
// every 20 ms.
func (c *claiming) whole(p *claimed) {
	c.order(p)
	for c.ask(http.MethodGet, p.task, nil) == http.StatusNotFound {
		time.Sleep(20 * time.Millisecond)
	}
	c.accept(p)
	c.dispense(p)
}

func (c *claiming) order(p *claimed)  { c.ask(http.MethodPost, "/$process-message", p.order) }
func (c *claiming) accept(p *claimed) { c.ask(http.MethodPost, p.task+"/$accept", nil) }
func (c *claiming) dispense(p *claimed) {
	c.ask(http.MethodPost, p.task+"/$dispense", p.supply)
	c.sent.Add(1)
}

// ask makes a request, again where the server says that it has no time for it now.
func (c *claiming) ask(method, path string, body []byte) int {
	status, text := c.once(method, path, body)
	for range 50 {
		if status != http.StatusTooManyRequests {
			break
		}
		time.Sleep(20 * time.Millisecond)
		status, text = c.once(method, path, body)
	}
	if status >= 400 && status != http.StatusNotFound {
		c.b.Errorf("%s %s: %d %.500s", method, path, status, text)
	}
	return status
}

func (c *claiming) once(method, path string, body []byte) (status int, text []byte) {
	r, err := http.NewRequestWithContext(c.b.Context(), method, c.http.URL+"/fhir"+path, bytes.NewReader(body))
	if err != nil {
		c.b.Error(err)
		return 0, nil
	}
	r.Header.Set("Content-Type", "application/fhir+json")
	answer, err := c.http.Client().Do(r)
	if err != nil {
		c.b.Error(err)
		return 0, nil
	}
	defer func() { _ = answer.Body.Close() }()
	text, _ = io.ReadAll(answer.Body)
	return answer.StatusCode, text
}

// check fails unless everything that was supplied is claimed and priced.
func (c *claiming) check() {
	for _, typ := range []string{"Claim", "ClaimResponse"} {
		ids, err := c.app.db.State(c.b.Context()).Find(typ, "status=active")
		require.NoError(c.b, err)
		require.Len(c.b, ids, int(c.sent.Load()), typ)
	}
}
