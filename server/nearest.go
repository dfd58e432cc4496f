package server

import "strings"

// nearest finds the name that a word was most likely meant to be: at most two
// letters off (a third of a short word), whatever the case. "" if none is near.
func nearest(word string, names []string) string {
	best, found := min(2, len(word)/3)+1, ""
	word = strings.ToLower(word)
	for _, name := range names {
		if d := distance(word, strings.ToLower(name), best); d < best {
			best, found = d, name
		}
	}
	return found
}

// distance counts the letters to insert, drop or change to get from a to b, up
// to limit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
