package policy

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// Print writes the whole table as text, inherited lines included: for each role
// what it sees, its operations, and its types by the letters that it has on them.
func (t *Table) Print(w io.Writer) error {
	t = t.now()
	for i, name := range t.names {
		if i > 0 {
			if _, err := fmt.Fprintln(w); err != nil {
				return err
			}
		}
		if err := t.roles[name].print(w, name); err != nil {
			return err
		}
	}
	return nil
}

func (r *role) print(to io.Writer, name string) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	if _, err := fmt.Fprintf(w, "%s (sees %s)\n", name, r.sees); err != nil {
		return err
	}
	byLetters := map[string][]string{}
	for typ, letters := range r.types {
		byLetters[letters] = append(byLetters[letters], typ)
	}
	for _, letters := range slices.Sorted(maps.Keys(byLetters)) {
		types := byLetters[letters]
		slices.Sort(types)
		for i, line := range wrap(types, 80) {
			head := letters
			if i > 0 {
				head = ""
			}
			if _, err := fmt.Fprintf(w, "  %s\t%s\n", head, line); err != nil {
				return err
			}
		}
	}
	for _, op := range slices.Sorted(maps.Keys(r.operations)) {
		events := slices.Sorted(slices.Values(r.operations[op]))
		if slices.Contains(events, anyEvent) {
			events = nil
		}
		if _, err := fmt.Fprintf(w, "  x\t%s\n", strings.TrimSpace(op+" "+strings.Join(events, " "))); err != nil {
			return err
		}
	}
	return w.Flush()
}

// wrap joins words to lines of at most a width, in characters.
func wrap(words []string, width int) (lines []string) {
	for _, word := range words {
		if n := len(lines) - 1; n >= 0 && len(lines[n])+1+len(word) <= width {
			lines[n] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}
