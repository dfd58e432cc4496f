package uk

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/xml"
	"github.com/pestle-fhir/pestle/internal/oracle"
	"github.com/pestle-fhir/pestle/profiles"
)

func validator() *profiles.Validator {
	l := Library()
	l.SetPolicy(Policy, true)
	return profiles.New(profiles.WithLibrary(l))
}

func walkFiles(t testing.TB, root string, do func(path string, data []byte)) {
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(root, path)
		do(filepath.ToSlash(rel), data)
		return err
	}))
}

// TestOracleEPS holds every EPS message that the NHS accepted to its profiles.
func TestOracleEPS(t *testing.T) {
	v := validator()
	passed, total := 0, 0
	var misses []string
	walkFiles(t, filepath.Join(oracle.Dir(t), "examples", "eps"), func(path string, data []byte) {
		if filepath.Ext(path) != ".json" || filepath.Base(path) == "signature.json" || strings.Contains(path, "400") || strings.Contains(path, "errors/") {
			return
		}
		r, err := fhir.Parse(data)
		require.NoError(t, err)
		total++
		issues := v.Validate(context.Background(), r)
		if !fhir.HasErrors(issues) {
			passed++
			return
		}
		misses = append(misses, path)
		for _, i := range issues {
			if i.IsError() && os.Getenv("DIFF") != "" {
				t.Logf("%s: %s %s: %s [%s]", filepath.Base(path), i.Rule, i.Expression, i.Text(), i.Profile[strings.LastIndexByte(i.Profile, '/')+1:])
			}
		}
	})
	oracle.Report(t, "uk-eps", passed, total, misses)
}

// TestOracleUKCore holds the UK Core examples to the profiles of their types.
func TestOracleUKCore(t *testing.T) {
	v := validator()
	passed, total := 0, 0
	var misses []string
	walkFiles(t, filepath.Join(oracle.Dir(t), "examples", "ukcore"), func(path string, data []byte) {
		r, err := xml.Decode(data)
		require.NotNil(t, r, "%s: %v", path, err) // some break the order of elements, which is no matter of profiles
		total++
		issues := v.Validate(context.Background(), r)
		if !fhir.HasErrors(issues) {
			passed++
			return
		}
		misses = append(misses, path)
		for _, i := range issues {
			if i.IsError() && os.Getenv("DIFF") != "" {
				t.Logf("%s: %s %s: %s [%s]", filepath.Base(path), i.Rule, i.Expression, i.Text(), i.Profile[strings.LastIndexByte(i.Profile, '/')+1:])
			}
		}
	})
	oracle.Report(t, "uk-core-examples", passed, total, misses)
}

func BenchmarkOrder(b *testing.B) {
	v := validator()
	data, err := os.ReadFile(filepath.Join(oracle.Dir(b), "examples/eps/primary-care/acute-and-repeat-prescribing/1-Process-Request-Send-200_OK.json"))
	require.NoError(b, err)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		r, err := fhir.Parse(data)
		require.NoError(b, err)
		v.Validate(context.Background(), r)
	}
}
