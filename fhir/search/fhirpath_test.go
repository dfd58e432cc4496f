package search

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/fhirpath"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

// byText resolves a reference to a resource of which its text says the type.
type byText struct{}

func (byText) Resolve(_ context.Context, text string, _ fhirpath.Item) (fhirpath.Item, error) {
	r, _ := parseReference(text)
	return fhirpath.TypeItem(r.typ), nil
}

// mended is an expression with what R4 1.0 writes and FHIRPath does not have.
func mended(expression string) string {
	for _, m := range []struct{ from, to string }{
		{` as (\w+)`, `.ofType($1)`}, {`\.as\((\w+)\)`, `.ofType($1)`}, {`DateTime`, `dateTime`}, {`hasExtension\(('[^']*')\)`, `extension($1).exists()`},
	} {
		expression = regexp.MustCompile(m.from).ReplaceAllString(expression, m.to)
	}
	return expression
}

// slow extracts by FHIRPath what Extract finds by walking tries.
type slow struct {
	t   testing.TB
	res *fhir.Resource
	env *fhirpath.Env
}

func (x *slow) eval(expression string, focus fhirpath.Item) fhirpath.Collection {
	e, err := fhirpath.Cached(mended(expression))
	require.NoError(x.t, err, expression)
	out, err := e.Eval(context.Background(), focus, x.env)
	require.NoError(x.t, err, expression)
	return out
}

func (x *slow) entries(param *r4.SearchParam) []Entry {
	root := fhirpath.ResourceItem(x.res)
	var s sink
	n := namesOf(param.Code)
	expression := param.Expression
	if param.Code == Text {
		expression = narrativePath
	}
	for _, item := range x.eval(expression, root) {
		if param.Type == "composite" {
			x.composite(&s, param, item)
		} else {
			x.write(&s, param.Type, &n, item)
		}
	}
	return s.sorted()
}

func (x *slow) write(s *sink, kind string, n *names, item fhirpath.Item) {
	if truth, ok := item.Bool(); ok && !item.Node().Exists() {
		s.code(n.code, implicit, "", fmt.Sprint(truth))
		return
	}
	node, typ := item.Node(), item.Type()
	if typ == "Extension" {
		for m := range node.Members() {
			if p := r4.TypeOf("Extension").Property(m.Name()); p != nil && p.Element.Name == "value" {
				node, typ = m, p.Type
			}
		}
	}
	if r4.IsResource(typ) {
		typ = "Resource"
	}
	byType := writers[kind]
	switch n.code {
	case phonetic:
		byType = soundWriters
	case Text:
		byType = narrativeWriters
	}
	if write := byType[typ]; write != nil && !strings.HasPrefix(node.Name(), "_") {
		write(s, n, node)
	}
}

func (x *slow) composite(s *sink, param *r4.SearchParam, focus fhirpath.Item) {
	keys := [][]byte{nil}
	for i, component := range param.Components {
		if param.URL == swapped {
			component.Definition = param.Components[1-i].Definition
		}
		var found sink
		for _, item := range x.eval(component.Expression, focus) {
			x.write(&found, r4.SearchParamByURL(component.Definition).Type, &names{"", "-", "-", "-"}, item)
		}
		var longer [][]byte
		for _, head := range keys {
			for _, e := range found.entries {
				if e.Param == "" {
					longer = append(longer, append(head[:len(head):len(head)], e.Key...))
				}
			}
		}
		keys = longer
	}
	for _, key := range keys {
		s.entries = append(s.entries, Entry{param.Code, key})
	}
}

// TestOracleExtract compares the compiled extraction with FHIRPath: every
// parameter on every official example, and counts what is indexed.
func TestOracleExtract(t *testing.T) {
	var misses []string
	passed, total, entries := 0, 0, 0
	used := map[string]bool{}
	for _, r := range examples(t) {
		got, err := Extract(context.Background(), r)
		require.NoError(t, err)
		entries += len(got)
		byParam := map[string][]Entry{}
		for _, e := range got {
			if strings.Contains(e.Param, ".") {
				continue // of what is contained: store/testdata/search/contained.txtar
			}
			code, _, _ := strings.Cut(e.Param, ":")
			byParam[code] = append(byParam[code], e)
		}
		x := &slow{t, r, &fhirpath.Env{Resolver: byText{}}}
		for code := range programFor(r.Type()).kinds {
			total++
			want := x.entries(r4.SearchParameter(r.Type(), code))
			if len(want) > 0 {
				used[r.Type()+"."+code] = true
			}
			if same(want, byParam[code]) {
				passed++
			} else {
				misses = append(misses, r.Type()+"/"+r.ID()+"?"+code)
				t.Logf("%s/%s?%s\nwant %q\n got %q", r.Type(), r.ID(), code, want, byParam[code])
			}
		}
	}
	t.Logf("%d entries, under %d parameters of resource types", entries, len(used))
	oracle.Report(t, "search-extract", passed, total, misses)
}

func same(a, b []Entry) bool {
	return fmt.Sprintf("%q", a) == fmt.Sprintf("%q", b)
}
