package page

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// version is the hash of a file that pages refer to.
var version = regexp.MustCompile(`\?v=[0-9a-f]{8}`)

var update = flag.Bool("update", false, "write the pages into testdata")

// TestPages compares every kind of page with testdata, with all that it may show and
// with as little as it can.
func TestPages(t *testing.T) {
	for kind, html := range kinds {
		for name, full := range map[string]bool{"full": true, "bare": false} {
			got, err := html(func(field string) string { return field }, full)
			require.NoError(t, err)
			got = version.ReplaceAll(got, []byte("?v=0"))
			file := filepath.Join("testdata", kind+"-"+name+".html")
			if *update {
				require.NoError(t, os.WriteFile(file, got, 0o600))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, strings.ReplaceAll(string(want), "\r", ""), string(got), file)
		}
	}
}

// BenchmarkPages writes each kind of page.
func BenchmarkPages(b *testing.B) {
	for kind, html := range kinds {
		b.Run(kind, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := html(same("Jo & Marlow"), true); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
