// Package keyset fetches the JSON Web Key Sets that others publish, and keeps them
// as long as they say (Cache-Control).
package keyset

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pestle-fhir/pestle/internal/outbound"
	"github.com/pestle-fhir/pestle/server/auth"
)

// Fetcher keeps key sets by the names of who publishes them. Make one with [New].
type Fetcher struct {
	client *http.Client
	parse  func([]byte) ([]auth.Key, error)
	mu     sync.Mutex
	sets   map[string]*keySet
}

// keySet is the keys of one name. One fetch is under way at a time, and whoever
// needs what it finds waits for it; requests that know their key do not.
type keySet struct {
	url      string
	mu       sync.Mutex
	found    found
	fetching chan struct{} // closed when the fetch has ended; nil without one
}

// found is what was fetched of a key set. The keys outlive a fetch that fails, until
// they expire.
type found struct {
	keys   []auth.Key
	fault  error     // of keys that were left out
	until  time.Time // when they expire
	failed error     // why the last fetch found none
	begun  time.Time // the last fetch
}

func (f *found) last() ([]auth.Key, error) {
	if f.failed != nil {
		return nil, f.failed
	}
	return f.keys, f.fault
}

// Limits of a key set and of its cache.
const (
	maxKeySet   = 1 << 20
	fetchTime   = 5 * time.Second
	unsaidAge   = 5 * time.Minute // where Cache-Control does not say
	longestAge  = time.Hour
	fetchPacing = 5 * time.Second // between two looks for a kid that is not in the set, and after a failure
)

// New returns a fetcher that reads sets by parse, whose error tells what is wrong
// with each key: those without fault are returned all the same.
func New(client *http.Client, parse func([]byte) ([]auth.Key, error)) *Fetcher {
	return &Fetcher{client: client, parse: parse, sets: map[string]*keySet{}}
}

// Client returns a client for addresses that others name: it follows no redirect,
// waits 5 seconds, and connects to addresses of private networks only where that is
// said. roots have signed the certificates of whom it connects to; nil for those of
// the system.
func Client(private bool, roots *x509.CertPool) *http.Client {
	return outbound.New(outbound.Options{Private: private, Loopback: private, Roots: roots, Timeout: fetchTime, Body: maxKeySet + 1, OneCall: true})
}

// Keys returns the keys that a name publishes at a URL. wanted says whether the one that is looked
// for is among keys; where it is not, the set is fetched again, but for a while
// after the last time. A request that waits for a fetch waits as long as ctx lasts.
func (f *Fetcher) Keys(ctx context.Context, name, url string, now time.Time, wanted func([]auth.Key) bool) ([]auth.Key, error) {
	set := f.set(name, url)
	known, wait, mine := set.look(now, wanted)
	if wait == nil {
		return known.last()
	}
	if mine {
		go f.refresh(context.WithoutCancel(ctx), set, now)
	}
	select {
	case <-wait:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	set.mu.Lock()
	defer set.mu.Unlock()
	return set.found.last()
}

// look returns what is known of a set, or the end of the fetch to wait for, which
// is mine to begin where none is under way.
func (k *keySet) look(now time.Time, wanted func([]auth.Key) bool) (known found, wait <-chan struct{}, mine bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	fresh := now.Before(k.found.until)
	switch {
	case fresh && wanted(k.found.keys):
		return found{keys: k.found.keys, fault: k.found.fault}, nil, false
	case k.fetching != nil:
		return found{}, k.fetching, false
	case now.Sub(k.found.begun) < fetchPacing && (fresh || k.found.failed != nil):
		return k.found, nil, false
	}
	k.fetching = make(chan struct{})
	return found{}, k.fetching, true
}

// refresh fetches a set, whether or not who asked for it still waits: others may.
func (f *Fetcher) refresh(ctx context.Context, set *keySet, now time.Time) {
	keys, age, err := f.fetch(ctx, set.url)
	set.mu.Lock()
	defer set.mu.Unlock()
	if set.found.begun, set.found.failed = now, err; keys != nil {
		set.found = found{keys: keys, fault: err, until: now.Add(age), begun: now}
	}
	close(set.fetching)
	set.fetching = nil
}

func (f *Fetcher) set(name, url string) *keySet {
	f.mu.Lock()
	defer f.mu.Unlock()
	set := f.sets[name]
	if set == nil || set.url != url {
		set = &keySet{url: url}
		f.sets[name] = set
	}
	return set
}

// Forget drops what is kept of a name, whose keys may be others now.
func (f *Fetcher) Forget(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.sets, name)
}

func (f *Fetcher) fetch(ctx context.Context, url string) ([]auth.Key, time.Duration, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, 0, err
	}
	r.Header.Set("Accept", "application/json, application/jwk-set+json")
	answer, err := f.client.Do(r)
	if err != nil {
		why := outbound.Reason(err)
		if errors.Is(err, outbound.ErrPrivate) {
			why += ", which is refused unless the server runs with --allow-private-keys-url"
		}
		return nil, 0, errors.New("the key set of the client cannot be fetched: " + why)
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
	keys, err := f.parse(text)
	return keys, cacheAge(answer.Header), err
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
