package audit

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestKnownTerms: a text is what it was computed to be, whatever else has its slot, of
// another kind too, and by many at once.
func TestKnownTerms(t *testing.T) {
	var k knownTerms
	compute := func(kind byte) func(string) uint64 {
		return func(text string) uint64 { return uint64(kind)<<32 + uint64(len(text)) }
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 2000 {
				text := fmt.Sprint("sds-user-id|", i)
				for _, kind := range []byte{'o', 'a', 'c'} {
					if k.term(kind, text, compute(kind)) != compute(kind)(text) {
						t.Errorf("%c %s", kind, text)
					}
				}
			}
		})
	}
	all.Wait()
	asked := 0
	for range 3 {
		k.term('a', "x", func(string) uint64 { asked++; return 7 })
	}
	require.Equal(t, 1, asked)
	require.EqualValues(t, 7, k.term('a', "x", nil))
	require.EqualValues(t, 8, k.term('a', "", func(string) uint64 { return 8 }), "an empty text is one too")
}
