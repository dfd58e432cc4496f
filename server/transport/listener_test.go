package transport_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/server/transport"
)

// echo answers with the path, the length of the body and the client's address.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	_, _ = fmt.Fprintf(w, "%s %d %v %s %s", r.URL.Path, len(body), err, r.RemoteAddr, r.Header.Get("X-Forwarded-Host"))
})

func listen(t *testing.T, proxies ...string) string {
	t.Helper()
	trusted, err := transport.ParseProxies(proxies)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	h := &http.Server{Handler: transport.Handler(trusted, echo), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = h.Serve(transport.Listener(l)) }()
	t.Cleanup(func() { _ = h.Close() })
	return l.Addr().String()
}

// statuses sends bytes in pieces and returns the statuses of what is answered
// until the connection ends.
func statuses(t *testing.T, addr string, pieces ...string) (out []int) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer func() { _ = c.Close() }()
	go func() {
		for i, piece := range pieces {
			if i > 0 {
				time.Sleep(time.Millisecond)
			}
			_, _ = io.WriteString(c, piece)
		}
	}()
	reader := bufio.NewReader(c)
	for {
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		resp, err := http.ReadResponse(reader, nil)
		if err != nil {
			return out
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		out = append(out, resp.StatusCode)
	}
}

const (
	get     = "GET /next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	sized   = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
	chunked = "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nX: y\r\n\r\n"
)

// TestFraming sends each request whole, by single bytes, and with others before
// and behind it.
func TestFraming(t *testing.T) {
	addr := listen(t)
	for name, c := range map[string]struct {
		request string
		want    []int
	}{
		"sized":                    {sized + get, []int{200, 200}},
		"chunked":                  {chunked + get, []int{200, 200}},
		"lines end in line feeds":  {"POST /a HTTP/1.1\nHost: x\nContent-Length: 5\n\nhello" + get, []int{200, 200}},
		"length, then encoding":    {"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + get, []int{400}},
		"encoding, then length":    {"POST /a HTTP/1.1\r\nHost: x\r\ntransfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n" + get, []int{400}},
		"both, on another route":   {"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + get, []int{400}},
		"encoding in 1.0":          {"POST /a HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + get, []int{400}},
		"encoding, length in 1.0":  {"POST /a HTTP/1.0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + get, []int{400}},
		"length over two lines":    {"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n 5\r\n\r\nhello" + get, []int{400}},
		"encoding over two lines":  {"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + get, []int{400}},
		"length that is no number": {"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello" + get, []int{400}},
		"a faulty head in a body":  {"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 58\r\n\r\nPOST / HTTP/1.0\r\nContent-Length: 1\r\nTransfer-Encoding: a\r\n" + get, []int{200, 200}},
		"1.0 with a length":        {"POST /a HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello" + get, []int{200, 200}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, statuses(t, addr, c.request), "whole")
			assert.Equal(t, c.want, statuses(t, addr, strings.Split(c.request, "")...), "by bytes")
			assert.Equal(t, append([]int{200, 200}, c.want...), statuses(t, addr, sized+chunked+c.request), "behind others")
			assert.Equal(t, append([]int{200}, c.want...), statuses(t, addr, chunked+c.request[:20], c.request[20:]), "in two pieces")
		})
	}
}

// TestLarge wants a body of many sizes whole, and the request behind it found.
func TestLarge(t *testing.T) {
	addr := listen(t)
	for _, n := range []int{0, 1, 4095, 4096, 4097, 1 << 20, 5 << 20} {
		body := strings.Repeat("\n", n)
		request := fmt.Sprintf("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", n, body)
		faulty := "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
		assert.Equal(t, []int{200, 200, 400}, statuses(t, addr, request+sized+faulty), "%d bytes", n)
	}
	long := "GET /" + strings.Repeat("a", 3<<20) + " HTTP/1.1\r\nHost: x\r\n\r\n"
	assert.Equal(t, []int{431}, statuses(t, addr, long+get))
}

func ask(t *testing.T, addr string, header map[string]string) (status int, body string, answered http.Header) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, "http://"+addr+"/x", http.NoBody)
	require.NoError(t, err)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(text), resp.Header
}

// TestForwarded believes what a proxy says, and nobody else.
func TestForwarded(t *testing.T) {
	forged := map[string]string{"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
	_, body, header := ask(t, listen(t), forged)
	assert.Contains(t, body, " 127.0.0.1:")
	assert.NotContains(t, body, "evil.example")
	assert.Empty(t, header.Get("Strict-Transport-Security"))
	_, body, _ = ask(t, listen(t, "10.0.0.0/8"), forged)
	assert.Contains(t, body, " 127.0.0.1:")

	behind := listen(t, "127.0.0.1", "10.0.0.0/8")
	_, body, header = ask(t, behind, forged)
	assert.Contains(t, body, " 203.0.113.9:0 ")
	assert.NotEmpty(t, header.Get("Strict-Transport-Security"))
	for said, want := range map[string]string{
		"198.51.100.1, 203.0.113.9":           " 203.0.113.9:0 ", // the first is what the client says of itself
		"198.51.100.1, 203.0.113.9, 10.1.1.1": " 203.0.113.9:0 ",
		"10.2.2.2, 10.1.1.1":                  " 10.2.2.2:0 ",
		"203.0.113.9, unknown":                " 127.0.0.1:",
		"2001:db8::1":                         " [2001:db8::1]:0 ",
	} {
		_, body, _ := ask(t, behind, map[string]string{"X-Forwarded-For": said})
		assert.Contains(t, body, want, said)
	}
}

// TestClearText: what comes in clear text past the proxies is refused.
func TestClearText(t *testing.T) {
	proxies, err := transport.ParseProxies([]string{"10.0.0.7"})
	require.NoError(t, err)
	for from, want := range map[string]int{"10.0.0.7:1": 200, "[::ffff:10.0.0.7]:1": 200, "127.0.0.1:1": 200, "10.0.0.8:1": 403, "[2001:db8::1]:1": 403} {
		r, err := http.NewRequest(http.MethodGet, "/x", http.NoBody)
		require.NoError(t, err)
		r.RemoteAddr = from
		w := &recorded{header: http.Header{}, status: 200}
		transport.Handler(proxies, echo).ServeHTTP(w, r)
		assert.Equal(t, want, w.status, from)
	}
}

type recorded struct {
	header http.Header
	status int
}

func (r *recorded) Header() http.Header         { return r.header }
func (r *recorded) Write(p []byte) (int, error) { return len(p), nil }
func (r *recorded) WriteHeader(status int)      { r.status = status }
