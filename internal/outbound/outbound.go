// Package outbound is the HTTP client for whatever the server calls at an address that
// somebody else names: key sets, webhooks, notifications. It cannot be made to call the
// server's own neighbours, it follows no redirect, and what it takes is bounded.
//
// What is sent, signed and sent again is package webhook.
package outbound

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/pestle-fhir/pestle/internal/tracing"
)

// Options say where a client connects to and how much it takes. The zero value connects
// to public addresses, by https alone.
type Options struct {
	// Hosts are those to which it connects, where there are any: "hooks.example.org", with a
	// port where it is not 443, or "*.example.org" for whatever is below a name. What
	// is about patients goes to listed hosts alone; see [Options.Listed].
	Hosts []string
	// Loopback also allows this machine, by http too: for a sandbox and for tests.
	Loopback bool
	// Private also allows the addresses of private networks, for what the operator names.
	Private bool
	// Roots have signed the certificates of whom it connects to; nil for those of the
	// system.
	Roots *x509.CertPool
	// Proxy is the HTTP proxy by which it connects; nil for none, whatever the
	// environment says. The proxy then resolves the names, so that it has to refuse
	// private addresses itself.
	Proxy *url.URL
	// Timeout bounds a call, with its answer; 20 seconds when 0.
	Timeout time.Duration
	// Header and Body bound an answer, in bytes; 32 KB and 64 KB when 0.
	Header, Body int64
	// PerHost bounds the connections to a host, which are kept for the next call; 8 when 0.
	PerHost int
	// OneCall closes each connection after its call.
	OneCall bool

	resolver *net.Resolver // of tests; nil for that of the system
}

const (
	timeout  = 20 * time.Second // Standard Webhooks asks for 15 to 30
	dialTime = 5 * time.Second
	header   = 32 << 10
	body     = 64 << 10
	perHost  = 8
	idleTime = 90 * time.Second
)

// ErrTooLong is read from the body of an answer that is longer than the client takes.
var ErrTooLong = errors.New("the answer is longer than is read")

// New returns a client that keeps to the options. Its errors are those of package
// net/http; [Reason] says them without the address.
func New(o Options) *http.Client {
	limit := cmp.Or(o.Timeout, timeout)
	dialer := &net.Dialer{Timeout: min(limit, dialTime), KeepAlive: 30 * time.Second, Resolver: o.resolver, Control: func(_, address string, _ syscall.RawConn) error {
		if o.Proxy != nil { // which the operator names
			return nil
		}
		return o.reachable(address)
	}}
	connections := cmp.Or(o.PerHost, perHost)
	transport := &http.Transport{
		Proxy:               nil,
		DialContext:         dialer.DialContext,
		TLSHandshakeTimeout: min(limit, dialTime), ResponseHeaderTimeout: limit, ExpectContinueTimeout: time.Second, IdleConnTimeout: idleTime,
		MaxConnsPerHost: connections, MaxIdleConnsPerHost: connections, MaxIdleConns: 16 * connections,
		MaxResponseHeaderBytes: cmp.Or(o.Header, header), DisableKeepAlives: o.OneCall, DisableCompression: true,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots},
	}
	if o.Proxy != nil {
		transport.Proxy = http.ProxyURL(o.Proxy)
	}
	return &http.Client{Timeout: limit, Transport: &guarded{o, transport, cmp.Or(o.Body, body)},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// guarded checks the address of each call and bounds its answer.
type guarded struct {
	options Options
	inner   *http.Transport
	most    int64
}

// RoundTrip implements [http.RoundTripper].
func (g *guarded) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := g.options.check(r.URL); err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, err
	}
	r, call := tracing.Calling(r)
	answer, err := g.inner.RoundTrip(r)
	call.Ended(answer)
	if err == nil {
		answer.Body = &bounded{answer.Body, g.most}
	}
	return answer, err
}

// CloseIdleConnections is what [http.Client.CloseIdleConnections] calls.
func (g *guarded) CloseIdleConnections() { g.inner.CloseIdleConnections() }

// bounded is a body of which no more than so much is read.
type bounded struct {
	io.ReadCloser
	left int64
}

// Read implements [io.Reader].
func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if int64(n) > b.left {
		return int(b.left), ErrTooLong
	}
	b.left -= int64(n)
	return n, err
}

// Drain reads what an answer has left, so that its connection is used again, and closes
// it. It returns the first bytes, most of them at most.
func Drain(answer *http.Response, most int) []byte {
	defer func() { _ = answer.Body.Close() }()
	first, _ := io.ReadAll(io.LimitReader(answer.Body, int64(most)))
	_, _ = io.Copy(io.Discard, answer.Body)
	return first
}

// Reason is why a call failed, without its address: an endpoint may have secrets in it.
func Reason(err error) string {
	var call *url.Error
	if errors.As(err, &call) {
		err = call.Err
	}
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case isTimeout(err):
		return "it did not answer in time"
	case errors.As(err, &dns):
		return fmt.Sprintf("the name %s is not resolved", dns.Name)
	case errors.As(err, &op):
		err = op.Err
	}
	return strings.TrimPrefix(err.Error(), "http: ")
}

func isTimeout(err error) bool {
	var late interface{ Timeout() bool }
	return errors.As(err, &late) && late.Timeout()
}
