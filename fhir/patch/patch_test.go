package patch

import (
	"errors"
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

var update = flag.Bool("update", false, "rewrite the golden parts of testdata")

// TestScripts runs testdata/*.txtar. resource.json is what is patched by every
// NAME.patch (a JSON Patch), NAME.params (FHIRPath Patch, a line "operation
// part=JSON …" for each operation) and NAME.diff (XML Patch); NAME.want is what
// comes of it.
func TestScripts(t *testing.T) {
	scripts, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, scripts)
	for _, script := range scripts {
		archive, err := txtar.ParseFile(script)
		require.NoError(t, err)
		want := map[string]string{}
		var resource *fhir.Resource
		for _, f := range archive.Files {
			want[f.Name] = string(f.Data)
			if f.Name == "resource.json" {
				resource, err = fhir.Parse(f.Data)
				require.NoError(t, err)
			}
		}
		out := &txtar.Archive{Comment: archive.Comment}
		for _, f := range archive.Files {
			name, ext, _ := strings.Cut(f.Name, ".")
			if ext == "want" {
				continue
			}
			out.Files = append(out.Files, f)
			if ext == "json" {
				continue
			}
			t.Run(filepath.Base(script)+"/"+name, func(t *testing.T) {
				before := string(resource.JSON())
				got := result(apply(t, resource, ext, f.Data))
				assert.Equal(t, before, string(resource.JSON()), "the resource itself stays")
				if !*update {
					assert.Equal(t, want[name+".want"], got)
				}
				out.Files = append(out.Files, txtar.File{Name: name + ".want", Data: []byte(got)})
			})
		}
		if *update {
			require.NoError(t, os.WriteFile(script, txtar.Format(out), 0o644))
		}
	}
}

func apply(t *testing.T, r *fhir.Resource, ext string, data []byte) (*fhir.Resource, error) {
	switch ext {
	case "patch":
		return JSON(r, data)
	case "diff":
		return XML(r, data)
	}
	return FHIRPath(t.Context(), r, parameters(string(data)))
}

// parameters writes out lines such as
//
//	add path="Patient" name="active" valueBoolean=true
func parameters(lines string) *fhir.Resource {
	var operations []fhir.Value
	for line := range strings.Lines(lines) {
		kind, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		parts := []fhir.Value{fhir.Obj("name", "type", "valueCode", kind)}
		for _, word := range strings.Split(rest, " ") {
			name, json, _ := strings.Cut(word, "=")
			json = strings.ReplaceAll(json, "~", " ")
			switch {
			case name == "parts":
				parts = append(parts, fhir.Obj("name", "value", "part", fhir.Raw(json)))
			case name == "resource" || strings.HasPrefix(name, "value"):
				parts = append(parts, fhir.Obj("name", "value", name, fhir.Raw(json)))
			case strings.HasPrefix(json, `"`):
				parts = append(parts, fhir.Obj("name", name, "valueString", fhir.Raw(json)))
			default:
				parts = append(parts, fhir.Obj("name", name, "valueInteger", fhir.Raw(json)))
			}
		}
		operations = append(operations, fhir.Obj("name", "operation", "part", parts))
	}
	return fhir.Obj("resourceType", "Parameters", "parameter", operations).Resource()
}

func result(r *fhir.Resource, err error) string {
	if err == nil {
		return string(r.JSON()) + "\n"
	}
	var b strings.Builder
	var e *fhir.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	for _, i := range e.Issues {
		place := i.Expression
		if !i.Position.IsZero() {
			place += fmt.Sprintf(" %d:%d", i.Position.Line, i.Position.Column)
		}
		fmt.Fprintf(&b, "%s %s: %s\n", e.Kind, place, i.Text())
	}
	return b.String()
}

func TestCopiesOfCopiesStayWithinBounds(t *testing.T) {
	r, err := fhir.Parse([]byte(`{"resourceType":"Basic","a":["` + strings.Repeat("x", 1000) + `"]}`))
	require.NoError(t, err)
	doc := "[" + strings.Repeat(`{"op":"copy","from":"/a","path":"/a/0"},`, 40) + `{"op":"test","path":"/resourceType","value":"Basic"}]`
	_, err = JSON(r, []byte(doc))
	assert.Equal(t, fhir.TooLong, fhir.KindOf(err))
}
