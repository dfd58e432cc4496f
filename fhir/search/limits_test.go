package search

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestCombinationsAreBounded indexes an Observation whose combinations of code
// and value are the square of its size.
func TestCombinationsAreBounded(t *testing.T) {
	extract := func(codings int) ([]Entry, error) {
		many := strings.TrimSuffix(strings.Repeat(`{"code":"a"},`, codings), ",")
		r, err := fhir.Parse([]byte(`{"resourceType":"Observation","code":{"coding":[` + many + `]},"valueCodeableConcept":{"coding":[` + many + `]}}`))
		require.NoError(t, err)
		return Extract(context.Background(), r)
	}
	entries, err := extract(200)
	require.NoError(t, err)
	require.NotEmpty(t, entries)
	_, err = extract(10_000)
	require.ErrorContains(t, err, "combinations")
}

func TestAncestorsOfAURIAreBounded(t *testing.T) {
	ask := func(slashes int) error {
		_, _, err := Parse("ValueSet", url.Values{"url:above": {"http:/" + strings.Repeat("/x", slashes-1)}}, Options{})
		return err
	}
	require.NoError(t, ask(maxSlashes))
	require.ErrorContains(t, ask(maxSlashes+1), "slashes")
}

func TestALongValueIsCutBetweenCharacters(t *testing.T) {
	_, _, err := Parse("Patient", url.Values{"birthdate": {"a" + strings.Repeat("é", 200)}}, Options{})
	require.ErrorContains(t, err, "é…")
	require.True(t, utf8.ValidString(err.Error()))
}
