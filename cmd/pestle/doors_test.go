package main

import (
	"bytes"
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles"
)

// TestSameVerdict sends what the validator's own tests hold to R4 through
// $validate, a create, pestle validate and pestle load: each refuses the same, in
// the same words.
func TestSameVerdict(t *testing.T) {
	s := start(t, t.TempDir())
	defer s.stop()
	library, err := profileOptions{Policy: "uk-core"}.library()
	require.NoError(t, err)
	v := profiles.New(profiles.WithLibrary(library))
	files, err := filepath.Glob("../../profiles/testdata/r4/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	refused := 0
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		require.NoError(t, err)
		for _, f := range archive.Files {
			r, err := fhir.Parse(f.Data)
			if filepath.Ext(f.Name) != ".json" || err != nil || r.Type() == "Parameters" { // which is never stored
				continue
			}
			name := filepath.Base(file) + "/" + f.Name
			var want []string
			for _, i := range (&validateCommand{}).check(v, document{name: f.Name, data: f.Data}) {
				if i.IsError() {
					want = append(want, i.Expression+": "+i.Text())
				}
			}
			if want == nil {
				continue // it may be refused for another reason, such as a reference
			}
			refused++
			_, answer := s.ask("POST", r.Type()+"/$validate", string(f.Data))
			assert.Equal(t, want, errorsOf(t, answer), "%s: $validate", name)
			status, answer := s.ask("POST", r.Type(), string(f.Data))
			assert.Equal(t, 422, status, name)
			assert.Equal(t, want, errorsOf(t, answer), "%s: create", name)
			var out bytes.Buffer
			l := &loader{handler: s.Config.Handler, std: streams{err: &out}, workers: 1}
			l.fold = newFold(context.Background(), 1, l.together)
			l.document(context.Background(), document{name: f.Name, data: f.Data})
			l.fold.wait()
			l.again(context.Background())
			assert.Equal(t, int64(1), l.refused.Load(), "%s: load", name)
			for _, text := range want {
				_, message, _ := strings.Cut(text, ": ")
				assert.Contains(t, out.String(), message, "%s: load", name)
			}
		}
	}
	require.Greater(t, refused, 80)
}

// errorsOf lists the errors of an OperationOutcome.
func errorsOf(t *testing.T, answer string) (out []string) {
	r, err := fhir.Parse([]byte(answer))
	require.NoError(t, err, answer)
	for i := range r.Get("issue").Items() {
		if s := i.Get("severity").Text(); slices.Contains([]string{"error", "fatal"}, s) {
			out = append(out, i.Get("expression").Item(0).Text()+": "+i.Get("diagnostics").Text())
		}
	}
	return out
}
