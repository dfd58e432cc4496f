package main

import (
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/oracle"
	"github.com/pestle-fhir/pestle/internal/processor"
	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/badger"
)

const benchClients = 64

// BenchmarkCreate creates Patients over HTTP from 64 clients, durably, and in
// turn writes the same bytes in as many keys with a bare group committer. The
// figure of-bare is the server's rate as a part of the bare committer's, the
// median of the rounds, since other work on the machine disturbs single ones.
func BenchmarkCreate(b *testing.B) {
	ours, theirs := newHTTPWriter(b), newBareWriter(b, opsOfCreate(b))
	const round = 1024
	ours.write(b, 4*round)
	theirs.write(b, 4*round)
	var us, them, cpu time.Duration
	var ratios []float64
	for b.Loop() {
		before := processor.Time()
		our := ours.write(b, round)
		cpu += processor.Time() - before
		their := theirs.write(b, round)
		us, them = us+our, them+their
		ratios = append(ratios, float64(their)/float64(our))
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "of-bare")
	b.ReportMetric(round*float64(b.N)/us.Seconds(), "creates/s")
	b.ReportMetric(float64(cpu.Microseconds())/round/float64(b.N), "cpu-µs/create")
	b.ReportMetric(round*float64(b.N)/them.Seconds(), "bare/s")
}

// benchNumber is an NHS number with a right check digit, another one for each n:
// of two numbers in a row at most one has none.
func benchNumber(n int64) string {
	for base := 400_000_000 + 2*n; ; base++ {
		sum, digits := int64(0), fmt.Sprint(base)
		for i, d := range digits {
			sum += int64(10-i) * int64(d-'0')
		}
		if check := (11 - sum%11) % 11; check < 10 {
			return digits + fmt.Sprint(check)
		}
	}
}

func benchResource(n int64) []byte {
	return fmt.Appendf(nil, `{"resourceType":"Patient","identifier":[{"use":"official","system":"https://fhir.nhs.uk/Id/nhs-number","value":"%s"}],
"active":true,"name":[{"use":"official","family":"Family%d","given":["Ann","Bea"],"prefix":["Ms"]}],"gender":"female","birthDate":"1970-01-%02d",
"telecom":[{"system":"phone","value":"01632 960587","use":"home"}],
"address":[{"use":"home","line":["1 Trevelyan Square","Boar Lane"],"city":"Leeds","postalCode":"LS1 6AE"}],
"generalPractitioner":[{"type":"Organization","identifier":{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"Y%05d"}}]}`, benchNumber(n), n%1000, 1+n%28, n%9000)
}

// inParallel runs f n times from 64 goroutines, each as long as f returns true,
// and returns the time it took.
func inParallel(n int64, f func() bool) time.Duration {
	began := time.Now()
	var left atomic.Int64
	left.Store(n)
	var all sync.WaitGroup
	for range benchClients {
		all.Go(func() {
			for left.Add(-1) >= 0 && f() { //nolint:revive // f does the work
			}
		})
	}
	all.Wait()
	return time.Since(began)
}

type httpWriter struct {
	client *http.Client
	url    string
	n      atomic.Int64
}

func newHTTPWriter(b *testing.B) *httpWriter {
	app, err := openApp(appConfig{Data: b.TempDir()}, slog.New(slog.DiscardHandler))
	require.NoError(b, err)
	s, err := server.New(server.Config{Repository: app.db, Validator: app.validator})
	require.NoError(b, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	h := &http.Server{Handler: s.Handler()}
	go func() { _ = h.Serve(l) }()
	b.Cleanup(func() { _ = h.Close(); require.NoError(b, app.close()) })
	return &httpWriter{client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchClients, DisableCompression: true}},
		url: "http://" + l.Addr().String() + "/fhir/Patient"}
}

func (w *httpWriter) write(b *testing.B, n int64) time.Duration {
	return inParallel(n, func() bool {
		res, err := w.client.Post(w.url, "application/fhir+json", bytes.NewReader(benchResource(w.n.Add(1))))
		if err != nil {
			b.Error(err)
			return false
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusCreated {
			b.Errorf("status %d", res.StatusCode)
		}
		return res.StatusCode == http.StatusCreated
	})
}

// recorder keeps what was written last.
type recorder struct {
	kv.Engine
	ops []kv.Op
}

func (r *recorder) Write(ops []kv.Op) error {
	r.ops = ops
	return r.Engine.Write(ops)
}

// opsOfCreate gives the keys and values of one create.
func opsOfCreate(b *testing.B) []kv.Op {
	engine, err := badger.Open(b.TempDir(), nil)
	require.NoError(b, err)
	r := &recorder{Engine: engine}
	db, err := store.Open(r, store.Options{})
	require.NoError(b, err)
	s, err := server.New(server.Config{Repository: db, Validator: profiles.New()})
	require.NoError(b, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	h := &http.Server{Handler: s.Handler()}
	go func() { _ = h.Serve(l) }()
	res, err := http.Post("http://"+l.Addr().String()+"/fhir/Patient", "application/fhir+json", bytes.NewReader(benchResource(1)))
	require.NoError(b, err)
	require.Equal(b, http.StatusCreated, res.StatusCode)
	_ = res.Body.Close()
	ops := slices.DeleteFunc(slices.Clone(r.ops), func(op kv.Op) bool { return len(op.Key) < 9 })
	_ = h.Close()
	require.NoError(b, db.Close())
	return ops
}

// bareWriter groups what 64 writers hand it into one engine write each, and
// does nothing else.
type bareWriter struct {
	queue    chan bareRequest
	template []kv.Op
	n        atomic.Uint64
}

type bareRequest struct {
	ops  []kv.Op
	done chan error
}

func newBareWriter(b *testing.B, template []kv.Op) *bareWriter {
	engine, err := badger.Open(b.TempDir(), nil)
	require.NoError(b, err)
	w := &bareWriter{queue: make(chan bareRequest, benchClients), template: template}
	var committer sync.WaitGroup
	committer.Go(func() {
		for first := range w.queue {
			group, ops := []bareRequest{first}, slices.Clone(first.ops)
			for len(w.queue) > 0 {
				r := <-w.queue
				group, ops = append(group, r), append(ops, r.ops...)
			}
			err := engine.Write(ops)
			for _, r := range group {
				r.done <- err
			}
		}
	})
	b.Cleanup(func() { close(w.queue); committer.Wait(); require.NoError(b, engine.Close()) })
	return w
}

func (w *bareWriter) write(b *testing.B, n int64) time.Duration {
	return inParallel(n, func() bool {
		r := bareRequest{make([]kv.Op, len(w.template)), make(chan error)}
		k := w.n.Add(1)
		for i, op := range w.template {
			r.ops[i] = kv.Op{Key: slices.Clone(op.Key), Value: op.Value}
			binary.BigEndian.PutUint64(r.ops[i].Key[len(op.Key)-8:], k)
		}
		w.queue <- r
		if err := <-r.done; err != nil {
			b.Error(err)
		}
		return true
	})
}

// BenchmarkLoad loads the Synthea bundles of the shared data into a new
// database as `pestle load` does: parsed, validated, durable. In the same run it
// loads the same resources as a bulk export has them: a file of lines for each
// type, with references by type and id.
func BenchmarkLoad(b *testing.B) {
	files, err := filepath.Glob(filepath.Join(oracle.Dir(b), "load", "synthea", "*.bz2"))
	require.NoError(b, err)
	lines := []string{exported(b, files)}
	for b.Loop() {
		bundles, exports := loaded(b, files), loaded(b, lines)
		var size float64
		for _, file := range files {
			size += float64(len(unpacked(b, file)))
		}
		b.ReportMetric(bundles.rate, "resources/s")
		b.ReportMetric(bundles.refused, "refused")
		b.ReportMetric(bundles.perCPU, "resources/cpu-s")
		b.ReportMetric(bundles.disk/size, "disk/input")
		b.ReportMetric(exports.rate, "lines/s")
		b.ReportMetric(exports.refused, "lines-refused")
		b.ReportMetric(exports.perCPU, "lines/cpu-s")
	}
}

// load is what one run of the command did.
type load struct{ rate, perCPU, refused, disk float64 }

func loaded(b *testing.B, files []string) (l load) {
	dir := b.TempDir()
	var out bytes.Buffer
	command := loadCommand{Files: files, Data: dir, Workers: 4}
	before := processor.Time()
	if err := command.Run(streams{out: &out, err: &out}); !errors.Is(err, errSilent) { // some were refused, which is told below
		require.NoError(b, err)
	}
	cpu := processor.Time() - before
	// "92000 resources of 122 files in 8.1s, 11500 a second; 0 refused"
	last := regexp.MustCompile(`(\d+) resources of .*, (\d+) a second; (\d+) refused`).FindStringSubmatch(out.String())
	require.Len(b, last, 4, "%s", out.String())
	var count float64
	_, err := fmt.Sscan(strings.Join(last[1:], " "), &count, &l.rate, &l.refused)
	require.NoError(b, err)
	l.perCPU = count / cpu.Seconds()
	engine, err := badger.Open(dir, nil)
	require.NoError(b, err)
	disk, err := engine.Size()
	require.NoError(b, err)
	require.NoError(b, engine.Close())
	l.disk = float64(disk)
	return l
}

func unpacked(b *testing.B, file string) []byte {
	packed, err := os.Open(file)
	require.NoError(b, err)
	defer func() { _ = packed.Close() }()
	text, err := io.ReadAll(bzip2.NewReader(packed))
	require.NoError(b, err)
	return text
}

// exported writes the resources of bundles as lines, a file for each type, and
// returns the folder.
func exported(b *testing.B, files []string) string {
	dir := b.TempDir()
	places := map[string]string{} // the reference by type and id, of another one
	var texts [][]byte
	for _, file := range files {
		r, err := fhir.Parse(unpacked(b, file))
		require.NoError(b, err)
		for e := range r.Get("entry").Items() {
			sub := r.Sub(e.Get("resource"))
			ref := sub.Type() + "/" + sub.ID()
			places[e.Get("fullUrl").Text()] = ref
			for id := range sub.Get("identifier").Items() {
				places[sub.Type()+"?identifier="+id.Get("system").Text()+"|"+id.Get("value").Text()] = ref
			}
			texts = append(texts, sub.JSON())
		}
	}
	reference := regexp.MustCompile(`"reference": *"([^"]+)"`)
	out := map[string]*bytes.Buffer{}
	for _, text := range texts {
		text = reference.ReplaceAllFunc(text, func(found []byte) []byte {
			if to := places[string(reference.FindSubmatch(found)[1])]; to != "" {
				return []byte(`"reference":"` + to + `"`)
			}
			return found
		})
		r, err := fhir.Parse(text)
		require.NoError(b, err)
		if out[r.Type()] == nil {
			out[r.Type()] = &bytes.Buffer{}
		}
		require.NoError(b, json.Compact(out[r.Type()], text))
		out[r.Type()].WriteByte('\n')
	}
	for typ, lines := range out {
		require.NoError(b, os.WriteFile(filepath.Join(dir, typ+".ndjson"), lines.Bytes(), 0o600))
	}
	return dir
}
