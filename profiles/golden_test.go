package profiles

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/ucum"
	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/profiles/terminology"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// TestIssues runs the mistakes in testdata/*.txtar: each file NAME.json is
// followed by NAME.issues, every issue of it in the words that the sender
// reads.
func TestIssues(t *testing.T) { golden(t, "testdata/*.txtar", New()) }

// TestCodes does the same in testdata/r4/*.txtar with a library, that is with the
// code systems of R4 at hand. What is named -right has no error.
func TestCodes(t *testing.T) {
	set := definition.NewSet()
	golden(t, "testdata/r4/*.txtar", New(WithLibrary(NewLibrary(set, terminology.New(terminology.Config{Definitions: set, UCUM: ucum.Valid})))))
}

func golden(t *testing.T, pattern string, v *Validator) {
	files, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			require.NoError(t, err)
			out := &txtar.Archive{Comment: archive.Comment}
			for _, f := range archive.Files {
				ext := filepath.Ext(f.Name)
				if ext == ".issues" {
					continue
				}
				name := strings.TrimSuffix(f.Name, ext)
				text := issueText(validateBytes(v, f.Data, ext))
				if strings.HasSuffix(name, "-right") {
					assert.NotContains(t, text, " error ", f.Name)
				}
				out.Files = append(out.Files, f, txtar.File{Name: name + ".issues", Data: []byte(text)})
			}
			if *update {
				require.NoError(t, os.WriteFile(file, txtar.Format(out), 0o644))
				return
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			if got := txtar.Format(out); !bytes.Equal(want, got) {
				assert.Equal(t, string(want), string(got))
			}
		})
	}
}

func issueText(issues []fhir.Issue) string {
	var b strings.Builder
	for _, i := range issues {
		fmt.Fprintf(&b, "%d:%d %s %s [%s] %s\n    %s\n", i.Position.Line, i.Position.Column, i.Severity, i.Code, i.Rule, i.Expression, i.Text())
	}
	return b.String()
}
