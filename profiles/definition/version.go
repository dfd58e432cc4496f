package definition

import (
	"cmp"
	"math"
	"strconv"
	"strings"
)

// CompareVersions orders business versions by what is between their dots: by the number
// that a part begins with, then as text. A part without a number is after those with one.
func CompareVersions(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return cmp.Or(cmp.Compare(leading(x[i]), leading(y[i])), strings.Compare(x[i], y[i]))
		}
	}
	return len(x) - len(y)
}

// leading is the number that a part of a version begins with.
func leading(part string) float64 {
	end := strings.IndexFunc(part+".", func(r rune) bool { return r < '0' || r > '9' })
	switch n, err := strconv.ParseFloat(part[:end], 64); {
	case part == "":
		return -1
	case err != nil:
		return math.Inf(1)
	default:
		return n
	}
}
