package spelling

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDistanceIsThatOfWholeWords compares with the distance that is worked out
// in full, on words of few letters.
func TestDistanceIsThatOfWholeWords(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	word := func() string {
		b := make([]byte, random.IntN(12))
		for i := range b {
			b[i] = "abc"[random.IntN(3)]
		}
		return string(b)
	}
	for range 20_000 {
		a, b, limit := word(), word(), random.IntN(5)
		require.Equal(t, min(whole(a, b), limit+1), Distance(a, b, limit), "%q %q %d", a, b, limit)
	}
}

// whole is the distance by its definition.
func whole(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

// BenchmarkNearest looks for a profile that is not known among many that are.
func BenchmarkNearest(b *testing.B) {
	var names []string
	for i := range 400 {
		names = append(names, fmt.Sprintf("https://fhir.hl7.org.uk/StructureDefinition/UKCore-%s-%d", strings.Repeat("x", i%24), i))
	}
	b.ReportAllocs()
	for b.Loop() {
		Nearest("http://hl7.org/fhir/us/core/StructureDefinition/us-core-observation-lab", names, 2)
	}
}
