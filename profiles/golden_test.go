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
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// TestIssues runs the mistakes in testdata/*.txtar: each file NAME.json is
// followed by NAME.issues, every issue of it in the words that the sender
// reads.
func TestIssues(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	v := New()
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			require.NoError(t, err)
			out := &txtar.Archive{Comment: archive.Comment}
			for _, f := range archive.Files {
				if !strings.HasSuffix(f.Name, ".json") {
					continue
				}
				name := strings.TrimSuffix(f.Name, ".json") + ".issues"
				issues := []byte(issueText(validateBytes(v, f.Data)))
				out.Files = append(out.Files, f, txtar.File{Name: name, Data: issues})
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
