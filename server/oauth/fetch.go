package oauth

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pestle-fhir/pestle/server/auth"
)

// fetcher keeps the key sets that clients publish, as long as they say
// (Cache-Control): SMART App Launch 2.2, "Asymmetric authentication".
type fetcher struct {
	client *http.Client
	mu     sync.Mutex
	sets   map[string]*keySet // by client id
}

// keySet is the keys of one client, fetched by one request at a time.
type keySet struct {
	mu      sync.Mutex
	url     string
	keys    []auth.Key
	faults  error     // of keys that were left out
	until   time.Time // when it is fetched again
	fetched time.Time
}

// Limits of a key set and of its cache.
const (
	maxKeySet   = 1 << 20
	fetchTime   = 5 * time.Second
	unsaidAge   = 5 * time.Minute // where Cache-Control does not say
	longestAge  = time.Hour
	fetchPacing = 5 * time.Second // between two looks for a kid that is not in the set
)

func newFetcher(private bool, roots *x509.CertPool) *fetcher {
	dialer := &net.Dialer{Timeout: fetchTime, Control: func(_, address string, _ syscall.RawConn) error {
		if private {
			return nil
		}
		return public(address)
	}}
	return &fetcher{sets: map[string]*keySet{}, client: &http.Client{Timeout: fetchTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: fetchTime, ResponseHeaderTimeout: fetchTime,
			MaxResponseHeaderBytes: 32 << 10, DisableKeepAlives: true, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}}}}
}

// shared is RFC 6598: addresses behind a carrier's translation.
var shared = netip.MustParsePrefix("100.64.0.0/10")

// public refuses addresses that only this machine or its network can reach, once
// the name is resolved: a client must not make the server ask its neighbours.
func public(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := at.Addr().Unmap()
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || shared.Contains(ip) || ip.Is6() && strings.HasPrefix(ip.String(), "64:ff9b:") {
		return errors.New("it is at a private address, which is refused unless the server runs with --allow-private-keys-url")
	}
	return nil
}

// keys returns the keys of a client. wanted says whether the one that is looked
// for is among keys; where it is not, the set is fetched again.
func (f *fetcher) keys(ctx context.Context, c *Client, now time.Time, wanted func([]auth.Key) bool) ([]auth.Key, error) {
	set := f.set(c)
	set.mu.Lock()
	defer set.mu.Unlock()
	fresh := now.Before(set.until)
	if fresh && (wanted(set.keys) || now.Sub(set.fetched) < fetchPacing) {
		return set.keys, set.faults
	}
	set.fetched = now
	keys, age, err := f.fetch(ctx, c.KeysURL)
	if keys == nil {
		return nil, err
	}
	set.keys, set.faults, set.until = keys, err, now.Add(age)
	return keys, err
}

func (f *fetcher) set(c *Client) *keySet {
	f.mu.Lock()
	defer f.mu.Unlock()
	set := f.sets[c.ID]
	if set == nil || set.url != c.KeysURL {
		set = &keySet{url: c.KeysURL}
		f.sets[c.ID] = set
	}
	return set
}

// forget drops what is kept of a client, whose keys may be others now.
func (f *fetcher) forget(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.sets, id)
}

func (f *fetcher) fetch(ctx context.Context, url string) ([]auth.Key, time.Duration, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, 0, err
	}
	r.Header.Set("Accept", "application/json, application/jwk-set+json")
	answer, err := f.client.Do(r)
	if err != nil {
		return nil, 0, errors.New("the key set of the client cannot be fetched: " + cause(err))
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("the URL of the client's key set answered with status %d; redirects are not followed", answer.StatusCode)
	}
	media, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if media != "application/json" && !strings.HasSuffix(media, "+json") {
		return nil, 0, errors.New("the URL of the client's key set does not answer with application/json")
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxKeySet+1))
	if err != nil || len(text) > maxKeySet {
		return nil, 0, errors.New("the key set of the client is longer than 1 MB, or broke off")
	}
	keys, err := parseKeys(text)
	return keys, cacheAge(answer.Header), err
}

// cause is the innermost reason of a failed request, without its address.
func cause(err error) string {
	for errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	return err.Error()
}

// cacheAge is how long an answer may be kept.
func cacheAge(h http.Header) time.Duration {
	age := unsaidAge
	for _, d := range strings.Split(strings.ToLower(strings.Join(h.Values("Cache-Control"), ",")), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(d), "=")
		switch name {
		case "no-store", "no-cache":
			return 0
		case "max-age":
			seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31)
			if err != nil {
				return 0
			}
			age = min(time.Duration(seconds)*time.Second, longestAge)
		}
	}
	return age
}
