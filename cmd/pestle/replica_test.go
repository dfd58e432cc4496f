package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/log/ship"
)

// shipped is a server of this process that keeps a log: a primary, or a standby.
type shipped struct {
	t    *testing.T
	addr string
	data string
	app  *app
	*replica
	stop func()
}

// startShipped starts a primary, or the standby of a server.
func startShipped(t *testing.T, data, from string) *shipped {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	log := slog.New(slog.DiscardHandler)
	s := &shipped{t: t, addr: "http://" + listener.Addr().String(), data: data}
	c := &standbyCommand{serveCommand: serveCommand{Sandbox: true, Addr: listener.Addr().String(), Data: data, Log: "file", LogMost: 1 << 30, Authority: "T1450", DrainSeconds: 5}}
	c.Policy = "uk-core"
	if from != "" {
		up := &upstream{remote: remote{Server: from}}
		role, err := c.begin(up, log)
		require.NoError(t, err)
		c.replica = newReplica(data, role, log)
		c.replica.upstream = up
	}
	require.NoError(t, c.prepare(s.addr, log))
	config := c.appConfig()
	config.OpenJournal, config.Address, config.Origins = c.replica.open, s.addr, origins("", listener.Addr())
	s.replica = c.replica
	s.app, err = openApp(config, log)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	require.NoError(t, c.take(ctx, s.app.db))
	served := make(chan error, 1)
	go func() { served <- c.serve(ctx, s.app, listener, log, streams{out: io.Discard, err: io.Discard}) }()
	s.stop = sync.OnceFunc(func() {
		stop()
		require.NoError(t, <-served)
		require.NoError(t, s.app.close())
		require.NoError(t, s.close())
	})
	t.Cleanup(s.stop)
	require.Eventually(t, func() bool { return s.write("first") == nil }, 20*time.Second, 5*time.Millisecond)
	return s
}

// is the role that a server says it has.
func (s *shipped) is() string {
	p, err := roleOf(s.t.Context(), http.DefaultClient, s.addr)
	if err != nil {
		return ""
	}
	return p.Role
}

// write creates the Patient of a name, unless it is there.
func (s *shipped) write(name string) error {
	body := fmt.Sprintf(`{"resourceType":"Patient","identifier":[{"system":"urn:load","value":%q}]}`, name)
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.addr+"/fhir/Patient", strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/fhir+json")
	r.Header.Set("If-None-Exist", "identifier=urn:load|"+name)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusCreated && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%d: %s", answer.StatusCode, text)
	}
	return err
}

// count is how many Patients of a name a server has.
func (s *shipped) count(name string) (n int) {
	answer, err := http.Get(s.addr + "/fhir/Patient?_summary=count&identifier=urn:load%7C" + name)
	require.NoError(s.t, err)
	defer func() { _ = answer.Body.Close() }()
	var b struct{ Total int }
	require.NoError(s.t, json.NewDecoder(answer.Body).Decode(&b))
	return b.Total
}

// equal waits until two servers hold the same.
func equal(t *testing.T, a, b *shipped) {
	t.Helper()
	require.Eventually(t, func() bool {
		one, _, err := a.app.db.Digest(t.Context())
		require.NoError(t, err)
		two, _, err := b.app.db.Digest(t.Context())
		require.NoError(t, err)
		return one == two
	}, 20*time.Second, 50*time.Millisecond)
}

// overBusy is the way to a primary that writes while it is copied, and keeps nothing that nobody needs:
// the last bytes of the copy come only once the standby has what was written.
func overBusy(t *testing.T, primary *shipped) *httptest.Server {
	at, err := url.Parse(primary.addr)
	require.NoError(t, err)
	pass := httputil.NewSingleHostReverseProxy(at)
	pass.FlushInterval, pass.ErrorLog = -1, slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	var reached sync.Once
	caught := make(chan struct{})
	var last atomic.Uint64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/standby/copy"):
			ask := r.Clone(r.Context())
			ask.RequestURI, ask.URL.Scheme, ask.URL.Host = "", at.Scheme, at.Host
			answer, err := http.DefaultClient.Do(ask)
			if err != nil {
				t.Error(err)
				return
			}
			text, err := io.ReadAll(answer.Body)
			if err = errors.Join(err, answer.Body.Close()); err != nil {
				t.Error(err)
				return
			}
			w.Header().Set(headerLog, answer.Header.Get(headerLog))
			_, _ = w.Write(text[:len(text)-1])
			w.(http.Flusher).Flush()
			select {
			case <-caught:
			case <-r.Context().Done():
			}
			_, _ = w.Write(text[len(text)-1:])
			return
		case strings.HasSuffix(r.URL.Path, "/standby/hello"):
			pass.ServeHTTP(w, r)
			if last.Load() == 0 {
				for n := range 50 {
					if err := primary.write("meanwhile-" + strconv.Itoa(n)); err != nil {
						t.Error(err)
					}
				}
				_ = primary.journal.Turn()
				if err := primary.journal.Trim(primary.sender.Needed(primary.app.db.Role().Place), 0, 1<<40); err != nil {
					t.Error(err)
				}
				last.Store(uint64(primary.journal.Extent().Last))
			}
			return
		case strings.HasSuffix(r.URL.Path, "/standby/log"):
			if after, _ := strconv.ParseUint(r.URL.Query().Get("after"), 10, 64); last.Load() > 0 && after >= last.Load() {
				reached.Do(func() { close(caught) })
			}
		}
		pass.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// TestStandbyJoins: a standby takes what is written while its primary is copied, however
// little of that the primary keeps; a folder whose first start has failed goes on.
func TestStandbyJoins(t *testing.T) {
	primary := startShipped(t, filepath.Join(t.TempDir(), "one"), "")
	answer, err := http.Post(primary.addr+"/fhir/Binary", "application/octet-stream", bytes.NewReader(scanOf(1, 300_000)))
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusCreated, answer.StatusCode)
	way := overBusy(t, primary)

	data := filepath.Join(t.TempDir(), "two")
	c := &standbyCommand{serveCommand: serveCommand{Data: data}}
	role, err := c.begin(&upstream{remote: remote{Server: way.URL}}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.Equal(t, ship.IsStandby, role.Role)
	names, err := filepath.Glob(filepath.Join(data, journalFolder, "*.log"))
	require.NoError(t, err)
	require.Len(t, names, 1)
	info, err := os.Stat(names[0])
	require.NoError(t, err)
	require.Greater(t, info.Size(), int64(10_000), "it has what was written meanwhile")
	held, err := http.Get(primary.addr + "/health/ready")
	require.NoError(t, err)
	require.NoError(t, held.Body.Close())
	require.Equal(t, http.StatusOK, held.StatusCode)

	other := startShipped(t, data, way.URL) // as after a first start that has failed
	equal(t, primary, other)
	require.Equal(t, 1, other.count("meanwhile-49"))
	require.NoError(t, primary.write("after"))
	equal(t, primary, other)
	require.NoError(t, other.write("passed-on"))
	require.Equal(t, 1, primary.count("passed-on"))
}

// TestTurn: while clients write to both servers, the standby takes the place of its
// primary, which is told. Nothing that was acknowledged is lost and nothing is there twice,
// at no time are there two primaries, and the old one goes on as a standby.
func TestTurn(t *testing.T) {
	now := startShipped(t, filepath.Join(t.TempDir(), "one"), "")
	next := startShipped(t, filepath.Join(t.TempDir(), "two"), now.addr)
	var told []string
	var mu sync.Mutex
	var group sync.WaitGroup
	stop, many, refused := make(chan struct{}), make(chan struct{}, 1000), 0
	for writer := range 4 {
		group.Go(func() {
			for n := 0; ; n++ {
				name, to := fmt.Sprintf("%d-%d", writer, n), []*shipped{now, next}[n%2]
				if err := to.write(name); err != nil {
					if !strings.HasPrefix(err.Error(), "503") {
						t.Errorf("%s: %v", name, err)
					}
					mu.Lock()
					refused++
					mu.Unlock()
					err = to.write(name) // once more, on condition that it is not there
					if err != nil {
						continue
					}
				}
				mu.Lock()
				told = append(told, name)
				mu.Unlock()
				select {
				case many <- struct{}{}:
				case <-stop:
					return
				}
			}
		})
	}
	watched := make(chan struct{})
	group.Go(func() {
		defer close(watched)
		for {
			if next.is() == ship.IsPrimary && now.is() == ship.IsPrimary {
				t.Error("there are two primaries")
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	for range 30 {
		<-many
	}
	p, err := next.promote(t.Context(), false)
	require.NoError(t, err)
	require.Zero(t, p.Lost)
	for range 30 {
		<-many
	}
	close(stop)
	group.Wait()
	<-watched
	require.Equal(t, ship.IsPrimary, next.is())
	require.Equal(t, ship.IsOvertaken, now.is())
	require.Less(t, now.journal.Extent().Last, p.Place, "the old primary has appended nothing since")
	for _, name := range told {
		require.Equal(t, 1, next.count(name), name)
	}
	t.Logf("%d acknowledged, %d refused at first", len(told), refused)
	now.stop()
	equal(t, startShipped(t, now.data, next.addr), next)
}
