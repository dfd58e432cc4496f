package browser

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"

	"github.com/stretchr/testify/require"
)

// photograph writes the whole page as it is into the folder that PESTLE_SCREENSHOTS names,
// for people to look at; where it names none, nothing.
func (b *tab) photograph(state string) {
	b.t.Helper()
	dir := os.Getenv("PESTLE_SCREENSHOTS")
	if dir == "" {
		return
	}
	var size struct {
		CSSContentSize struct{ Width, Height float64 }
	}
	b.do("Page.getLayoutMetrics", map[string]any{}, &size)
	var shot struct{ Data string }
	b.do("Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true,
		"clip": map[string]any{"x": 0, "y": 0, "width": size.CSSContentSize.Width, "height": min(size.CSSContentSize.Height, 4000), "scale": 1}}, &shot)
	picture, err := base64.StdEncoding.DecodeString(shot.Data)
	require.NoError(b.t, err)
	require.NoError(b.t, os.MkdirAll(dir, 0o755))
	name := strings.Trim(strings.NewReplacer("/", "-", " ", "-").Replace(state), "-")
	require.NoError(b.t, os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o600))
}
