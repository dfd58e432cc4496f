// Package sorting sorts as package slices does, by a function that compares. A type of
// element costs the binary three short methods, where slices.SortFunc and
// slices.SortStableFunc are compiled anew for each, some 9 KB of code
// (docs/adr/performance.md). It takes longer than they do, so what every request sorts is
// sorted by package slices.
package sorting

import "sort"

// By sorts a slice in place, in the order of cmp as slices.SortFunc has it: equal
// elements may change places.
func By[S ~[]E, E any](s S, cmp func(a, b E) int) { sort.Sort(sorter[E]{s, cmp}) }

// Stably sorts a slice in place, in the order of cmp as slices.SortStableFunc has it:
// equal elements stay in theirs.
func Stably[S ~[]E, E any](s S, cmp func(a, b E) int) { sort.Stable(sorter[E]{s, cmp}) }

type sorter[E any] struct {
	list []E
	cmp  func(a, b E) int
}

func (s sorter[E]) Len() int           { return len(s.list) }
func (s sorter[E]) Less(i, j int) bool { return s.cmp(s.list[i], s.list[j]) < 0 }
func (s sorter[E]) Swap(i, j int)      { s.list[i], s.list[j] = s.list[j], s.list[i] }
