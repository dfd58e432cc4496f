package server_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/long"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/content"
	"github.com/pestle-fhir/pestle/store/content/s3"
	"github.com/pestle-fhir/pestle/store/content/s3/s3test"
)

// documentMemory is how much more memory a server may have in use while a document of any
// size goes in and out.
const documentMemory = 48 << 20

// TestLongDocuments sends a document of a gigabyte (32 MB in the short form) to a server and
// reads it back by itself, in ranges and as data in a resource: with its documents in a
// folder, and in S3. The memory in use is bounded all the time.
func TestLongDocuments(t *testing.T) {
	p := long.Start(t, 2, 2)
	size := int64(32 << 20)
	if p.Long {
		size = 1 << 30
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	bucket := httptest.NewServer(&s3test.Server{Dir: t.TempDir()})
	defer bucket.Close()
	measured := ""
	for _, name := range []string{"folder", "S3"} {
		dir := t.TempDir()
		var place content.Place = content.NewFolder(dir)
		if name == "S3" {
			var err error
			place, err = s3.New("s3://papers/x?region=eu-west-2&endpoint="+bucket.URL, "ID")
			require.NoError(t, err)
		}
		key := content.KeyOf(bytes.Repeat([]byte{7}, 32))
		papers := newPapers(t, store.Options{Contents: content.New(place, filepath.Join(dir, "incoming"), content.Options{Key: key})}, nil)
		s := httptest.NewServer(papers)
		most, in, out, err := throughServer(p, s, size)
		s.Close()
		if err == nil && most > documentMemory {
			err = fmt.Errorf("%d MB of memory more than before were in use", most>>20)
		}
		p.Try(name, err)
		measured += fmt.Sprintf("; %s: in %d MB/s, out %d MB/s, %d MB of memory", name, in, out, max(0, most)>>20)
	}
	p.Report("%d MB encrypted%s", size>>20, measured)
}

// throughServer sends a document and reads it back in every way. It returns how many bytes
// of memory were in use at most besides those of before, and how many MB/s went in and out.
func throughServer(p *long.Proof, s *httptest.Server, size int64) (most, in, out int64, err error) {
	runtime.GC()
	before := inUse()
	var peak atomic.Int64
	ctx, stop := context.WithCancel(context.Background())
	sampled := make(chan struct{})
	go func() {
		defer close(sampled)
		for ctx.Err() == nil {
			peak.Store(max(peak.Load(), inUse()))
			time.Sleep(20 * time.Millisecond)
		}
	}()
	defer func() {
		stop()
		<-sampled
		most = peak.Load() - before
	}()
	want := sha256.New()
	_, _ = io.Copy(want, newNoise(7, size)) // it never fails
	began := time.Now()
	answer, err := s.Client().Post(s.URL+"/fhir/Binary", "image/tiff", newNoise(7, size))
	if err != nil {
		return 0, 0, 0, err
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		return 0, 0, 0, fmt.Errorf("the answer is %s", answer.Status)
	}
	in = rate(size, began)
	address := answer.Header.Get("Location")
	for _, accept := range []string{"*/*", "application/fhir+json"} {
		began = time.Now()
		got, n, err := digestAt(s, address, accept)
		if err != nil {
			return 0, 0, 0, err
		}
		if accept == "*/*" {
			out = rate(size, began)
		}
		if n != size || !bytes.Equal(got, want.Sum(nil)) {
			return 0, 0, 0, fmt.Errorf("%s: %d bytes came back, and others", accept, n)
		}
	}
	r := p.Rand(0)
	for range 20 {
		from := r.Int64N(size)
		until := min(size, from+1+r.Int64N(1<<20))
		if err := rangeAt(s, address, from, until); err != nil {
			return 0, 0, 0, err
		}
	}
	return 0, in, out, nil
}

func rate(size int64, began time.Time) int64 {
	return int64(float64(size>>20) / time.Since(began).Seconds())
}

func inUse() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys - m.HeapReleased)
}

// digestAt is the SHA-256 of a content, as it is sent by itself or in JSON.
func digestAt(s *httptest.Server, address, accept string) ([]byte, int64, error) {
	answer, err := get(s, address, "Accept", accept)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = answer.Body.Close() }()
	var body io.Reader = answer.Body
	if accept != "*/*" {
		in := &untilQuote{r: answer.Body}
		if err := in.skip(`"data":"`); err != nil {
			return nil, 0, err
		}
		body = base64.NewDecoder(base64.StdEncoding, in)
	}
	sum := sha256.New()
	n, err := io.CopyBuffer(sum, onlyRead{body}, make([]byte, 64<<10))
	return sum.Sum(nil), n, err
}

type onlyRead struct{ io.Reader }

// rangeAt reads a range and compares it with what was sent.
func rangeAt(s *httptest.Server, address string, from, until int64) error {
	answer, err := get(s, address, "Range", fmt.Sprintf("bytes=%d-%d", from, until-1))
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	got, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusPartialContent || int64(len(got)) != until-from {
		return fmt.Errorf("bytes %d to %d: %s, %d bytes", from, until, answer.Status, len(got))
	}
	want := newNoise(7, until)
	if _, err := io.CopyN(io.Discard, want, from); err != nil {
		return err
	}
	rest, err := io.ReadAll(want)
	if err == nil && !bytes.Equal(rest, got) {
		err = fmt.Errorf("bytes %d to %d are others", from, until)
	}
	return err
}

func get(s *httptest.Server, address string, header ...string) (*http.Response, error) {
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return s.Client().Do(r)
}

// untilQuote reads up to a quote.
type untilQuote struct {
	r     io.Reader
	ended bool
}

// skip reads up to a text.
func (u *untilQuote) skip(text string) error {
	seen, one := "", make([]byte, 1)
	for len(seen) < 4096 {
		if _, err := io.ReadFull(u.r, one); err != nil {
			return err
		}
		if seen += string(one); len(seen) >= len(text) && seen[len(seen)-len(text):] == text {
			return nil
		}
	}
	return fmt.Errorf("there is no %s", text)
}

func (u *untilQuote) Read(b []byte) (int, error) {
	if u.ended {
		return 0, io.EOF
	}
	n, err := u.r.Read(b)
	if at := bytes.IndexByte(b[:n], '"'); at >= 0 {
		u.ended = true
		return at, nil
	}
	return n, err
}
