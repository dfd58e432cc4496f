package numeral

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestQuantityWith(t *testing.T) {
	for words, want := range map[string]string{
		"twenty-eight tablets": "28 [tablets]", "two and a half ml each": "2.5 [ml each]", "three quarters of a tablet": "0.75 [of a tablet]", "ten point five ml": "10.5 [ml]",
		"one hundred and twelve": "112 []", "twenty eight or thirty": "28 [or thirty]",
	} {
		n, behind, ok := QuantityWith(words)
		require.True(t, ok, words)
		require.Equal(t, want, fmt.Sprint(n, " ", behind), words)
	}
	_, _, ok := QuantityWith("one hundred ml point five")
	require.False(t, ok)
}
