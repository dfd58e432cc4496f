package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// shop counts what it is sent, remembers the last gender of each resource, and
// refuses resources with a note on them.
type shop struct {
	mu       sync.Mutex
	requests int
	genders  map[string]string
	places   bool // it says which entries are to blame
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	if bytes.Contains(body, []byte(`"note"`)) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = w.Write(fhir.Outcome(s.blame(body)).JSON())
		return
	}
	sent, err := fhir.Parse(body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	put := func(n fhir.Node) { s.genders[n.Get("id").Text()] = n.Get("gender").Text() }
	if sent.Type() != "Bundle" {
		put(sent.Root())
		return
	}
	for e := range sent.Get("entry").Items() {
		put(e.Get("resource"))
	}
}

func (s *shop) blame(body []byte) (issues []fhir.Issue) {
	sent, err := fhir.Parse(body)
	if err != nil || !s.places || sent.Type() != "Bundle" {
		return []fhir.Issue{{Severity: fhir.Err, Code: fhir.Invalid, Message: "No notes."}}
	}
	for e := range sent.Get("entry").Items() {
		if e.Get("resource").Get("note").Exists() {
			issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.Invalid, Message: "No notes.", Expression: e.Expression() + ".resource.note"})
		}
	}
	return issues
}

// loadInto loads a text of lines.
func loadInto(t *testing.T, s *shop, text string) (l *loader, printed string) {
	path := filepath.Join(t.TempDir(), "lines.ndjson")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	var out bytes.Buffer
	l = &loader{handler: s, std: streams{err: &out}, workers: 4}
	l.fold = newFold(context.Background(), 4, l.together)
	for d := range documents(path, nil, nil) {
		l.document(context.Background(), d)
	}
	l.fold.wait()
	l.again(context.Background())
	return l, out.String()
}

// TestLinesAreFolded: the lines of a file are stored many at a time, whatever
// their number, and each refused one is found among the others.
func TestLinesAreFolded(t *testing.T) {
	for _, n := range []int{1, 1000, 100_000} {
		var text strings.Builder
		for i := range n {
			fmt.Fprintf(&text, `{"resourceType":"Patient","id":"p%d","gender":"male"}`+"\n", i)
		}
		s := &shop{genders: map[string]string{}}
		l, printed := loadInto(t, s, text.String())
		require.Len(t, s.genders, n)
		require.Equal(t, int64(n), l.stored.Load())
		require.LessOrEqual(t, s.requests, 1+n/foldCount)
		require.Empty(t, printed)
	}
	var text strings.Builder
	for i := range 1000 {
		note := ""
		if i%250 == 100 {
			note = `,"note":"x"`
		}
		fmt.Fprintf(&text, `{"resourceType":"Patient","id":"p%d","gender":"male"%s}`+"\n", i, note)
	}
	s := &shop{genders: map[string]string{}}
	l, printed := loadInto(t, s, text.String())
	require.Len(t, s.genders, 996)
	require.Equal(t, int64(996), l.stored.Load())
	require.Equal(t, int64(4), l.refused.Load())
	for _, line := range []string{"101", "351", "601", "851"} {
		require.Contains(t, printed, "lines.ndjson:"+line+": No notes.")
	}
	require.Less(t, s.requests, 150, "halves, not single lines")
}

// TestBlamedLinesAreSetAside: a transaction whose answer says which entries are to
// blame costs few requests more, and these are told one by one in the end.
func TestBlamedLinesAreSetAside(t *testing.T) {
	var text strings.Builder
	for i := range 1000 {
		note := ""
		if i%10 == 3 {
			note = `,"note":"x"`
		}
		fmt.Fprintf(&text, `{"resourceType":"Patient","id":"p%d","gender":"male"%s}`+"\n", i, note)
	}
	s := &shop{genders: map[string]string{}, places: true}
	l, printed := loadInto(t, s, text.String())
	require.Len(t, s.genders, 900)
	require.Equal(t, int64(900), l.stored.Load())
	require.Equal(t, int64(100), l.refused.Load())
	require.Equal(t, 100, strings.Count(printed, "No notes."))
	require.Less(t, s.requests, 150, "fifteen for the good ones, and one for each of the others")
}

// TestLinesOfOneResourceKeepTheirOrder: the last line of a resource is what is
// stored of it.
func TestLinesOfOneResourceKeepTheirOrder(t *testing.T) {
	genders := []string{"male", "female", "other"}
	var text strings.Builder
	for i := range 300 {
		fmt.Fprintf(&text, `{"resourceType":"Patient","id":"p%d","gender":"%s"}`+"\n", i%100, genders[i/100])
	}
	s := &shop{genders: map[string]string{}}
	l, _ := loadInto(t, s, text.String())
	require.Equal(t, int64(300), l.stored.Load())
	for id, gender := range s.genders {
		require.Equal(t, "other", gender, id)
	}
}

// TestProgressCountsBytes: those of the file, also where it is packed.
func TestProgressCountsBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lines.ndjson.gz")
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := io.WriteString(z, strings.Repeat(`{"resourceType":"Patient"}`+"\n", 5000))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.NoError(t, os.WriteFile(path, packed.Bytes(), 0o600))
	read, lines := 0, 0
	for range documents(path, nil, func(n int) { read += n }) {
		lines++
	}
	require.Equal(t, 5000, lines)
	require.Equal(t, int64(read), sizeOf([]string{path}))
	require.Equal(t, int64(-1), sizeOf([]string{path, "-"}))
}
