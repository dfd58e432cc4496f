package sorting

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

type pair struct{ key, place int }

func byKey(a, b pair) int { return cmp.Compare(a.key, b.key) }

// TestAsSlices sorts random lists as package slices does.
func TestAsSlices(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := range 300 {
		list := make([]pair, n)
		for i := range list {
			list[i] = pair{rnd.IntN(20), i}
		}
		want, stable, sorted := slices.Clone(list), slices.Clone(list), slices.Clone(list)
		slices.SortStableFunc(want, byKey)
		Stably(stable, byKey)
		require.Equal(t, want, stable)
		By(sorted, byKey)
		require.True(t, slices.IsSortedFunc(sorted, byKey))
		require.ElementsMatch(t, list, sorted)
	}
	Stably([]pair(nil), byKey)
}
