package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// counter is a receiver that counts the events that it is told of.
type counter struct {
	mu     sync.Mutex
	calls  int
	events int
	lags   []time.Duration // of each event, from its commit to the receiver
	done   chan struct{}   // closed when there are as many events as are awaited
	want   int
	hold   chan struct{} // until it is closed, no call is answered; nil for not at all
}

func (c *counter) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	now, in := time.Now(), told{}
	in.body = make([]byte, max(r.ContentLength, 0))
	for read := 0; read < len(in.body); {
		n, err := r.Body.Read(in.body[read:])
		if read += n; err != nil {
			break
		}
	}
	parsed, err := fhir.Parse(in.body)
	if err != nil {
		return
	}
	c.mu.Lock()
	hold := c.hold
	c.mu.Unlock()
	if hold != nil {
		<-hold
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	for p := range parsed.Get("entry").Item(0).Path("resource", "parameter").Items() {
		if p.Get("name").Text() != "notification-event" {
			continue
		}
		at, err := time.Parse(fhir.InstantLayout, p.Get("part").Item(1).Get("valueInstant").Text())
		if err == nil {
			c.lags = append(c.lags, now.Sub(at))
		}
		if c.events++; c.events == c.want {
			close(c.done)
		}
	}
}

// awaits begins to count anew.
func (c *counter) awaits(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls, c.events, c.lags, c.want, c.done = 0, 0, nil, n, make(chan struct{})
}

// held has no call answered until it is called with nil.
func (c *counter) held(until chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hold != nil {
		close(c.hold)
	}
	c.hold = until
}

// queried is a CommunicationRequest, by which the topic prescription-queried is met.
func queried(n int) fhir.Change {
	return fhir.Change{Method: fhir.Create, Type: "CommunicationRequest", Resource: fhir.Obj("resourceType", "CommunicationRequest", "status", "active",
		"identifier", fhir.List(fhir.Obj("value", fmt.Sprint(n))), "payload", fhir.List(fhir.Obj("contentString", "Is this the dose that you mean?"))).Resource()}
}

// BenchmarkDeliveries is how many events are delivered in a second to one receiver, of
// those that wait, and how long events wait that happen 200 times a second, while as many
// other subscriptions have a receiver that does not answer.
func BenchmarkDeliveries(b *testing.B) {
	const waiting = 10000
	for _, c := range []struct {
		name, content string
		most          int
	}{{"one-by-one", "id-only", 1}, {"together", "id-only", 20}, {"whole", "full-resource", 20}} {
		b.Run(c.name, func(b *testing.B) {
			d := startDeliveries(b, c.content, c.most)
			for b.Loop() {
				d.in.awaits(waiting)
				d.in.held(make(chan struct{}))
				for n := 0; n < waiting; n += 500 {
					d.commit(500)
				}
				d.noted()
				begun := time.Now()
				d.in.held(nil)
				<-d.in.done
				b.ReportMetric(waiting/time.Since(begun).Seconds(), "events/s")
				b.ReportMetric(float64(d.in.calls)/time.Since(begun).Seconds(), "calls/s")
			}
		})
	}
	b.Run("lag", func(b *testing.B) {
		d := startDeliveries(b, "id-only", 1)
		d.dead(b, 5)
		for b.Loop() {
			const each, seconds = 200, 5
			d.in.awaits(each * seconds)
			ticker := time.NewTicker(time.Second / each)
			for range each * seconds {
				<-ticker.C
				d.commit(1)
			}
			ticker.Stop()
			<-d.in.done
			slices.Sort(d.in.lags)
			b.ReportMetric(float64(d.in.lags[len(d.in.lags)*99/100].Milliseconds()), "p99-ms")
			b.ReportMetric(float64(d.in.lags[len(d.in.lags)/2].Milliseconds()), "p50-ms")
		}
	})
}

type deliveries struct {
	b    *testing.B
	app  *app
	base string
	in   *counter
	id   string // of the Subscription
	made int
}

func startDeliveries(b *testing.B, content string, most int) *deliveries {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	base := "http://" + listener.Addr().String()
	command := &serveCommand{Sandbox: true, Addr: listener.Addr().String(), PublicURL: base, Data: b.TempDir(), DrainSeconds: 1, VerifyShare: 10}
	require.NoError(b, command.complete())
	log := slog.New(slog.DiscardHandler)
	config := command.appConfig()
	config.Origins, config.Address = origins(base, listener.Addr()), base
	app, err := openApp(config, log)
	require.NoError(b, err)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- command.serve(ctx, app, listener, log, streams{out: io.Discard, err: io.Discard}) }()
	d := &deliveries{b: b, app: app, base: base, in: &counter{}}
	receiver := httptest.NewServer(d.in)
	b.Cleanup(func() {
		stop()
		require.NoError(b, <-served)
		require.NoError(b, app.close())
		receiver.Close()
	})
	require.Eventually(b, func() bool {
		answer, err := http.Get(base + "/health")
		return err == nil && answer.Body.Close() == nil
	}, 10*time.Second, 10*time.Millisecond)
	d.in.awaits(-1)
	d.id = d.subscribe(receiver.URL, content, most)
	return d
}

// noted waits until all that was committed is noted as events.
func (d *deliveries) noted() {
	require.Eventually(d.b, func() bool {
		c := poster{d.b, d.base}
		return strings.Contains(c.get("/Subscription/"+d.id+"/$status"), fmt.Sprintf(`"valueString":"%d"`, d.made))
	}, time.Minute, 20*time.Millisecond)
}

// subscribe makes a subscription, and waits until it is served.
func (d *deliveries) subscribe(endpoint, content string, most int) string {
	const guide = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
	c := poster{d.b, d.base}
	id := c.post("/Subscription", topicSubscription("prescription-queried", endpoint, content,
		"extension", fhir.List(fhir.Obj("url", guide+"backport-max-count", "valuePositiveInt", most))))
	require.Eventually(d.b, func() bool {
		v, err := d.app.db.Read(d.b.Context(), "Subscription", id)
		return err == nil && string(v.JSON) != "" && textOf(v, "status") == "active"
	}, 10*time.Second, 10*time.Millisecond)
	return id
}

// dead makes subscriptions whose receivers answered once, and never again.
func (d *deliveries) dead(b *testing.B, n int) {
	var mu sync.Mutex
	greeted := 0
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		greeted++
		first := greeted <= n
		mu.Unlock()
		if !first {
			select {
			case <-r.Context().Done():
			case <-b.Context().Done():
			}
		}
	}))
	b.Cleanup(receiver.CloseClientConnections)
	for range n {
		d.subscribe(receiver.URL, "id-only", 1)
	}
}

// commit writes so many events.
func (d *deliveries) commit(n int) {
	tx := &fhir.Transaction{Requester: fhir.Principal{Agent: "bench", Unbound: true}}
	for range n {
		d.made++
		tx.Changes = append(tx.Changes, queried(d.made))
	}
	_, err := d.app.db.Commit(d.b.Context(), tx)
	require.NoError(d.b, err)
}

// poster writes resources to a server.
type poster struct {
	b    *testing.B
	base string
}

// post creates a resource, and returns its id.
func (p poster) post(path, body string) string {
	answer, err := http.Post(p.base+"/fhir"+path, "application/fhir+json", strings.NewReader(body))
	require.NoError(p.b, err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(p.b, err)
	require.Equal(p.b, http.StatusCreated, answer.StatusCode, string(text))
	r, err := fhir.Parse(text)
	require.NoError(p.b, err)
	return r.Get("id").Text()
}

// get reads something.
func (p poster) get(path string) string {
	answer, err := http.Get(p.base + "/fhir" + path)
	require.NoError(p.b, err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(p.b, err)
	return string(text)
}

func textOf(v *fhir.Version, member string) string {
	r, err := v.Resource()
	if err != nil || r == nil {
		return ""
	}
	return r.Get(member).Text()
}
