package layering

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/oracle"
)

// pure are packages of functions of values: what they decide follows from their
// arguments, so it is the same by whichever way it is asked.
var pure = []string{"pharmacy/nhs", "pharmacy/dispensing/prescription", "pharmacy/dispensing/message"}

// effects are the types of package fhir by which a state is read or a commit made.
var effects = []string{"State", "Transaction", "Commit", "Call", "Guard"}

func TestPure(t *testing.T) {
	root := oracle.Root(t)
	for _, folder := range pure {
		files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
		require.NoError(t, err)
		require.NotEmpty(t, files, folder)
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			require.NoError(t, err)
			for _, found := range impure(file) {
				t.Errorf("%s uses %s: %s is made of functions of values; put what reads or writes into the service that calls it", path, found, folder)
			}
		}
	}
}

// impure lists what a file uses that is not a value.
func impure(file *ast.File) (found []string) {
	for _, spec := range file.Imports {
		if name := strings.Trim(spec.Path.Value, `"`); slices.Contains([]string{"context", "os", "net/http", "sync"}, name) {
			found = append(found, "package "+name)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if of, ok := s.X.(*ast.Ident); ok && of.Name == "fhir" && slices.Contains(effects, s.Sel.Name) {
				found = append(found, "fhir."+s.Sel.Name)
			}
		}
		return true
	})
	return found
}

func TestImpure(t *testing.T) {
	for source, want := range map[string][]string{
		`import "context"; var x context.Context`: {"package context"},
		`func f(s fhir.State) {}`:                 {"fhir.State"},
		`func f(n fhir.Node) fhir.Change`:         nil,
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x; "+source, 0)
		require.NoError(t, err)
		require.Equal(t, want, impure(file), source)
	}
}
