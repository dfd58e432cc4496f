package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/docs"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

// TestExtendingNamesWhatIsThere looks for every file and folder that the page on
// extending names, and wants each kind of extension to name one.
func TestExtendingNamesWhatIsThere(t *testing.T) {
	text, err := fs.ReadFile(docs.Files, "extending.md")
	require.NoError(t, err)
	path := regexp.MustCompile("`((?:cmd|conformance|docs|fhir|internal|pharmacy|profiles|server|store|trust)(?:/[\\w.-]+)*)`")
	named := map[string]int{}
	for _, section := range strings.Split(string(text), "\n## ")[1:] {
		title, body, _ := strings.Cut(section, "\n")
		for _, m := range path.FindAllStringSubmatch(body, -1) {
			named[title]++
			_, err := os.Stat(filepath.Join(oracle.Root(t), m[1]))
			require.NoError(t, err, "%s names what is not there", title)
		}
		require.NotZero(t, named[title], "%s names no file", title)
	}
	for _, kind := range []string{"A search modifier", "An operation", "A rule", "A fee", "A profile", "A sign-in method", "A command"} {
		require.Contains(t, named, kind)
	}
}
