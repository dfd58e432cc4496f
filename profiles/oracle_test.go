package profiles

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

// TestOracleExamplesR4 holds the validator to find no error in the official
// examples.
func TestOracleExamplesR4(t *testing.T) { examples(t, "examples-r4", "examples/r4") }

// TestOracleExamplesEPS does the same for the EPS messages: base R4 has nothing
// to object to in any of them, not even those that EPS itself refuses.
func TestOracleExamplesEPS(t *testing.T) { examples(t, "examples-eps", "examples/eps") }

// TestOracleExamplesUKCore does the same for UK Core's examples, which are in
// XML.
func TestOracleExamplesUKCore(t *testing.T) { examples(t, "examples-ukcore", "examples/ukcore") }

func examples(t *testing.T, suite, folder string) {
	root := filepath.Join(oracle.Dir(t), folder)
	v := New()
	passed, total := 0, 0
	var misses []string
	require.NoError(t, filepath.WalkDir(root, func(file string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		if filepath.Ext(file) != ".xml" && !bytes.Contains(data, []byte(`"resourceType"`)) {
			return nil
		}
		total++
		name, _ := filepath.Rel(root, file)
		r, issues := decode(data, file)
		if r != nil {
			issues = append(issues, v.Validate(context.Background(), r)...)
		}
		if !fhir.HasErrors(issues) {
			passed++
			return nil
		}
		misses = append(misses, name)
		for _, i := range issues {
			if i.IsError() {
				t.Logf("%s:%d: %s: %s: %s", name, i.Position.Line, i.Rule, i.Expression, i.Text())
			}
		}
		return nil
	}))
	oracle.Report(t, suite, passed, total, misses)
}

func validateBytes(v *Validator, data []byte, ext string) []fhir.Issue {
	r, issues := decode(data, ext)
	if r == nil {
		return issues
	}
	return v.Validate(context.Background(), r)
}

// TestOraclePrimitives runs google/fhir's lists of valid and invalid JSON for
// each primitive type.
func TestOraclePrimitives(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(oracle.Dir(t), "suites/primitives/*.ndjson"))
	require.NoError(t, err)
	v := New()
	passed, total := 0, 0
	var misses []string
	for _, file := range files {
		kind, rest, _ := strings.Cut(filepath.Base(file), ".")
		property := primitiveProperty(kind)
		f, err := os.Open(file)
		require.NoError(t, err)
		for s := bufio.NewScanner(f); s.Scan(); {
			line := s.Text()
			if line == "" || line == "null" {
				continue // null is no value: what it may stand for depends on its place
			}
			total++
			data := `{"resourceType":"Parameters","parameter":[{"name":"x","` + property + `":` + line + `}]}`
			if kind == "xhtml" {
				data = `{"resourceType":"Basic","code":{"text":"x"},"text":{"status":"empty","div":` + line + `}}`
			}
			r, err := fhir.Parse([]byte(data))
			valid := err == nil && !fhir.HasErrors(v.Structure(context.Background(), r))
			if valid == strings.HasPrefix(rest, "valid") {
				passed++
			} else {
				misses = append(misses, kind+" "+line)
			}
		}
		require.NoError(t, f.Close())
	}
	oracle.Report(t, "primitives", passed, total, misses)
}

func primitiveProperty(kind string) string {
	var b strings.Builder
	b.WriteString("value")
	for word := range strings.SplitSeq(kind, "_") {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}
