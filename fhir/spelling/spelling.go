// Package spelling finds the name that a misspelt word was most likely meant
// to be, for the messages of everything that reads names.
package spelling

import (
	"slices"
	"strings"
)

// longest bounds the words that are compared.
const longest = 128

// Nearest gives at most n of the names, those that a word most resembles first;
// none where nothing is near. Case does not count. Up to a third of the word may
// be wrong, one letter of a short word and three of a long one.
func Nearest(word string, names []string, n int) []string {
	type hit struct {
		name     string
		distance int
	}
	tolerance := max(1, min(3, len(word)/3))
	word = strings.ToLower(word)
	var hits []hit
	for _, name := range names {
		if max(len(word)-len(name), len(name)-len(word)) > tolerance {
			continue
		}
		if d := Distance(word, strings.ToLower(name), tolerance); d <= tolerance {
			hits = append(hits, hit{name, d})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return a.distance - b.distance })
	var out []string
	for _, h := range hits[:min(len(hits), n)] {
		out = append(out, h.name)
	}
	return out
}

// One is the nearest name, "" where none is near.
func One(word string, names []string) string { return strings.Join(Nearest(word, names, 1), "") }

// Distance counts the letters to insert, drop or replace, and the neighbours to
// swap, to make b of a: the optimal string alignment distance over bytes. It is
// limit+1 when it is more than limit, which is found out early: most names that
// are compared have little in common.
func Distance(a, b string, limit int) int {
	if max(len(a)-len(b), len(b)-len(a)) > limit || len(a) > longest || len(b) > longest {
		return limit + 1
	}
	a, b = differing(a, b)
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	least, lastLeast := 0, 0 // of the two rows above, from which a row is made
	for i := 1; i <= len(a); i++ {
		if least > limit && lastLeast >= limit {
			return limit + 1
		}
		row[0] = i
		lastLeast, least = least, i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		before, last, row = last, row, before
	}
	return min(last[len(b)], limit+1)
}

// differing cuts off what two words have in common at their ends.
func differing(a, b string) (string, string) {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	a, b = a[n:], b[n:]
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return a, b
}
