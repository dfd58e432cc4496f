package server_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/content"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// papers is a server that keeps documents in a folder.
type papers struct {
	http.Handler
	db  *store.DB
	dir string
}

func newPapers(t testing.TB, o store.Options, change func(*server.Config)) papers {
	p := papers{dir: t.TempDir()}
	if o.Contents == nil {
		o.Contents = content.New(content.NewFolder(p.dir), filepath.Join(p.dir, "incoming"), content.Options{})
	}
	var err error
	p.db, err = store.Open(mem.New(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.db.Close()) })
	p.Handler = newHandler(t, func(c *server.Config) {
		c.Repository, c.Contents = p.db, p.db
		if change != nil {
			change(c)
		}
	})
	return p
}

// files are those that are kept, with what is being written.
func (p papers) files(t testing.TB) (n int) {
	require.NoError(t, filepath.WalkDir(p.dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			n++
		}
		return err
	}))
	return n
}

// noise is a reader of bytes that follow from a seed.
type noise struct {
	r    *rand.ChaCha8
	left int64
}

func newNoise(seed byte, size int64) *noise { return &noise{rand.NewChaCha8([32]byte{seed}), size} }

func (n *noise) Read(b []byte) (int, error) {
	if n.left == 0 {
		return 0, io.EOF
	}
	b = b[:min(int64(len(b)), n.left)]
	n.left -= int64(len(b))
	return n.r.Read(b)
}

func bytesOf(seed byte, size int64) []byte {
	b, _ := io.ReadAll(newNoise(seed, size)) // it never fails
	return b
}

// A document comes back as it was sent, of every size around where it leaves the
// database, by itself and as a resource.
func TestDocumentSizes(t *testing.T) {
	p := newPapers(t, store.Options{}, nil)
	files := 0
	for i, size := range []int64{1, fhir.LargeContent - 1, fhir.LargeContent, fhir.LargeContent + 1, 1 << 20, 3<<20 + 1} {
		data := bytesOf(byte(i), size)
		w := call(p, "POST", "/fhir/Binary", string(data), "Content-Type", "application/pdf")
		require.Equal(t, 201, w.Code, "%d: %s", size, w.Body)
		if size >= fhir.LargeContent {
			files++
			require.Contains(t, w.Body.String(), fmt.Sprintf("%x", sha256.Sum256(data)), "it says what is kept")
			require.NotContains(t, w.Body.String(), `"data"`)
		}
		require.Equal(t, files, p.files(t))
		address := w.Header().Get("Location")
		for _, method := range []string{"GET", "HEAD"} {
			w = call(p, method, address, "")
			require.Equal(t, 200, w.Code)
			require.Equal(t, "application/pdf", w.Header().Get("Content-Type"))
			require.Equal(t, fmt.Sprint(size), w.Header().Get("Content-Length"))
			if method == "GET" {
				require.True(t, bytes.Equal(data, w.Body.Bytes()), size)
			} else {
				require.Zero(t, w.Body.Len())
			}
		}
		w = call(p, "GET", address, "", "Accept", "application/fhir+json")
		require.Equal(t, fmt.Sprint(w.Body.Len()), w.Header().Get("Content-Length"))
		r, err := fhir.Parse(w.Body.Bytes())
		require.NoError(t, err)
		require.Equal(t, base64.StdEncoding.EncodeToString(data), r.Get("data").Text())
		require.False(t, r.Get("_data").Exists())
		w = call(p, "GET", address, "", "Accept", "application/fhir+xml")
		var inXML struct {
			Data struct {
				Value string `xml:"value,attr"`
			} `xml:"data"`
		}
		require.NoError(t, xml.Unmarshal(w.Body.Bytes(), &inXML))
		require.Equal(t, base64.StdEncoding.EncodeToString(data), inXML.Data.Value)
		require.Equal(t, 200, call(p, "HEAD", address, "", "Accept", "application/fhir+xml").Code)
	}
}

// A document that is packed is unpacked, and one that is cut short is not taken for
// whole, however large it is.
func TestDocumentPacked(t *testing.T) {
	p := newPapers(t, store.Options{}, nil)
	for i, size := range []int64{10, 1000, 300_000} {
		data := bytesOf(1, size)
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, err := w.Write(data)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		for _, cut := range []int{1, 9, packed.Len() - 12} {
			w := call(p, "POST", "/fhir/Binary", packed.String()[:packed.Len()-cut], "Content-Type", "image/png", "Content-Encoding", "gzip")
			require.Equal(t, 400, w.Code, "%d bytes of %d are missing: %s", cut, packed.Len(), w.Body)
		}
		require.EqualValues(t, i, p.db.Head())
		answer := call(p, "POST", "/fhir/Binary", packed.String(), "Content-Type", "image/png", "Content-Encoding", "gzip")
		require.Equal(t, 201, answer.Code, answer.Body)
		require.True(t, bytes.Equal(data, call(p, "GET", answer.Header().Get("Location"), "").Body.Bytes()))
	}
	require.Equal(t, 1, p.files(t))
}

// A document is read in ranges like any other representation: RFC 9110 section 14.
func TestDocumentRanges(t *testing.T) {
	p := newPapers(t, store.Options{}, nil)
	data := bytesOf(1, 300_000)
	require.Equal(t, 201, call(p, "PUT", "/fhir/Binary/d", string(data), "Content-Type", "image/tiff").Code)
	tag := call(p, "HEAD", "/fhir/Binary/d", "").Header().Get("ETag")
	for _, c := range []struct {
		header      []string
		status      int
		from, until int
	}{
		{[]string{"Range", "bytes=0-0"}, 206, 0, 1},
		{[]string{"Range", "bytes=65535-65536"}, 206, 65535, 65537},
		{[]string{"Range", "bytes=262143-"}, 206, 262143, 300_000},
		{[]string{"Range", "bytes=-5"}, 206, 299_995, 300_000},
		{[]string{"Range", "bytes=300000-"}, 416, 0, 0},
		{[]string{"Range", "bytes=5-4"}, 416, 0, 0},
		{[]string{"Range", "bytes=1-2", "If-Range", tag}, 206, 1, 3},
		{[]string{"Range", "bytes=1-2", "If-Range", `"7"`}, 200, 0, 300_000},
		{[]string{"Range", "bytes=1-2", "If-Range", "Mon, 02 Jan 2006 15:04:05 GMT"}, 200, 0, 300_000},
		{[]string{"If-None-Match", tag}, 304, 0, 0},
	} {
		w := call(p, "GET", "/fhir/Binary/d", "", c.header...)
		require.Equal(t, c.status, w.Code, c.header)
		if c.status < 300 {
			require.True(t, bytes.Equal(data[c.from:c.until], w.Body.Bytes()), c.header)
		}
		if c.status == 206 {
			require.Equal(t, fmt.Sprintf("bytes %d-%d/300000", c.from, c.until-1), w.Header().Get("Content-Range"))
		}
	}
	w := call(p, "GET", "/fhir/Binary/d", "", "Range", "bytes=0-1,100000-100002")
	require.Equal(t, 206, w.Code)
	_, params, err := mime.ParseMediaType(w.Header().Get("Content-Type"))
	require.NoError(t, err)
	parts := multipart.NewReader(w.Body, params["boundary"])
	for _, want := range [][]byte{data[:2], data[100_000:100_003]} {
		part, err := parts.NextPart()
		require.NoError(t, err)
		text, err := io.ReadAll(part)
		require.NoError(t, err)
		require.Equal(t, want, text)
	}
	w = call(p, "GET", "/fhir/Binary/d", "", "Range", "bytes="+strings.Repeat("0-,", 2000)+"0-")
	require.Equal(t, 200, w.Code, "ranges that are more than the whole are the whole")
}

// What a document was stays readable as of its version, and what is the same is kept
// once; what changes nothing is no version.
func TestDocumentHistory(t *testing.T) {
	p := newPapers(t, store.Options{}, nil)
	first, second := bytesOf(1, 100_000), bytesOf(2, 200_000)
	put := func(id string, data []byte, status int) {
		t.Helper()
		w := call(p, "PUT", "/fhir/Binary/"+id, string(data), "Content-Type", "image/png")
		require.Equal(t, status, w.Code, w.Body)
	}
	put("a", first, 201)
	put("a", second, 200)
	put("a", second, 200)
	put("b", first, 201)
	require.Equal(t, `"2"`, call(p, "HEAD", "/fhir/Binary/a", "").Header().Get("ETag"), "the same again is no version")
	require.Equal(t, 2, p.files(t), "what is the same is kept once")
	require.True(t, bytes.Equal(first, call(p, "GET", "/fhir/Binary/a/_history/1", "").Body.Bytes()))
	require.True(t, bytes.Equal(second, call(p, "GET", "/fhir/Binary/a/_history/2", "").Body.Bytes()))
	require.Equal(t, 200, call(p, "DELETE", "/fhir/Binary/a", "").Code)
	require.Equal(t, 410, call(p, "GET", "/fhir/Binary/a", "").Code)
	require.True(t, bytes.Equal(second, call(p, "GET", "/fhir/Binary/a/_history/2", "").Body.Bytes()))
	n, err := p.db.Sweep(context.Background())
	require.NoError(t, err)
	require.Zero(t, n)
	w := call(p, "GET", "/fhir/Binary/_history", "", "Accept", "application/fhir+json")
	require.Equal(t, 200, w.Code)
	require.Equal(t, 3, strings.Count(w.Body.String(), fhir.ContentExtension), "a Bundle refers to them")
	require.NotContains(t, w.Body.String(), `"data"`)
}

// The same at every door: as a resource, in a transaction, in a batch, and after a patch.
func TestDocumentDoors(t *testing.T) {
	p := newPapers(t, store.Options{}, nil)
	data := bytesOf(3, 150_000)
	text := base64.StdEncoding.EncodeToString(data)
	binary := func(id string) string {
		return `{"resourceType":"Binary","id":"` + id + `","contentType":"image/png","data":"` + text + `"}`
	}
	require.Equal(t, 201, call(p, "PUT", "/fhir/Binary/put", binary("put")).Code)
	lines := strings.Replace(binary("lines"), text, text[:76]+`\n`+text[76:], 1)
	require.Equal(t, 201, call(p, "PUT", "/fhir/Binary/lines", lines).Code)
	for _, kind := range []string{"transaction", "batch"} {
		w := call(p, "POST", "/fhir", `{"resourceType":"Bundle","type":"`+kind+`","entry":[{"resource":`+binary(kind)+`,"request":{"method":"PUT","url":"Binary/`+kind+`"}}]}`)
		require.Equal(t, 200, w.Code, w.Body)
	}
	require.Equal(t, 200, call(p, "PATCH", "/fhir/Binary/put", `[{"op":"replace","path":"/contentType","value":"image/jpeg"}]`, "Content-Type", "application/json-patch+json").Code)
	require.Equal(t, 1, p.files(t))
	for _, id := range []string{"put", "lines", "transaction", "batch"} {
		w := call(p, "GET", "/fhir/Binary/"+id, "")
		require.True(t, bytes.Equal(data, w.Body.Bytes()), id)
	}
	require.Equal(t, "image/jpeg", call(p, "HEAD", "/fhir/Binary/put", "").Header().Get("Content-Type"))

	// Other data in the place of what a version refers to, small and large.
	other := base64.StdEncoding.EncodeToString([]byte("small"))
	require.Equal(t, 200, call(p, "PATCH", "/fhir/Binary/put", `[{"op":"add","path":"/data","value":"`+other+`"}]`, "Content-Type", "application/json-patch+json").Code)
	require.Equal(t, "small", call(p, "GET", "/fhir/Binary/put", "").Body.String())
	require.NotContains(t, call(p, "GET", "/fhir/Binary/put?_format=json", "").Body.String(), fhir.ContentExtension)
}

// Who names the digest of a document does not get it.
func TestDocumentIsBrought(t *testing.T) {
	p := newPapers(t, store.Options{}, nil)
	require.Equal(t, 201, call(p, "PUT", "/fhir/Binary/a", string(bytesOf(1, 100_000)), "Content-Type", "image/png").Code)
	require.Equal(t, 200, call(p, "PUT", "/fhir/Binary/a", string(bytesOf(2, 100_000)), "Content-Type", "image/png").Code)
	as := func(version, id string) string {
		w := call(p, "GET", "/fhir/Binary/a/_history", "", "Accept", "application/fhir+json")
		bundle, err := fhir.Parse(w.Body.Bytes())
		require.NoError(t, err)
		for e := range bundle.Get("entry").Items() {
			if r := bundle.Sub(e.Get("resource")); r.VersionID() == version {
				edit := fhir.NewEdit(r)
				edit.ReplaceString(r.Get("id"), id)
				return string(edit.JSON())
			}
		}
		t.Fatal("no such version")
		return ""
	}
	for _, c := range []struct{ method, path, body string }{
		{"PUT", "/fhir/Binary/b", as("2", "b")},
		{"POST", "/fhir/Binary", as("2", "b")},
		{"PUT", "/fhir/Binary/a", as("1", "a")},
		{"POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":` + as("2", "b") + `,"request":{"method":"PUT","url":"Binary/b"}}]}`},
		{"POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":` + as("2", "b") + `,"request":{"method":"POST","url":"Binary"}}]}`},
	} {
		w := call(p, c.method, c.path, c.body)
		require.Equal(t, 422, w.Code, "%s %s: %s", c.method, c.path, w.Body)
		require.Contains(t, w.Body.String(), "is not the one of its current version")
	}
	w := call(p, "PUT", "/fhir/Binary/a", strings.Replace(as("2", "a"), "image/png", "image/gif", 1))
	require.Equal(t, 200, w.Code, w.Body)
	require.Equal(t, "image/gif", call(p, "HEAD", "/fhir/Binary/a", "").Header().Get("Content-Type"))
	third := as("3", "a")
	require.Equal(t, 200, call(p, "DELETE", "/fhir/Binary/a", "").Code)
	require.Equal(t, 422, call(p, "PUT", "/fhir/Binary/a", third).Code, "nor of what is deleted")
}

// What is refused leaves nothing, whatever refuses it.
func TestDocumentRefused(t *testing.T) {
	full := errors.New("full")
	for _, c := range []struct {
		name   string
		config func(*server.Config)
		header []string
		path   string
		status int
	}{
		{"no such type of content", nil, []string{"Content-Type", "x"}, "/fhir/Binary", 422},
		{"another version", nil, []string{"Content-Type", "image/png", "If-Match", `W/"7"`}, "/fhir/Binary/a", 412},
		{"too large", func(c *server.Config) { c.MaxContent = 150_000 }, []string{"Content-Type", "image/png"}, "/fhir/Binary", 413},
		{"not gzip", nil, []string{"Content-Type", "image/png", "Content-Encoding", "gzip"}, "/fhir/Binary", 400},
		{"vetoed", func(c *server.Config) { c.Repository = vetoed{c.Repository, full} }, []string{"Content-Type", "image/png"}, "/fhir/Binary", 500},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPapers(t, store.Options{}, c.config)
			method := "POST"
			if strings.Count(c.path, "/") == 3 {
				method = "PUT"
			}
			w := call(p, method, c.path, string(bytesOf(1, 200_000)), c.header...)
			require.Equal(t, c.status, w.Code, w.Body)
			require.Contains(t, w.Body.String(), "OperationOutcome")
			require.Zero(t, p.files(t))
		})
	}
}

type vetoed struct {
	server.Repository
	err error
}

func (v vetoed) Commit(context.Context, *fhir.Transaction) (*fhir.Commit, error) { return nil, v.err }

// A disk that is full is 507 and one that fails is 503: nothing is acknowledged, and
// nothing is left.
func TestDocumentDisk(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
	}{"full": {syscall.ENOSPC, 507}, "failing": {syscall.EIO, 503}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			p := newPapers(t, store.Options{Contents: content.New(badPlace{content.NewFolder(dir), c.err}, filepath.Join(dir, "incoming"), content.Options{})}, nil)
			p.dir = dir
			w := call(p, "POST", "/fhir/Binary", string(bytesOf(1, 200_000)), "Content-Type", "image/png")
			require.Equal(t, c.status, w.Code, w.Body)
			require.Zero(t, p.files(t))
			require.EqualValues(t, 0, p.db.Head())
		})
	}
}

type badPlace struct {
	content.Place
	err error
}

func (b badPlace) Put(context.Context, string, *os.File) error { return b.err }

// A client that goes away in the middle leaves nothing, also no part of it.
func TestDocumentClientGoesAway(t *testing.T) {
	p := newPapers(t, store.Options{}, nil)
	s := httptest.NewServer(p)
	defer s.Close()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	require.NoError(t, err)
	_, err = fmt.Fprintf(conn, "POST /fhir/Binary HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 1000000\r\n\r\n")
	require.NoError(t, err)
	_, err = conn.Write(bytesOf(1, 500_000))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return p.files(t) == 1 }, 10*time.Second, 5*time.Millisecond, "it is being written")
	require.NoError(t, conn.Close())
	require.Eventually(t, func() bool { return p.files(t) == 0 }, 10*time.Second, 5*time.Millisecond)
	require.EqualValues(t, 0, p.db.Head())
}

// A document that is missing or damaged is an error that says so; one that is found to be
// so after its beginning was sent breaks the connection off.
func TestDocumentDamaged(t *testing.T) {
	p := newPapers(t, store.Options{}, nil)
	s := httptest.NewServer(p)
	defer s.Close()
	require.Equal(t, 201, call(p, "PUT", "/fhir/Binary/d", string(bytesOf(1, 1<<20)), "Content-Type", "image/png").Code)
	files, err := filepath.Glob(filepath.Join(p.dir, "??", "*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	text, err := os.ReadFile(files[0])
	require.NoError(t, err)
	text[len(text)/2] ^= 1
	require.NoError(t, os.WriteFile(files[0], text, 0o600))
	for _, accept := range []string{"*/*", "application/fhir+json"} {
		r, err := http.NewRequest("GET", s.URL+"/fhir/Binary/d", nil)
		require.NoError(t, err)
		r.Header.Set("Accept", accept)
		answer, err := s.Client().Do(r)
		require.NoError(t, err)
		n, err := io.Copy(io.Discard, bufio.NewReader(answer.Body))
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, accept)
		require.Less(t, n, answer.ContentLength)
		require.NoError(t, answer.Body.Close())
	}
	r, err := http.NewRequest("GET", s.URL+"/fhir/Binary/d", nil)
	require.NoError(t, err)
	r.Header.Set("Range", "bytes=0-9")
	answer, err := s.Client().Do(r)
	require.NoError(t, err)
	require.Equal(t, 206, answer.StatusCode, "what is whole is served")
	require.NoError(t, answer.Body.Close())
	f, err := p.db.Check(context.Background())
	require.NoError(t, err)
	require.Len(t, f.Wrong, 1)
	require.Contains(t, f.Wrong[0].Text, "Binary/d/_history/1: the content of 1048576 bytes")
	require.Contains(t, f.Wrong[0].Text, "is damaged")
	require.True(t, f.Wrong[0].Unreadable)

	require.NoError(t, os.Truncate(files[0], int64(len(text)-1)))
	w := call(p, "GET", "/fhir/Binary/d", "")
	require.Equal(t, 500, w.Code)
	require.Contains(t, w.Body.String(), "pestle check")
	require.NoError(t, os.Remove(files[0]))
	require.Equal(t, 500, call(p, "GET", "/fhir/Binary/d", "").Code)
	f, err = p.db.Check(context.Background())
	require.NoError(t, err)
	require.Contains(t, f.Wrong[0].Text, "is missing")
	require.Equal(t, 200, call(p, "PUT", "/fhir/Binary/d", string(bytesOf(1, 1<<20)), "Content-Type", "image/png").Code, "sent again it is there again")
	require.Equal(t, 200, call(p, "GET", "/fhir/Binary/d", "").Code)
}

// What is inspected and refused is not stored, at any door.
func TestDocumentInspected(t *testing.T) {
	bad := []byte("badness")
	p := newPapers(t, store.Options{Inspect: func(_ context.Context, r io.Reader) error {
		text, err := io.ReadAll(r)
		if err == nil && bytes.Contains(text, bad) {
			err = fhir.E("scan", fhir.BusinessRule, fhir.Issue{Message: "It is bad."})
		}
		return err
	}}, nil)
	large := append(bytesOf(1, 200_000), bad...)
	small, text := base64.StdEncoding.EncodeToString(bad), base64.StdEncoding.EncodeToString(large)
	reference := `{"resourceType":"DocumentReference","status":"current","content":[{"attachment":{"contentType":"text/plain","data":"` + small + `"}}]}`
	for name, w := range map[string]*httptest.ResponseRecorder{
		"large":       call(p, "POST", "/fhir/Binary", string(large), "Content-Type", "image/png"),
		"small":       call(p, "POST", "/fhir/Binary", string(bad), "Content-Type", "image/png"),
		"resource":    call(p, "POST", "/fhir/Binary", `{"resourceType":"Binary","contentType":"image/png","data":"`+text+`"}`),
		"attachment":  call(p, "POST", "/fhir/DocumentReference", reference),
		"transaction": call(p, "POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":`+reference+`,"request":{"method":"POST","url":"DocumentReference"}}]}`),
	} {
		require.Equal(t, 422, w.Code, "%s: %s", name, w.Body)
		require.Contains(t, w.Body.String(), "It is bad.", name)
	}
	require.Zero(t, p.files(t))
	require.EqualValues(t, 0, p.db.Head())
	require.Equal(t, 201, call(p, "POST", "/fhir/Binary", string(bytesOf(1, 200_000)), "Content-Type", "image/png").Code)
	require.Equal(t, 201, call(p, "POST", "/fhir/DocumentReference", strings.Replace(reference, small, "AAAA", 1)).Code)
}

// A Binary is for those who are shown its security context, by the resource and not by
// its type alone.
func TestDocumentSecurityContext(t *testing.T) {
	hidden := map[string]bool{}
	p := newPapers(t, store.Options{}, func(c *server.Config) {
		c.Repository, c.Authenticator = hiding{c.Repository, hidden}, someone{}
	})
	require.Equal(t, 201, call(p, "PUT", "/fhir/Patient/p", `{"resourceType":"Patient","id":"p"}`).Code)
	require.Equal(t, 201, call(p, "PUT", "/fhir/Binary/d", string(bytesOf(1, 100_000)), "Content-Type", "image/png", "X-Security-Context", "Patient/p").Code)
	paths := []string{"/fhir/Binary/d", "/fhir/Binary/d/_history/1", "/fhir/Binary/d?_format=json"}
	for _, path := range paths {
		w := call(p, "GET", path, "")
		require.Equal(t, 200, w.Code, path)
	}
	require.Equal(t, "Patient/p", call(p, "GET", "/fhir/Binary/d", "").Header().Get("X-Security-Context"))
	hidden["Patient/p"] = true
	for _, path := range paths {
		w := call(p, "GET", path, "")
		require.Equal(t, 403, w.Code, path)
		require.NotContains(t, w.Body.String(), fhir.ContentExtension)
	}
	require.NotContains(t, call(p, "GET", "/fhir/Binary/_history", "", "Accept", "application/fhir+json").Body.String(), fhir.ContentExtension)
	require.Equal(t, 403, call(p, "PUT", "/fhir/Binary/d", "x", "Content-Type", "image/png").Code, "nor does anybody else replace it")
	require.Equal(t, 403, call(p, "DELETE", "/fhir/Binary/d", "").Code)
}

// someone is an authenticator by whom all callers are one who may do everything.
type someone struct{}

func (someone) Authenticate(*http.Request) (auth.Identity, error) {
	return auth.Identity{Requester: fhir.Principal{Agent: "u1"}, Scopes: auth.Full}, nil
}

func (someone) Challenge(error) string { return "" }

// hiding is a repository that does not show some resources.
type hiding struct {
	server.Repository
	hidden map[string]bool
}

func (h hiding) Read(ctx context.Context, typ, id string) (*fhir.Version, error) {
	if h.hidden[typ+"/"+id] {
		return nil, fhir.E("read", fhir.NotFound, fhir.Issue{Message: "There is none."})
	}
	return h.Repository.Read(ctx, typ, id)
}

// A hundred megabytes go in and out without being in memory at once.
func TestDocumentMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("100 MB are written")
	}
	p := newPapers(t, store.Options{}, nil)
	s := httptest.NewServer(p)
	defer s.Close()
	const size = 100 << 20
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	answer, err := s.Client().Post(s.URL+"/fhir/Binary", "image/tiff", newNoise(7, size))
	require.NoError(t, err)
	require.Equal(t, 201, answer.StatusCode)
	require.NoError(t, answer.Body.Close())
	address := answer.Header.Get("Location")
	sum := sha256.New()
	_, err = io.Copy(sum, newNoise(7, size))
	require.NoError(t, err)
	answer, err = s.Client().Get(address)
	require.NoError(t, err)
	got := sha256.New()
	n, err := io.Copy(got, answer.Body)
	require.NoError(t, err)
	require.EqualValues(t, size, n)
	require.Equal(t, sum.Sum(nil), got.Sum(nil))
	require.NoError(t, answer.Body.Close())
	runtime.ReadMemStats(&after)
	require.Less(t, int64(after.HeapSys)-int64(before.HeapSys), int64(40<<20), "of the heap")
}
