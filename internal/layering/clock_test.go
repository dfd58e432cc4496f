package layering

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/oracle"
)

// clockless are the packages on a commit's way: a commit follows from the state,
// its transaction and its time, so nothing there asks the clock.
var clockless = []string{"store", "fhir/search", "pharmacy"}

// clocks are the files that may, and what for.
var clocks = map[string]string{
	"store/db.go":                  "the default of Options.Clock, asked once for each commit that brings no time",
	"store/log/jetstream/lease.go": "how long a lease is held, by this machine alone: what fences is the place in the log",
	"store/figures.go":             "how long a group took to be durable, for whoever watches",
	"store/indexing.go":            "when work on an index that failed is tried again",
	"store/audit.go":               "how long a step of a check holds its view",
	"pharmacy/loop.go":             "how long a step took, for whoever watches",
	"pharmacy/fold.go":             "how long a step took, for whoever watches",
}

// engines keep bytes, whatever they say.
const engines = "store/kv"

// TestNoClock reads the source of the packages on a commit's way.
func TestNoClock(t *testing.T) {
	root, asks := oracle.Root(t), map[string]bool{}
	for _, folder := range clockless {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			name, err := filepath.Rel(root, path)
			if name = filepath.ToSlash(name); err != nil || within(name, engines) {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err == nil && asksClock(file) {
				asks[name] = true
			}
			return err
		})
		require.NoError(t, err)
	}
	for name := range asks {
		if clocks[name] == "" {
			t.Errorf("%s asks the clock: the time of a commit comes in as a value", name)
		}
	}
	for name := range clocks {
		if !asks[name] {
			t.Errorf("%s asks the clock no more: take it out of the list", name)
		}
	}
}

// asksClock reports whether a file uses time.Now, also by another name of the
// package, or what is computed from it.
func asksClock(file *ast.File) (found bool) {
	name := ""
	for _, spec := range file.Imports {
		if spec.Path.Value == `"time"` {
			name = "time"
			if spec.Name != nil {
				name = spec.Name.Name
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			of, ok := s.X.(*ast.Ident)
			found = found || ok && name != "" && of.Name == name && (s.Sel.Name == "Now" || s.Sel.Name == "Since" || s.Sel.Name == "Until")
		}
		return !found
	})
	return found || name == "."
}

func TestAsksClock(t *testing.T) {
	for source, want := range map[string]bool{
		`import "time"; var x = time.Now()`:                   true,
		`import "time"; var clock = time.Now`:                 true,
		`import clock "time"; var x = clock.Since(then)`:      true,
		`import . "time"; var x = Now()`:                      true,
		`import "time"; var x = time.Second`:                  false,
		`import "example.org/time2"; var x = time2.Now()`:     false,
		`import "time"; type T struct{ Now func() }; var x T`: false,
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x; "+source, 0)
		require.NoError(t, err)
		require.Equal(t, want, asksClock(file), source)
	}
}
