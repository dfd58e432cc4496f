package profiles

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/fsh"
	"github.com/pestle-fhir/pestle/profiles/terminology"
)

// TestProfileRules runs testdata/profiles/*.txtar: FHIR Shorthand first, then
// resources NAME.json, each followed by NAME.issues. The line
// "profile: url" in a file's comment asks for a profile; else meta.profile does.
func TestProfileRules(t *testing.T) {
	files, err := filepath.Glob("testdata/profiles/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			require.NoError(t, err)
			source := fstest.MapFS{}
			for _, f := range archive.Files {
				if strings.HasSuffix(f.Name, ".fsh") {
					source[f.Name] = &fstest.MapFile{Data: f.Data}
				}
			}
			set, err := fsh.Read(source, fsh.Options{Canonical: "https://clinic.example"})
			require.NoError(t, err)
			v := New(WithLibrary(NewLibrary(set, terminology.New(terminology.Config{Definitions: set}))))
			out := &txtar.Archive{Comment: archive.Comment}
			for _, f := range archive.Files {
				switch filepath.Ext(f.Name) {
				case ".fsh":
					out.Files = append(out.Files, f)
				case ".json":
					text := "valid\n"
					if issues := validateProfiled(v, f.Data); len(issues) > 0 {
						text = issueText(issues)
					}
					assert.NotContains(t, text, "{", "%s: an issue quotes no JSON", f.Name)
					out.Files = append(out.Files, f, txtar.File{Name: strings.TrimSuffix(f.Name, ".json") + ".issues", Data: []byte(text)})
				}
			}
			got := txtar.Format(out)
			if *update {
				require.NoError(t, os.WriteFile(file, got, 0o644))
				return
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, string(want), string(got))
		})
	}
}

func validateProfiled(v *Validator, data []byte) []fhir.Issue {
	r, err := fhir.Parse(data)
	var broken *fhir.Error
	if errors.As(err, &broken) {
		return broken.Issues
	}
	return v.Validate(context.Background(), r)
}
