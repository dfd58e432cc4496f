package search

import "bytes"

// SortWithin returns the ranges of [SortRanges] in which the resources stand that
// meet the clauses of a query; limited is false where no clause says so, and
// resources without a value may meet them too. Of a [Single] parameter these
// are the ranges of its clauses. A resource with several values is sorted by
// the first of them, which is no later than the one that meets the clause: so
// the end of the ranges holds, their beginning does not.
func SortWithin(resourceType string, by Sort, clauses []Clause) (ranges []Range, limited bool) {
	ranges = SortRanges(resourceType, by)
	if by.Param == ID {
		return ranges, false
	}
	for i := range clauses {
		c := &clauses[i]
		if !c.plain() || c.Param != by.Param {
			continue
		}
		limited = true
		if !Single(resourceType, by.Param) {
			ranges = trimmed(ranges, c.Ranges, by.Descending, classed(resourceType, by))
		} else if within, ok := intersection(ranges, c.Ranges); ok {
			ranges = within
		}
	}
	return ranges, limited
}

// classed reports whether the first byte of the keys is not part of their order.
func classed(resourceType string, by Sort) bool {
	switch sortKind(resourceType, by) {
	case "date", "number", "quantity":
		return true
	}
	return false
}

// trimmed leaves of ranges what is not behind the last key that others hold, in
// the direction of the order.
func trimmed(ranges, to []Range, descending, classed bool) (out []Range) {
	low, high := ends(to, classed)
	for _, r := range ranges {
		var class []byte
		if classed {
			class = r.Lo[:1]
		}
		if end := append(bytes.Clone(class), low...); descending && bytes.Compare(end, r.Lo) > 0 {
			r.Lo = end
		}
		if end := append(bytes.Clone(class), high...); !descending && high != nil && bytes.Compare(end, r.Hi) < 0 {
			r.Hi = end
		}
		if bytes.Compare(r.Lo, r.Hi) < 0 {
			out = append(out, r)
		}
	}
	return out
}

// ends are the least beginning and the greatest end of ranges, without their
// class; high is nil where one is open. Without ranges nothing is between them.
func ends(ranges []Range, classed bool) (low, high []byte) {
	open := false
	for i, r := range ranges {
		lo, hi := r.Lo, r.Hi
		if r.Exact {
			hi = after(lo) // behind what a store puts behind the key
		}
		if classed {
			if len(lo) == 0 || len(hi) == 0 || lo[0] != hi[0] {
				open, hi = true, nil
			} else {
				hi = hi[1:]
			}
			lo = lo[min(1, len(lo)):]
		}
		if i == 0 || bytes.Compare(lo, low) < 0 {
			low = lo
		}
		if bytes.Compare(hi, high) > 0 {
			high = hi
		}
	}
	if open {
		high = nil
	}
	return low, high
}
