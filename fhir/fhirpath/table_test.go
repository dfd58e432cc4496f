package fhirpath

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

var update = flag.Bool("update", false, "rewrite the results in testdata/*.txt")

// TestTables runs testdata/*.txt. A file has paragraphs: an expression, on
// one line or several, and below it its result, each item on a line behind
// "=> ", or the error behind "!! ". Lines with # are comments; "focus NAME"
// alone in a paragraph chooses the resource of testdata/NAME.json.
func TestTables(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			got := runTable(t, string(data))
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
			}
			was, is := strings.Split(string(data), "\n"), strings.Split(got, "\n")
			require.Len(t, is, len(was))
			for i := range is {
				require.Equal(t, was[i], is[i], "line %d of %s", i+1, file)
			}
		})
	}
}

func runTable(t *testing.T, text string) string {
	focus := ResourceItem(readResource(t, "testdata/patient.json"))
	var out []string
	for _, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
		var head, expr []string
		for _, line := range strings.Split(paragraph, "\n") {
			switch {
			case strings.HasPrefix(line, "=> "), line == "=>", strings.HasPrefix(line, "!! "):
			case strings.HasPrefix(line, "#"):
				head = append(head, line)
			default:
				head = append(head, line)
				expr = append(expr, line)
			}
		}
		if name, ok := strings.CutPrefix(strings.Join(expr, ""), "focus "); ok {
			focus = ResourceItem(readResource(t, "testdata/"+name+".json"))
			expr = nil
		}
		if expr != nil {
			head = append(head, outcome(strings.Join(expr, "\n"), focus)...)
		}
		out = append(out, strings.Join(head, "\n"))
	}
	return strings.Join(out, "\n\n") + "\n"
}

func outcome(src string, focus Item) []string {
	e, err := Compile(src)
	var found Collection
	if err == nil {
		found, err = e.Eval(context.Background(), focus, &Env{MaxSteps: 100_000,
			Now:         time.Date(2026, 11, 24, 9, 30, 15, 123456789, time.FixedZone("", 3600)),
			Terminology: colours{}, Profiles: baseProfiles{}, Resolver: directory{},
			Vars: map[string]Collection{"answer": {IntegerItem(42)}},
		})
	}
	var failure *fhir.Error
	if errors.As(err, &failure) {
		i := failure.Issues[0]
		what, _, _ := strings.Cut(i.Message, " In the expression: ")
		i.Message = what
		return []string{fmt.Sprintf("!! %s %d:%d %s", failure.Kind, i.Position.Line, i.Position.Column, i.Text())}
	}
	if len(found) == 0 {
		return []string{"=>"}
	}
	var out []string
	for _, it := range found {
		out = append(out, "=> "+it.Type()+" "+strings.Join(strings.Fields(it.String()), " "))
	}
	return out
}

// colours is a small terminology: a value set of two codes, and a code that
// subsumes another one.
type colours struct{}

func (colours) MemberOf(_ context.Context, valueSet string, codings []fhir.Coding) (member, known bool, err error) {
	for _, c := range codings {
		member = member || c.Code == "male" || c.Code == "N"
	}
	return member, valueSet == "urn:known", nil
}

func (colours) Subsumes(_ context.Context, _, a, b string) (subsumes, known bool, err error) {
	return a == b || a == "person" && b == "male", true, nil
}

// directory resolves by type alone, as index extraction does.
type directory struct{}

func (directory) Resolve(_ context.Context, ref string, _ Item) (Item, error) {
	typ, _, _ := strings.Cut(ref, "/")
	return TypeItem(typ), nil
}
