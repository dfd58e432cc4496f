package definition_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/profiles/uk"
)

// TestRoundTrip writes every definition that is built in and reads it again:
// what a client is given says all that the rules are made of.
func TestRoundTrip(t *testing.T) {
	l := uk.Library()
	terms := l.Terminology().Definitions()
	list := l.Entries()
	count := map[string]int{}
	for i := range list {
		e := &list[i]
		r, err := l.Resource(e)
		require.NoError(t, err, e.URL)
		again, err := fhir.Parse(r.JSON())
		require.NoError(t, err, e.URL)
		count[e.Type]++
		switch e.Type {
		case "StructureDefinition":
			want, err := l.Structure(e.URL)
			require.NoError(t, err)
			got := definition.ReadStructure(again)
			require.Equal(t, len(want.Snapshot), len(got.Snapshot), e.URL)
			for i := range want.Snapshot {
				equalElements(t, e.URL, want.Snapshot[i], got.Snapshot[i])
			}
			require.Len(t, got.Differential, len(want.Differential), e.URL)
			for _, w := range want.Differential {
				i := slices.IndexFunc(got.Differential, func(g *definition.Element) bool { return g.ID == w.ID })
				require.GreaterOrEqual(t, i, 0, "%s %s", e.URL, w.ID)
				equalElements(t, e.URL, w, got.Differential[i])
			}
		case "ValueSet":
			want := *terms.ValueSets[e.URL]
			want.Source, want.Status = "", e.Status
			assert.Equal(t, &want, definition.ReadValueSet(again), e.URL)
		case "CodeSystem":
			want := *terms.CodeSystems[e.URL]
			want.Source, want.Status = "", e.Status
			assert.Equal(t, &want, definition.ReadCodeSystem(again), e.URL)
		case "ConceptMap":
			want := *terms.ConceptMaps[e.URL]
			want.Origin, want.Status = "", e.Status
			assert.Equal(t, &want, definition.ReadConceptMap(again), e.URL)
		}
	}
	t.Log(count)
}

// equalElements compares elements; values are nodes of different resources, so
// they are compared as text.
func equalElements(t *testing.T, url string, want, got *definition.Element) {
	w, g := *want, *got
	if w.BasePath == "" { // R4 wants it in a snapshot
		w.BasePath, w.BaseMax = g.BasePath, g.BaseMax
	}
	for _, p := range [][2]**definition.Value{{&w.Fixed, &g.Fixed}, {&w.Pattern, &g.Pattern}, {&w.MinValue, &g.MinValue}, {&w.MaxValue, &g.MaxValue}} {
		if *p[0] == nil || *p[1] == nil {
			assert.Equal(t, *p[0] == nil, *p[1] == nil, "%s %s", url, want.ID)
			continue
		}
		assert.Equal(t, (*p[0]).Type, (*p[1]).Type, "%s %s", url, want.ID)
		assert.Equal(t, string((*p[0]).Node.Raw()), string((*p[1]).Node.Raw()), "%s %s", url, want.ID)
		*p[0], *p[1] = nil, nil
	}
	if !assert.Equal(t, w, g, "%s %s", url, want.ID) {
		t.FailNow()
	}
}

// TestValid holds what is written to R4 itself.
func TestValid(t *testing.T) {
	l := uk.Library()
	v := profiles.New()
	list := l.Entries()
	for i := range list {
		e := &list[i]
		if e.Source == "" {
			continue // those of R4 are as R4 has them
		}
		r, err := l.Resource(e)
		require.NoError(t, err)
		for _, issue := range v.Validate(context.Background(), r) {
			if issue.IsError() {
				t.Errorf("%s: %s: %s [%s]", e.URL, issue.Expression, issue.Text(), issue.Rule)
			}
		}
	}
}
