package definition

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestCompareVersions: numbers count by their value, and what is longer is later.
func TestCompareVersions(t *testing.T) {
	ordered := []string{"", "1", "1.0", "1.0.0", "1.0.0-draft", "1.0.1", "1.2.0", "1.9", "1.10", "1.x", "1a", "2", "2.0", "2.0.2-b", "2.0.10-a", "10", "2024-09", "2024-10", "http://snomed.info/sct/83821000000107/version/20250101", "http://snomed.info/sct/83821000000107/version/20260101"}
	for i, a := range ordered {
		for k, b := range ordered {
			got := CompareVersions(a, b)
			switch {
			case i < k:
				assert.Negative(t, got, "%s %s", a, b)
			case i > k:
				assert.Positive(t, got, "%s %s", a, b)
			default:
				assert.Zero(t, got)
			}
		}
	}
}
