package fhirpath

// equalCollections is the operator = between two collections that are not
// empty: item by item, in order.
func equalCollections(a, b Collection) truth {
	if len(a) != len(b) {
		return isFalse
	}
	result := isTrue
	for i := range a {
		switch equal(&a[i], &b[i]) {
		case isFalse:
			return isFalse
		case unknown:
			result = unknown
		}
	}
	return result
}

// equivalentCollections is the operator ~ : every item has a partner, in any order.
func equivalentCollections(a, b Collection) bool {
	if len(a) != len(b) {
		return false
	}
	if len(a) == 1 {
		return equivalent(&a[0], &b[0])
	}
	taken := make([]bool, len(b))
next:
	for i := range a {
		for j := range b {
			if !taken[j] && equivalent(&a[i], &b[j]) {
				taken[j] = true
				continue next
			}
		}
		return false
	}
	return true
}

// contains reports whether a collection has an item equal to the given one.
func (c Collection) contains(it *Item) bool {
	for i := range c {
		if equal(&c[i], it) == isTrue {
			return true
		}
	}
	return false
}
