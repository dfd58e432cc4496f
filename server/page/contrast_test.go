package page

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestContrast wants every colour of text to be readable on every ground that
// it is on, in both schemes: WCAG 2.2, success criteria 1.4.3 and 1.4.11.
func TestContrast(t *testing.T) {
	css, err := files.ReadFile("style.css")
	require.NoError(t, err)
	roots := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllSubmatch(css, -1)
	require.Len(t, roots, 2, "light and dark")
	for scheme, root := range roots {
		colour := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]+)`).FindAllSubmatch(root[1], -1) {
			colour[string(m[1])] = string(m[2])
		}
		for _, text := range []string{"ink", "soft", "link", "key", "text", "number", "bad", "good"} {
			for _, ground := range []string{"ground", "panel"} {
				assert.GreaterOrEqual(t, contrast(t, colour[text], colour[ground]), 4.5, "scheme %d: %s on %s", scheme, text, ground)
			}
		}
		assert.GreaterOrEqual(t, contrast(t, colour["on-sandbox"], colour["sandbox"]), 4.5, "scheme %d: sandbox", scheme)
		assert.GreaterOrEqual(t, contrast(t, colour["edge"], colour["ground"]), 3.0, "scheme %d: edge", scheme)
		assert.GreaterOrEqual(t, contrast(t, colour["focus"], colour["ground"]), 3.0, "scheme %d: focus", scheme)
	}
}

func contrast(t *testing.T, a, b string) float64 {
	x, y := luminance(t, a), luminance(t, b)
	return (math.Max(x, y) + 0.05) / (math.Min(x, y) + 0.05)
}

// luminance is the relative luminance of #rgb or #rrggbb.
func luminance(t *testing.T, hex string) float64 {
	if len(hex) == 4 {
		hex = fmt.Sprintf("#%[1]c%[1]c%[2]c%[2]c%[3]c%[3]c", hex[1], hex[2], hex[3])
	}
	require.Len(t, hex, 7)
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
		require.NoError(t, err)
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
