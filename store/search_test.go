package store_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store"
)

var update = flag.Bool("update", false, "rewrite the expected outcomes under testdata")

// answer shows what a query finds: the matches, behind + what is included, and
// the total.
func answer(db *store.DB, line string) string {
	typ, query, _ := strings.Cut(line, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return err.Error()
	}
	q, _, err := search.Parse(typ, values, search.Options{Own: db.Own})
	if err != nil {
		return err.Error()
	}
	r, err := db.Search(ctx, q)
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for _, v := range r.Matches {
		b.WriteString(v.Ref() + " ")
	}
	if len(r.Included) > 0 {
		b.WriteString("+ ")
	}
	for _, v := range r.Included {
		b.WriteString(v.Ref() + " ")
	}
	fmt.Fprintf(&b, "of %d", r.Total)
	if r.Next != nil {
		b.WriteString(" …")
	}
	return b.String()
}

// TestSearchTables runs the tables of testdata/search: resources, and lines
// "Type?query => what it finds".
func TestSearchTables(t *testing.T) {
	files, err := filepath.Glob("testdata/search/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			both(t, func(t *testing.T, db *store.DB) { searchTable(t, db, file) })
		})
	}
}

func searchTable(t *testing.T, db *store.DB, file string) {
	archive, err := txtar.ParseFile(file)
	require.NoError(t, err)
	for _, f := range archive.Files {
		r, err := fhir.Parse(f.Data)
		require.NoError(t, err, f.Name)
		_, err = db.Commit(ctx, &fhir.Transaction{Time: epoch, Changes: []fhir.Change{{Method: fhir.Update, Type: r.Type(), ID: r.ID(), Resource: r}}})
		require.NoError(t, err, f.Name)
	}
	var out bytes.Buffer
	for line := range strings.Lines(string(archive.Comment)) {
		query, want, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " => ")
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			out.WriteString(line)
			continue
		}
		got := answer(db, query)
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

func TestSearchStopsWithItsContext(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		_, err := db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Create, Type: "Patient", Resource: patient(t, "1", "Ames")}}})
		require.NoError(t, err)
		stopped, cancel := context.WithCancel(ctx)
		cancel()
		for _, query := range []string{"", "_sort=_lastUpdated&gender=male"} { // the second one walks rows that do not match
			values, err := url.ParseQuery(query)
			require.NoError(t, err)
			q, _, err := search.Parse("Patient", values, search.Options{})
			require.NoError(t, err)
			_, err = db.Search(stopped, q)
			require.Equal(t, fhir.Timeout, fhir.KindOf(err), query)
		}
	})
}
