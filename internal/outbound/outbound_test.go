package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

func TestAddresses(t *testing.T) {
	for address, want := range map[string]string{ // with no option, with Loopback, with Private
		"8.8.8.8": "yes yes yes", "2606:4700::1111": "yes yes yes", "2001:4860:4860::8888": "yes yes yes",
		"127.0.0.1": "no yes yes", "127.8.9.1": "no yes yes", "::1": "no yes yes", "::ffff:127.0.0.1": "no yes yes",
		"10.1.2.3": "no no yes", "172.16.0.1": "no no yes", "192.168.0.1": "no no yes", "100.64.0.1": "no no yes", "fd00::1": "no no yes", "fd00::1%eth0": "no no yes",
		"169.254.169.254": "no no no", "::ffff:169.254.169.254": "no no no", "fd00:ec2::254": "no no no", "100.100.100.200": "no no no", "168.63.129.16": "no no no",
		"0.0.0.0": "no no no", "0.1.2.3": "no no no", "255.255.255.255": "no no no", "240.0.0.1": "no no no", "224.0.0.1": "no no no", "192.0.2.1": "no no no", "198.18.0.1": "no no no",
		"::": "no no no", "::8.8.8.8": "no no no", "::ffff:8.8.8.8": "no no no", "fe80::1": "no no no", "fec0::1": "no no no", "ff02::1": "no no no",
		"64:ff9b::a00:1": "no no no", "64:ff9b::808:808": "no no no", "64:ff9b:1::1": "no no no", "2002:a00:1::": "no no no", "2001:0:4136:e378::": "no no no", "2001:db8::1": "no no no",
	} {
		got := []string{}
		for _, o := range []Options{{}, {Loopback: true}, {Private: true}} {
			got = append(got, map[bool]string{true: "yes", false: "no"}[o.reachable(net.JoinHostPort(address, "443")) == nil])
		}
		require.Equal(t, want, strings.Join(got, " "), address)
	}
	require.Error(t, Options{}.reachable("somewhere"))
}

func TestCheck(t *testing.T) {
	listed := Options{Hosts: []string{"hooks.example.org", "*.clinic.example:8443", "[2606:4700::1111]:443"}}
	for _, c := range []struct {
		options Options
		address string
		why     string // "" for none
	}{
		{Options{}, "https://hooks.example.org/a?b=c", ""},
		{Options{}, "https://hooks.example.org:8443/", ""},
		{Options{}, "http://hooks.example.org/", "https is expected"},
		{Options{}, "ftp://hooks.example.org/", "https is expected"},
		{Options{}, "mailto:a@example.org", "no host"},
		{Options{}, "/relative", "no host"},
		{Options{}, "https://", "no host"},
		{Options{}, "https://user:secret@hooks.example.org/", "password"},
		{Options{}, "https://hooks.example.org/#x", "fragment"},
		{Options{}, "https://169.254.169.254/latest/meta-data", "private address"},
		{Options{}, "https://[::ffff:10.0.0.1]/", "private address"},
		{Options{}, "https://LOCALHOST/", "private address"},
		{Options{}, "http://127.0.0.1:8080/", "https is expected"},
		{Options{}, "https://exa mple.org/", "not a URL"},
		{Options{Loopback: true}, "http://127.0.0.1:8080/", ""},
		{Options{Loopback: true}, "http://localhost:8080/", ""},
		{Options{Loopback: true}, "http://10.0.0.1/", "for this machine alone"},
		{Options{Loopback: true}, "http://hooks.example.org/", "for this machine alone"},
		{listed, "https://hooks.example.org/", ""},
		{listed, "https://HOOKS.example.org./", ""},
		{listed, "https://hooks.example.org:8443/", "operator"},
		{listed, "https://a.clinic.example:8443/", ""},
		{listed, "https://clinic.example:8443/", "operator"},
		{listed, "https://aclinic.example:8443/", "operator"},
		{listed, "https://hooks.example.org.evil.example/", "operator"},
		{listed, "https://[2606:4700::1111]/", ""},
	} {
		err := c.options.Check(c.address)
		if c.why == "" {
			require.NoError(t, err, c.address)
			continue
		}
		require.ErrorContains(t, err, c.why, c.address)
	}
}

// get calls an address and reads the answer.
func get(client *http.Client, address string) (string, error) {
	answer, err := client.Get(address)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	return fmt.Sprint(answer.StatusCode, " ", string(text)), err
}

func TestAnswers(t *testing.T) {
	var asked atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("/fine", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "12345678") })
	mux.HandleFunc("/long", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "123456789") })
	mux.HandleFunc("/head", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 9<<10)) })
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/fine", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/hang", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/drip", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "1")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked.Add(1); mux.ServeHTTP(w, r) }))
	defer s.Close()
	client := New(Options{Loopback: true, Timeout: 300 * time.Millisecond, Body: 8, Header: 8 << 10})

	text, err := get(client, s.URL+"/fine")
	require.NoError(t, err)
	require.Equal(t, "200 12345678", text)
	text, err = get(client, s.URL+"/long")
	require.ErrorIs(t, err, ErrTooLong)
	require.Equal(t, "200 12345678", text)
	_, err = get(client, s.URL+"/head")
	require.ErrorContains(t, err, "header")
	text, _ = get(client, s.URL+"/away")
	require.True(t, strings.HasPrefix(text, "307"), "a redirect is not followed: %s", text)
	for _, path := range []string{"/hang", "/drip"} {
		_, err = get(client, s.URL+path)
		require.Equal(t, "it did not answer in time", Reason(err), path)
	}

	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	_, err = get(New(Options{Loopback: true}), s.URL+"/fine")
	require.NoError(t, err, "the environment names no proxy")

	before := asked.Load()
	_, err = get(New(Options{}), s.URL+"/fine")
	require.ErrorContains(t, err, "https is expected")
	_, err = get(New(Options{Hosts: []string{"hooks.example.org"}, Loopback: true}), s.URL+"/fine")
	require.ErrorContains(t, err, "operator")
	require.Equal(t, before, asked.Load())
}

// TestCertificates is what becomes of a host that shows another certificate.
func TestCertificates(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "fine") }))
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	text, err := get(New(Options{Loopback: true, Roots: roots}), s.URL)
	require.NoError(t, err)
	require.Equal(t, "200 fine", text)
	_, err = get(New(Options{Loopback: true}), s.URL)
	require.Contains(t, Reason(err), "certificate")

	s.TLS.MaxVersion = tls.VersionTLS11
	s.TLS.MinVersion = tls.VersionTLS10
	old := httptest.NewUnstartedServer(http.NotFoundHandler())
	old.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11, Certificates: s.TLS.Certificates}
	old.StartTLS()
	defer old.Close()
	_, err = get(New(Options{Loopback: true, Roots: roots}), old.URL)
	require.Contains(t, Reason(err), "protocol version")
}

func TestConnectionsAreKeptAndBounded(t *testing.T) {
	var opened, now, most atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		most.Store(max(most.Load(), now.Add(1)))
		time.Sleep(time.Millisecond)
		now.Add(-1)
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	client := New(Options{Loopback: true, PerHost: 3})
	done := make(chan error)
	for range 12 {
		go func() {
			var failed error
			for range 10 {
				answer, err := client.Get(s.URL)
				if err != nil {
					failed = err
					break
				}
				Drain(answer, 0)
			}
			done <- failed
		}()
	}
	for range 12 {
		require.NoError(t, <-done)
	}
	require.LessOrEqual(t, most.Load(), int32(3))
	require.LessOrEqual(t, opened.Load(), int32(3), "120 calls")
}

// TestNamesThatLeadElsewhere is DNS rebinding: a name that is public when it is looked
// up, and private when it is connected to.
func TestNamesThatLeadElsewhere(t *testing.T) {
	var reached atomic.Int32
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer s.Close()
	at, _ := url.Parse(s.URL)
	resolver := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return answers(t, [4]byte{127, 0, 0, 1}), nil }}
	client := New(Options{resolver: resolver, Timeout: 2 * time.Second})
	_, err := get(client, "https://hooks.example.org:"+at.Port())
	require.ErrorIs(t, err, ErrPrivate)
	require.Equal(t, "it is at a private address", Reason(err))
	require.Zero(t, reached.Load())
}

// answers is a connection to a name server that knows one address.
func answers(t *testing.T, address [4]byte) net.Conn {
	t.Helper()
	near, far := net.Pipe()
	go func() {
		defer func() { _ = far.Close() }()
		for {
			size := make([]byte, 2) // as over TCP: the connection is not a packet's
			if _, err := io.ReadFull(far, size); err != nil {
				return
			}
			question := make([]byte, int(size[0])<<8|int(size[1]))
			if _, err := io.ReadFull(far, question); err != nil {
				return
			}
			var m dnsmessage.Message
			if err := m.Unpack(question); err != nil {
				return
			}
			m.Response, m.Additionals = true, nil
			if m.Questions[0].Type == dnsmessage.TypeA {
				m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET, TTL: 0}, Body: &dnsmessage.AResource{A: address}}}
			}
			text, err := m.Pack()
			if err != nil {
				return
			}
			if _, err := far.Write(append([]byte{byte(len(text) >> 8), byte(len(text))}, text...)); err != nil {
				return
			}
		}
	}()
	return near
}

func TestProxy(t *testing.T) {
	var asked atomic.Value
	p := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.Method + " " + r.Host)
		http.Error(w, "no", http.StatusForbidden)
	}))
	defer p.Close()
	at, _ := url.Parse(p.URL)
	_, err := get(New(Options{Proxy: at}), "https://hooks.example.org/a")
	require.Error(t, err)
	require.Equal(t, "CONNECT hooks.example.org:443", asked.Load())
	_, err = get(New(Options{Proxy: at}), "https://10.0.0.1/a")
	require.ErrorIs(t, err, ErrPrivate, "what is written as an address is refused without asking the proxy")
}
