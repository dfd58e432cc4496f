package fhirpath

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

// TestDefinitionsCheck: the invariants and search parameters of R4 compile,
// and the checker has nothing against them but what is wrong in R4 itself.
func TestDefinitionsCheck(t *testing.T) {
	check := func(name, src, typ string) {
		e, err := Compile(src)
		require.NoError(t, err, name)
		for _, i := range e.Check(typ) {
			// R4 itself asks for a name that ChargeItemDefinition does not have.
			if i.IsError() && name != "cid-0" {
				t.Errorf("%s on %s: %s", name, typ, i.Text())
			}
		}
	}
	for _, typ := range r4.Types() {
		for _, c := range typ.Constraints {
			check(c.Key, c.Expression, typ.Name)
		}
		for _, e := range typ.Elements {
			for _, c := range e.Constraints {
				focus := ""
				if len(e.Types) == 1 {
					focus = e.Types[0]
				}
				check(c.Key, c.Expression, focus)
			}
		}
	}
	for _, name := range r4.ResourceTypes() {
		for _, p := range r4.SearchParams(name) {
			if p.Expression != "" {
				check(name+"."+p.Code, p.Expression, "")
			}
		}
	}
}

// TestOracleDefinitionsRun evaluates every invariant and search parameter on
// every R4 example: none may fail to evaluate.
func TestOracleDefinitionsRun(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(oracle.Dir(t), "examples", "r4", "*.json"))
	require.NoError(t, err)
	run := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		r, err := fhir.Parse(data)
		require.NoError(t, err)
		focus := ResourceItem(r)
		for _, p := range r4.SearchParams(r.Type()) {
			if p.Expression == "" {
				continue
			}
			e, err := Cached(p.Expression)
			require.NoError(t, err)
			_, err = e.Eval(context.Background(), focus, nil)
			require.NoError(t, err, "%s: %s", file, p.Code)
			run++
		}
		run += testInvariants(t, file, focus)
	}
	t.Logf("%d evaluations on %d examples", run, len(files))
}

// testInvariants evaluates what the tables say on an item and all below it.
func testInvariants(t *testing.T, file string, it Item) (run int) {
	if it.typ == nil {
		return 0
	}
	for _, c := range it.typ.Constraints {
		evaluate(t, file, c, it)
		run++
	}
	m := newMachine(context.Background(), nil, it, nil)
	m.pushChildren(&it)
	for _, child := range m.stack {
		if name := strings.TrimPrefix(child.node.Name(), "_"); name != "" {
			if p := it.typ.Property(name); p != nil {
				for _, c := range p.Element.Constraints {
					evaluate(t, file, c, child)
					run++
				}
			}
		}
		run += testInvariants(t, file, child)
	}
	return run
}

func evaluate(t *testing.T, file string, c *r4.Constraint, it Item) {
	e, err := Cached(c.Expression)
	require.NoError(t, err)
	ok, err := e.Test(context.Background(), it, nil)
	if err != nil {
		t.Errorf("%s: %s at %s: %v", filepath.Base(file), c.Key, it.Node().Expression(), err)
	} else if !ok {
		t.Logf("%s: %s does not hold at %s", filepath.Base(file), c.Key, it.Node().Expression())
	}
}
