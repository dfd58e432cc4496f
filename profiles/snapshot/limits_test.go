package snapshot

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/profiles/definition"
)

// TestSnapshotsDoNotGrow makes extensions of which each unfolds the one before
// it twice, so that each is twice as large.
func TestSnapshotsDoNotGrow(t *testing.T) {
	set := definition.NewSet()
	url := func(i int) string { return fmt.Sprint("https://clinic.example/x", i) }
	for i := range 20 {
		s := &definition.Structure{URL: url(i), Type: "Extension", Base: hl7 + "Extension"}
		for _, slice := range []string{"a", "b"} {
			id := "Extension.extension:" + slice
			s.Differential = append(s.Differential,
				&definition.Element{ID: id, Path: "Extension.extension", SliceName: slice, Types: []definition.Type{{Code: "Extension", Profiles: []string{url(i - 1)}}}},
				&definition.Element{ID: id + ".url", Path: "Extension.extension.url", Max: "1"})
		}
		set.AddStructure(s)
	}
	g := New(set)
	_, err := g.Generate(set.Structures[url(8)])
	require.NoError(t, err)
	_, err = g.Generate(set.Structures[url(19)])
	assert.ErrorContains(t, err, "the snapshot has more than 20000 elements")
}

// TestSnapshotsAreNotDeep reaches into an element that may hold itself, deeper
// than any resource does.
func TestSnapshotsAreNotDeep(t *testing.T) {
	path := "Questionnaire" + strings.Repeat(".item", 500)
	set := definition.NewSet()
	set.AddStructure(&definition.Structure{URL: "https://clinic.example/deep", Type: "Questionnaire", Base: hl7 + "Questionnaire",
		Differential: []*definition.Element{{ID: path, Path: path, Max: "1"}}})
	_, err := New(set).Generate(set.Structures["https://clinic.example/deep"])
	assert.ErrorContains(t, err, "deeper than 128 levels")
}
