package invoicing

import (
	"maps"
	"slices"
)

// sortedBy are the values of a map in the order of their keys: what is written
// from it is the same each time.
func sortedBy[V any](m map[string]V) (list []V) {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		list = append(list, m[k])
	}
	return list
}
