package profiles

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/profiles/terminology"
)

// What an unknown url is near to is remembered until the definitions change, of
// not too many urls and of none that is long.
func TestNearNamesAreRemembered(t *testing.T) {
	named := func(names ...string) *definition.Set {
		set := definition.NewSet()
		for _, n := range names {
			set.Structures["http://example.org/"+n] = &definition.Structure{URL: "http://example.org/" + n}
		}
		return set
	}
	l := NewLibrary(named("patient-a"), terminology.New(terminology.Config{}))
	near := func(name string) []string { return l.nearProfiles("http://example.org/" + name) }
	for range 3 {
		require.Equal(t, []string{"http://example.org/patient-a"}, near("patient-aa"))
	}
	require.Len(t, l.near, 1)
	l.own = named("patient-b")
	l.rebuild()
	require.Equal(t, []string{"http://example.org/patient-b"}, near("patient-aa"))
	for i := range 3 * maxNear {
		near(fmt.Sprint("x", i))
	}
	require.LessOrEqual(t, len(l.near), maxNear)
	before := len(l.near)
	near(strings.Repeat("x", 1000))
	require.Len(t, l.near, before)
}
