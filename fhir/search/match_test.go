package search

import (
	"bytes"
	"context"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/pestle-fhir/pestle/fhir"
)

var update = flag.Bool("update", false, "rewrite the expected outcomes under testdata")

var testOptions = Options{Own: Own(nil).Or("https://pestle.example/fhir"), Now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}

// sample is a resource of a test as a query sees it.
type sample struct {
	name    string
	res     *fhir.Resource
	entries []Entry
}

func newSample(t testing.TB, name string, data []byte) sample {
	t.Helper()
	r, err := fhir.Parse(data)
	require.NoError(t, err, name)
	entries, err := Extract(context.Background(), r)
	require.NoError(t, err, name)
	entries = append(entries, Entry{Every, EveryKey})
	if at := r.Root().Path("meta", "lastUpdated"); at.Exists() {
		when, err := time.Parse(time.RFC3339, at.Text())
		require.NoError(t, err)
		entries = append(entries, Entry{LastUpdated, InstantKey(when)})
	}
	return sample{name, r, entries}
}

func holds(q *Query, m sample) bool {
	if m.res.Type() != q.Type {
		return false
	}
	all := func(clauses []Clause) bool {
		return !slices.ContainsFunc(clauses, func(c Clause) bool { return !c.Holds(m.res.ID(), m.entries) })
	}
	if all(q.Clauses) != all(Merged(q.Type, q.Clauses)) {
		panic("the merged clauses mean something else")
	}
	return all(q.Clauses)
}

// run answers "Patient?name=eve" with the names of the samples it finds, or
// with what is wrong with it.
func run(line string, samples []sample) string {
	typ, query, _ := strings.Cut(line, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return "no query: " + err.Error()
	}
	q, _, err := Parse(typ, values, testOptions)
	if err != nil {
		return "error: " + err.Error()
	}
	var found []string
	for _, m := range samples {
		if holds(q, m) {
			found = append(found, m.name)
		}
	}
	if found == nil {
		return "nothing"
	}
	return strings.Join(found, " ")
}

// TestMatch holds the meaning of every kind of parameter to tables. A file has
// resources, and lines "Type?query => names of those that it finds"; # begins
// a remark.
func TestMatch(t *testing.T) {
	files, err := filepath.Glob("testdata/match/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { matchFile(t, file) })
	}
}

func matchFile(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	require.NoError(t, err)
	var samples []sample
	for _, f := range archive.Files {
		samples = append(samples, newSample(t, strings.TrimSuffix(f.Name, ".json"), f.Data))
	}
	var out bytes.Buffer
	for line := range strings.Lines(string(archive.Comment)) {
		line = strings.TrimSuffix(line, "\n")
		query, want, ok := strings.Cut(line, " => ")
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			out.WriteString(line + "\n")
			continue
		}
		got := run(query, samples)
		out.WriteString(query + " => " + got + "\n")
		if !*update && (!ok || got != want) {
			t.Errorf("%s\n got %s\nwant %s", query, got, want)
		}
	}
	if *update {
		archive.Comment = out.Bytes()
		require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o644))
	}
}
