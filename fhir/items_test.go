package fhir_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestItemsWith: few and many items are found alike, in their order, also by
// several at once.
func TestItemsWith(t *testing.T) {
	for _, n := range []int{0, 1, 3, 1000} {
		items := make([]string, 0, n+2)
		for i := range n {
			items = append(items, fmt.Sprintf(`{"resourceType":"Basic","id":"b%d"}`, i))
		}
		items = append(items, `{"resourceType":"Patient","id":"b0"}`, `"b0"`, `{"id":7}`, `{}`)
		r, err := fhir.Parse([]byte(`{"resourceType":"Patient","contained":[` + strings.Join(items, ",") + `]}`))
		require.NoError(t, err)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				var types []string
				for c := range r.Get("contained").ItemsWith("id", "b0") {
					types = append(types, c.Get("resourceType").Text())
				}
				if n == 0 {
					require.Equal(t, []string{"Patient"}, types)
				} else {
					require.Equal(t, []string{"Basic", "Patient"}, types)
					last := r.Root().Contained(fmt.Sprintf("b%d", n-1))
					require.Equal(t, n-1, last.Place())
				}
				require.False(t, r.Root().Contained("none").Exists())
				require.False(t, r.Root().Contained("").Exists())
				require.False(t, r.Get("id").Contained("b0").Exists())
			})
		}
		wg.Wait()
	}
}
