package pharmacy

import (
	"fmt"
	"slices"
	"strings"
)

// CheckAcyclic proves that no write of a follower can come back to it by way
// of the others: the graph from what a follower consumes to what it produces
// has no cycle. The error names the way round.
func CheckAcyclic(followers []Follower) error {
	next := map[string][]string{}
	for _, f := range followers {
		for _, from := range f.Consumes() {
			next[from] = append(next[from], f.Produces()...)
		}
	}
	done := map[string]bool{}
	var visit func(typ string, way []string) error
	visit = func(typ string, way []string) error {
		if i := slices.Index(way, typ); i >= 0 {
			return fmt.Errorf("pharmacy: followers feed each other without end: %s", strings.Join(append(way[i:], typ), " -> "))
		}
		if done[typ] {
			return nil
		}
		for _, to := range next[typ] {
			if err := visit(to, append(slices.Clone(way), typ)); err != nil {
				return err
			}
		}
		done[typ] = true
		return nil
	}
	for _, f := range followers {
		for _, typ := range f.Consumes() {
			if err := visit(typ, nil); err != nil {
				return err
			}
		}
	}
	return nil
}
