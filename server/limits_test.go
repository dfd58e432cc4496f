package server_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
)

// stopped is a repository whose reads last until their context ends.
type stopped struct {
	server.Repository
	reading chan struct{}
}

func (s stopped) Read(ctx context.Context, typ, id string) (*fhir.Version, error) {
	if s.reading != nil {
		s.reading <- struct{}{}
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestTimeoutCancelsTheWork(t *testing.T) {
	h := newHandler(t, func(c *server.Config) {
		c.Timeout = 20 * time.Millisecond
		c.Repository = stopped{c.Repository, nil}
	})
	w := call(h, "GET", "/fhir/Patient/1", "")
	require.Equal(t, 503, w.Code)
	require.Equal(t, "5", w.Header().Get("Retry-After"))
	require.Contains(t, w.Body.String(), `"timeout"`)
}

func TestTooManyAtOnce(t *testing.T) {
	reading := make(chan struct{})
	h := newHandler(t, func(c *server.Config) {
		c.MaxInFlight = 1
		c.Repository = stopped{c.Repository, reading}
	})
	ctx, cancel := context.WithCancel(context.Background())
	var first sync.WaitGroup
	first.Go(func() {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/fhir/Patient/1", nil).WithContext(ctx))
	})
	<-reading
	w := call(h, "GET", "/fhir/Patient/2", "")
	require.Equal(t, 429, w.Code)
	require.Equal(t, "5", w.Header().Get("Retry-After"))
	require.Contains(t, w.Body.String(), `"throttled"`)
	cancel()
	first.Wait()
	require.Equal(t, 200, call(h, "GET", "/fhir/Patient?_count=0", "").Code)
}

func TestBodyIsBounded(t *testing.T) {
	h := newHandler(t, func(c *server.Config) { c.MaxBody = 2000 })
	long := `{"resourceType":"Patient","name":[{"family":"` + strings.Repeat("a", 3000) + `"}]}`
	require.Equal(t, 413, call(h, "POST", "/fhir/Patient", long).Code)

	// A bomb is small until it is unpacked.
	w := call(h, "POST", "/fhir/Patient", packed(long), "Content-Encoding", "gzip")
	require.Equal(t, 413, w.Code)
	require.Contains(t, w.Body.String(), `"too-long"`)

	// Without a length the limit holds as well.
	r := httptest.NewRequest("POST", "/fhir/Patient", io.MultiReader(strings.NewReader(long)))
	r.ContentLength = -1
	r.Header.Set("Content-Type", "application/fhir+json")
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	require.Equal(t, 413, rec.Code)
}

func TestDepthIsBounded(t *testing.T) {
	h := newHandler(t, nil)
	deep := `{"resourceType":"Patient","extension":` + strings.Repeat(`[{"url":"u","extension":`, 200) + "1" + strings.Repeat("}]", 200) + "}"
	w := call(h, "POST", "/fhir/Patient", deep)
	require.Equal(t, 400, w.Code, w.Body)
	require.Contains(t, w.Body.String(), "nests too deep")
}

func packed(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.String()
}

func TestGzipBothWays(t *testing.T) {
	h := newHandler(t, nil)
	text := `{"resourceType":"Patient","name":[{"family":"` + strings.Repeat("abc", 2000) + `"}]}`
	w := call(h, "POST", "/fhir/Patient", packed(text), "Content-Encoding", "gzip", "Accept-Encoding", "gzip")
	require.Equal(t, 201, w.Code, w.Body)
	require.Equal(t, "gzip", w.Header().Get("Content-Encoding"))
	z, err := gzip.NewReader(w.Body)
	require.NoError(t, err)
	back, err := io.ReadAll(z)
	require.NoError(t, err)
	require.Contains(t, string(back), strings.Repeat("abc", 2000))

	cut := packed(text)[:40]
	require.Equal(t, 400, call(h, "POST", "/fhir/Patient", cut, "Content-Encoding", "gzip").Code)
}

// broken is a repository that fails in its own ways.
type broken struct{ server.Repository }

func (broken) Read(_ context.Context, _, id string) (*fhir.Version, error) {
	if id == "panic" {
		panic("a secret of the program")
	}
	return nil, errors.New("a secret of the disk")
}

func (broken) ReceiptFor(context.Context, string) (fhir.Receipt, bool, error) {
	return fhir.Receipt{}, false, errors.New("no disk")
}

func TestFailuresTellNoSecrets(t *testing.T) {
	var log bytes.Buffer
	h := newHandler(t, func(c *server.Config) {
		c.Repository = broken{c.Repository}
		c.Logger = slog.New(slog.NewTextHandler(&log, nil))
		c.NewID = func() string { return "11111111-1111-4111-8111-000000000009" }
	})
	for _, id := range []string{"panic", "error"} {
		log.Reset()
		w := call(h, "GET", "/fhir/Patient/"+id, "")
		require.Equal(t, 500, w.Code)
		require.NotContains(t, w.Body.String(), "secret")
		require.NotContains(t, w.Body.String(), ".go")
		require.Contains(t, w.Body.String(), "11111111-1111-4111-8111-000000000009")
		require.Contains(t, log.String(), "a secret of the")
		require.Contains(t, log.String(), "incident=11111111-1111-4111-8111-000000000009")
		require.Equal(t, id == "panic", strings.Contains(log.String(), "limits_test.go"), "the stack is in the log")
	}
	require.Equal(t, 503, call(h, "GET", "/health", "").Code)
	require.Equal(t, 200, call(h, "GET", "/health/live", "").Code)
}

// The second request of an id waits for the first one, and takes its place when
// its client goes away.
func TestRepeatWhileTheFirstIsRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls, finished int
		h := newHandler(t, func(c *server.Config) {
			c.Timeout = time.Hour
			c.Operations = []fhir.Operation{{Name: "slow", RequestID: true, Handle: func(ctx context.Context, _ *fhir.Call) (*fhir.Reply, error) {
				calls++
				select {
				case <-ctx.Done():
					return nil, ctx.Err()
				case <-time.After(time.Minute):
				}
				finished++
				return &fhir.Reply{Resource: fhir.Obj("resourceType", "Parameters").Resource()}, nil
			}}}
		})
		ask := func(ctx context.Context, body string) int {
			r := httptest.NewRequest("POST", "/fhir/$slow", strings.NewReader(body)).WithContext(ctx)
			r.Header.Set("X-Request-ID", "11111111-1111-4111-8111-000000000001")
			r.Header.Set("Content-Type", "application/fhir+json")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w.Code
		}
		ctx, cancel := context.WithCancel(t.Context())
		statuses := make(chan int, 4)
		go func() { statuses <- ask(ctx, "") }()
		synctest.Wait()
		for range 2 {
			go func() { statuses <- ask(t.Context(), "") }()
		}
		synctest.Wait()
		require.Equal(t, 409, ask(t.Context(), `{"resourceType":"Parameters"}`), "another body under the same id")
		require.Equal(t, 1, calls)
		cancel()
		require.Equal(t, http.StatusServiceUnavailable, <-statuses)
		require.Equal(t, http.StatusOK, <-statuses)
		require.Equal(t, http.StatusOK, <-statuses)
		require.Equal(t, 2, calls)
		require.Equal(t, 1, finished)
	})
}

// A short Bundle cannot ask for more than there is room for. What writes is
// carried out all the same.
func TestAnswersToABundleAreBounded(t *testing.T) {
	h := newHandler(t, func(c *server.Config) { c.MaxAnswers = 20_000 })
	long := `{"resourceType":"Patient","id":"long","name":[{"family":"` + strings.Repeat("a", 6000) + `"}]}`
	require.Equal(t, 201, call(h, "PUT", "/fhir/Patient/long", long).Code)
	day := 0
	write := func() string { // each time another day of birth, so that it makes a version
		day++
		return fmt.Sprintf(`{"resource":%s,"birthDate":"2000-01-%02d"},"request":{"method":"PUT","url":"Patient/long"}}`, strings.TrimSuffix(long, "}"), day)
	}
	reads := strings.Repeat(`,{"request":{"method":"GET","url":"Patient/long"}}`, 10)
	for _, kind := range []string{"batch", "transaction"} {
		w := call(h, "POST", "/fhir", `{"resourceType":"Bundle","type":"`+kind+`","entry":[`+write()+reads+`]}`)
		require.Equal(t, 200, w.Code, w.Body)
		require.Less(t, w.Body.Len(), 30_000)
		require.Equal(t, 7, strings.Count(w.Body.String(), `"too-costly"`))
		require.Equal(t, 4, strings.Count(w.Body.String(), "200 OK"), "a write and three reads")
	}
	writes := write()
	for range 9 {
		writes += "," + write()
	}
	w := call(h, "POST", "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[`+writes+`]}`, "Prefer", "return=representation")
	require.Equal(t, 10, strings.Count(w.Body.String(), "200 OK"))
	require.Less(t, w.Body.Len(), 30_000)
	require.Contains(t, call(h, "GET", "/fhir/Patient/long", "").Body.String(), `"versionId":"13"`)
}

// A hundred entries of a batch that want one patient make one.
func TestConditionalCreatesOfABatch(t *testing.T) {
	h := newHandler(t, nil)
	entry := `{"resource":{"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"1"}]},"request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=urn:mrn|1"}}`
	w := call(h, "POST", "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[`+strings.Repeat(entry+",", 99)+entry+`]}`)
	require.Equal(t, 200, w.Code, w.Body)
	require.Equal(t, 1, strings.Count(w.Body.String(), "201 Created"))
	require.Equal(t, 99, strings.Count(w.Body.String(), "200 OK"))
}

// pipes is a listener whose connections need no machine: in a bubble of synctest, time
// passes when both ends wait.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if conn, open := <-p; open {
		return conn, nil
	}
	return nil, net.ErrClosed
}

func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// send opens a connection and sends the beginning of a request, or all of it.
func (p pipes) send(t *testing.T, request string) net.Conn {
	client, served := net.Pipe()
	p <- served
	_, err := io.WriteString(client, request)
	require.NoError(t, err)
	return client
}

// Who announces a body and does not send it is answered when the time is up, and
// holds no place meanwhile.
func TestSlowSender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := make(pipes)
		h := &http.Server{Handler: newHandler(t, func(c *server.Config) { c.Timeout, c.MaxInFlight = 300*time.Millisecond, 1 })}
		go func() { _ = h.Serve(listener) }()
		defer func() { require.NoError(t, h.Close()) }()
		answer := func(conn net.Conn) (status int, body string) {
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			require.NoError(t, err)
			text, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			return response.StatusCode, string(text)
		}
		began := time.Now()
		slow := listener.send(t, "POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nContent-Length: 100\r\n\r\n{")
		synctest.Wait()
		status, _ := answer(listener.send(t, "GET /fhir/Patient HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
		require.Equal(t, 200, status)
		require.Zero(t, time.Since(began), "it does not wait for the other one")
		status, body := answer(slow)
		require.Equal(t, 408, status)
		require.Equal(t, 300*time.Millisecond, time.Since(began))
		require.Contains(t, body, "arrived too slowly")
	})
}

func TestAPostedSearchIsBounded(t *testing.T) {
	h := newHandler(t, nil)
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	require.Equal(t, 200, call(h, "POST", "/fhir/Patient/_search", "name=x", form...).Code)
	w := call(h, "POST", "/fhir/Patient/_search", "name="+strings.Repeat("x,", 1<<19), form...)
	require.Equal(t, 413, w.Code)
	require.Contains(t, w.Body.String(), "at most 1048576 bytes")
}
