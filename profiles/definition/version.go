package definition

import (
	"strconv"
	"strings"
)

// CompareVersions orders business versions: numbers between dots by their value, all else
// as text.
func CompareVersions(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(x), len(y)) {
		if x[i] == y[i] {
			continue
		}
		n, err := strconv.Atoi(x[i])
		m, wrong := strconv.Atoi(y[i])
		if err == nil && wrong == nil && n != m {
			return n - m
		}
		return strings.Compare(x[i], y[i])
	}
	return len(x) - len(y)
}
