package uk

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/patch"
	"github.com/pestle-fhir/pestle/fhir/ucum"
	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/profiles/terminology"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// TestMistakes runs testdata/mistakes.txtar: resources NAME.json without a
// mistake, then mistakes NAME/what, each a JSON Patch of one of them, or a text
// of its own where it begins with {; each is followed by NAME/what.issues, what
// the sender reads.
func TestMistakes(t *testing.T) {
	const file = "testdata/mistakes.txtar"
	archive, err := txtar.ParseFile(file)
	require.NoError(t, err)
	l := profiles.NewLibrary(Definitions(), terminology.New(terminology.Config{Definitions: Definitions(), UCUM: ucum.Valid}))
	l.AddRules(Rules(func() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) })...)
	l.SetMessages(Messages)
	l.SetSeverity(Severities)
	l.SetEvolving(evolving...)
	l.SetPolicy(Policy, true)
	v := profiles.New(profiles.WithLibrary(l))
	right := map[string]*fhir.Resource{}
	out := &txtar.Archive{Comment: archive.Comment}
	mistakes := 0
	for _, f := range archive.Files {
		switch {
		case strings.HasSuffix(f.Name, ".issues"):
		case path.Ext(f.Name) == ".json":
			r, err := fhir.Parse(f.Data)
			require.NoError(t, err, f.Name)
			for _, i := range v.Validate(context.Background(), r) {
				assert.Equal(t, fhir.Information, i.Severity, "%s is right: %s %s", f.Name, i.Expression, i.Text())
			}
			right[strings.TrimSuffix(f.Name, ".json")] = r
			out.Files = append(out.Files, f)
		default:
			mistakes++
			out.Files = append(out.Files, f, txtar.File{Name: f.Name + ".issues", Data: []byte(mistaken(t, v, right, f))})
		}
	}
	assert.GreaterOrEqual(t, mistakes, 60)
	if *update {
		require.NoError(t, os.WriteFile(file, txtar.Format(out), 0o644))
		return
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(txtar.Format(out)))
}

// mistaken gives the issues of a mistake but for what was not checked.
func mistaken(t *testing.T, v *profiles.Validator, right map[string]*fhir.Resource, f txtar.File) string {
	var r *fhir.Resource
	var issues []fhir.Issue
	var err error
	if strings.HasPrefix(string(f.Data), "[") {
		r, err = patch.JSON(right[path.Dir(f.Name)], f.Data)
		require.NoError(t, err, f.Name)
	} else if r, err = fhir.Parse(f.Data); err != nil {
		var e *fhir.Error
		require.True(t, errors.As(err, &e))
		issues = e.Issues
	}
	if r != nil {
		issues = append(issues, v.Validate(context.Background(), r)...)
	}
	var b strings.Builder
	for _, i := range fhir.SortIssues(issues) {
		assert.NotContains(t, i.Text(), "{", "%s: an issue quotes no JSON", f.Name)
		if i.Severity != fhir.Information || i.Rule != "binding" {
			fmt.Fprintf(&b, "%d:%d %s [%s] %s\n    %s\n", i.Position.Line, i.Position.Column, i.Severity, i.Rule, i.Expression, i.Text())
		}
	}
	require.NotEmpty(t, b.String(), "%s: no issue", f.Name)
	return b.String()
}
