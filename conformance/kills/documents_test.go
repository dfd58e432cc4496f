package kills

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/conformance/process"
	"github.com/pestle-fhir/pestle/internal/long"
)

// upload is a document that is sent under one request id, as often as it takes.
type upload struct {
	request  string
	content  []byte
	location string // "" until an answer came
}

// fuse is a body at a place of which something happens.
type fuse struct {
	io.Reader
	left int
	burn func()
}

func (f *fuse) Read(b []byte) (int, error) {
	if f.left <= 0 && f.burn != nil {
		f.burn()
		f.burn = nil
	}
	n, err := f.Reader.Read(b[:min(len(b), 64<<10)])
	f.left -= n
	return n, err
}

// send sends the document, and burns after so many bytes; with more than there are, when all
// are sent. answered reports whether the server said that it has it.
func (u *upload) send(s *process.Server, after int, burn func()) (answered bool, err error) {
	body := &fuse{bytes.NewReader(u.content), after, burn}
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.Base+"/fhir/Binary", body)
	if err != nil {
		return false, err
	}
	r.ContentLength = int64(len(u.content))
	r.Header.Set("Content-Type", "image/png")
	r.Header.Set("X-Request-ID", u.request)
	if after >= len(u.content) && burn != nil {
		defer time.AfterFunc(time.Duration(after-len(u.content))*time.Microsecond, burn).Stop()
		body.burn = nil
	}
	res, err := s.Client.Do(r)
	if err != nil {
		return false, err
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	text, err := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusCreated {
		return false, fmt.Errorf("%d %s", res.StatusCode, text)
	}
	at := strings.TrimPrefix(res.Header.Get("Location"), s.Base) // the port is another one after a start
	if u.location != "" && at != u.location {
		return true, fmt.Errorf("the request %s was done twice: %s and %s", u.request, u.location, at)
	}
	u.location = at
	return true, err
}

// TestLongUploads: a server is killed while a large document comes in, at any byte of it
// and around its answer. What was acknowledged is there, of what was not nothing is to be seen
// that is not whole, the same request again is done once, and what the crash has left is removed.
func TestLongUploads(t *testing.T) {
	p := long.Start(t, 4, 40)
	size := 1 << 20
	if p.Long {
		size = 128 << 20
	}
	data := t.TempDir()
	s := process.Start(t, data)
	var known []*upload
	answers := 0
	sums := map[[32]byte]bool{}
	for try := range p.Tries {
		rnd := p.Rand(try)
		u := &upload{request: uuid.NewString(), content: make([]byte, size+rnd.IntN(size))}
		_, _ = rand.NewChaCha8([32]byte{byte(try), byte(rnd.Uint32())}).Read(u.content) // it never fails
		known, sums[sha256.Sum256(u.content)] = append(known, u), true
		after := rnd.IntN(len(u.content))
		if try%2 == 1 { // all is sent: before the answer, at it, or after it
			after = len(u.content) + rnd.IntN(60_000)
		}
		acknowledged, err := u.send(s, after, s.Kill)
		s.Kill()
		if acknowledged {
			require.NoError(t, err)
		}
		s = process.Start(t, data)
		whole(t, s, sums)
		if acknowledged {
			require.Equal(t, sha256.Sum256(u.content), read(t, s, u.location))
		}
		for range 2 {
			again, err := u.send(s, 0, nil)
			require.NoError(t, err)
			require.True(t, again)
		}
		for _, was := range known {
			require.Equal(t, sha256.Sum256(was.content), read(t, s, was.location), "acknowledged, and lost by the kill %d", try)
		}
		require.Equal(t, len(known), whole(t, s, sums), "each request is done once")
		require.Eventually(t, func() bool { return len(files(t, data)) == len(known) }, 20*time.Second, 50*time.Millisecond, "what the crash has left is removed")
		p.Try(fmt.Sprintf("%d killed after %d of %d bytes", try, min(after, len(u.content)), len(u.content)), nil)
		if acknowledged {
			answers++
		}
	}
	s.Kill()
	path, err := process.Binary()
	require.NoError(t, err)
	out, err := exec.Command(path, "check", "--data", data).CombinedOutput()
	require.NoError(t, err, string(out))
	p.Report("%d were acknowledged before the kill; documents of %d to %d bytes", answers, size, 2*size)
}

// read is the digest of a document as it is answered.
func read(t *testing.T, s *process.Server, path string) [32]byte {
	t.Helper()
	status, body, err := s.Send(http.MethodGet, path, nil, "Accept", "image/png")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, path)
	return sha256.Sum256(body)
}

// whole counts the documents that the server has, each of which is one that was sent, whole.
func whole(t *testing.T, s *process.Server, sums map[[32]byte]bool) (n int) {
	t.Helper()
	status, body, err := s.Send(http.MethodGet, "/fhir/Binary/_history?_count=1000", nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, string(body))
	var history struct {
		Entry []struct {
			Resource struct {
				ID          string `json:"id"`
				ContentType string `json:"contentType"`
			} `json:"resource"`
		} `json:"entry"`
	}
	require.NoError(t, json.Unmarshal(body, &history))
	for _, e := range history.Entry {
		if e.Resource.ContentType == "image/png" {
			require.Contains(t, sums, read(t, s, "/fhir/Binary/"+e.Resource.ID))
			n++
		}
	}
	return n
}

// files are those of documents in a data folder, also of what is coming in.
func files(t *testing.T, data string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(data, "documents"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			list = append(list, path)
		}
		return nil //nolint:nilerr // what is removed meanwhile
	})
	require.NoError(t, err)
	return list
}
