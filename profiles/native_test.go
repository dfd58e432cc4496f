package profiles

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/fhirpath"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

// TestNativeInvariantsAgree compares the invariants written in Go with their
// expressions on every combination of the members that they look at.
func TestNativeInvariantsAgree(t *testing.T) {
	cases := []struct {
		key, typ, member string
		parts            []string
	}{
		{"cpt-2", "ContactPoint", "telecom", []string{`"value":"1"`, `"_value":{"id":"a"}`, `"system":"phone"`, `"_system":{"id":"b"}`, `"use":"home"`}},
		{"qty-3", "Quantity", "valueQuantity", []string{`"code":"g"`, `"_code":{"id":"a"}`, `"system":"http://unitsofmeasure.org"`, `"value":1`}},
		{"att-1", "Attachment", "photo", []string{`"data":"AAAA"`, `"_data":{"id":"a"}`, `"contentType":"image/png"`, `"url":"http://example.org"`}},
		{"ext-1", "Extension", "extension", []string{`"url":"http://example.org"`, `"valueString":"x"`, `"_valueString":{"id":"a"}`, `"extension":[{"url":"a","valueString":"x"}]`, `"id":"e"`}},
		{"ele-1", "HumanName", "name", []string{`"id":"n"`, `"family":"x"`, `"_family":{"id":"a"}`, `"extension":[{"url":"a","valueString":"x"}]`}},
		{"ref-1", "Reference", "managingOrganization", []string{`"reference":"#o"`, `"display":"x"`}},
		{"ref-1", "Reference", "managingOrganization", []string{`"reference":"#"`, `"display":"x"`}},
		{"ref-1", "Reference", "managingOrganization", []string{`"reference":"Organization/1"`, `"display":"x"`}},
		{"ref-1", "Reference", "managingOrganization", []string{`"reference":"#none"`, `"display":"x"`}},
	}
	for _, c := range cases {
		for set := 1; set < 1<<len(c.parts); set++ {
			var members []string
			for i, p := range c.parts {
				if set&(1<<i) != 0 {
					members = append(members, p)
				}
			}
			text := fmt.Sprintf(`{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o"}],"%s":{%s}}`, c.member, strings.Join(members, ","))
			r, err := fhir.Parse([]byte(text))
			require.NoError(t, err)
			agree(t, c.key, r, r.Get(c.member), r4.TypeOf(c.typ))
		}
	}
}

// TestOracleNative compares them on every element of the official examples.
func TestOracleNative(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(oracle.Dir(t), "examples/r4/*.json"))
	require.NoError(t, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		r, err := fhir.Parse(data)
		require.NoError(t, err)
		for i := range r.Nodes() {
			n := r.Node(i)
			way := trail(n)
			typ := way[len(way)-1].typ
			if n.Kind() != fhir.Object || typ == nil || strings.HasPrefix(n.Name(), "_") || inBundle(way) {
				continue
			}
			for _, c := range typ.Constraints {
				if native[c.Key] != nil {
					agree(t, c.Key, r, n, typ)
				}
			}
		}
	}
}

// inBundle reports whether another resource than the root holds the element:
// the test gives each only one scope.
func inBundle(way []stop) bool {
	for _, s := range way[1:] {
		if s.typ != nil && s.typ.Kind == r4.Resource {
			return true
		}
	}
	return false
}

func agree(t *testing.T, key string, r *fhir.Resource, n fhir.Node, typ *r4.Type) {
	t.Helper()
	w := &walk{ctx: context.Background(), v: New(), r: r}
	w.scope = &scope{node: r.Root(), typ: r4.TypeOf(r.Type()), root: r.Root()}
	expr, err := fhirpath.Cached(r4.ConstraintByKey(key).Expression)
	require.NoError(t, err)
	want, err := expr.Test(w.ctx, fhirpath.TypedItem(n, typ), w.env())
	require.NoError(t, err)
	require.Equal(t, want, native[key](w, n), "%s on %s", key, n.Raw())
}

// What is taken for a name without evaluation meets the expression, and nothing
// else does.
func TestComputerNames(t *testing.T) {
	found := 0
	for i := range r4.Types() {
		for _, c := range r4.Types()[i].Constraints {
			if c.Expression == computerName {
				found++
			}
		}
	}
	require.Greater(t, found, 20)
	expr, err := fhirpath.Compile(computerName)
	require.NoError(t, err)
	for _, name := range []string{"A", "Abc_1", "a", "1A", "A-b", "A b", "É", "Aé", "A\n", "\nA", strings.Repeat("A", 255), strings.Repeat("A", 256)} {
		r := fhir.Obj("resourceType", "ValueSet", "name", name).Resource()
		want, err := expr.Test(context.Background(), fhirpath.TypedItem(r.Root(), r4.TypeOf("ValueSet")), &fhirpath.Env{})
		require.NoError(t, err)
		require.Equal(t, want, isComputerName(r.Get("name")), name)
	}
}

// TestEveryInvariantCompiles makes the rules of every type, so that none panics
// when it is first met.
func TestEveryInvariantCompiles(t *testing.T) {
	v := New(WithBestPractice())
	for i := range r4.Types() {
		v.shapeOf(&r4.Types()[i]).ready(v)
	}
}
