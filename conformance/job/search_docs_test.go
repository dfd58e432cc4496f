package job

import (
	"io/fs"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/docs"
)

// TestSearchesOfTheDocumentation asks what docs/search.md shows.
func TestSearchesOfTheDocumentation(t *testing.T) {
	text, err := fs.ReadFile(docs.Files, "search.md")
	require.NoError(t, err)
	s := start(t, t.TempDir())
	asked := 0
	for _, block := range regexp.MustCompile("(?s)```http\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			method, path, _ := strings.Cut(strings.TrimSpace(line), " ")
			_, err := s.ok(http.StatusOK, method, strings.TrimPrefix(path, "/fhir"), nil)
			require.NoError(t, err)
			asked++
		}
	}
	require.Greater(t, asked, 5)
}
