package r4

import (
	"slices"
	"sort"
)

// CodeSet is a value set of the specification with all its codes.
type CodeSet struct {
	URL     string
	Systems []SystemCodes // ordered by system
}

// SystemCodes are the codes that a value set takes from one code system.
type SystemCodes struct {
	System string
	Codes  []string // ordered
}

// Codes finds the enumeration of a value set to which an element or extension
// of R4 is bound with strength required. Sets without one (all languages, all
// MIME types, UCUM) and other value sets are not there.
func Codes(valueSet string) (*CodeSet, bool) {
	i := sort.Search(len(codeSetTable), func(i int) bool { return codeSetTable[i].URL >= valueSet })
	if i < len(codeSetTable) && codeSetTable[i].URL == valueSet {
		return &codeSetTable[i], true
	}
	return nil, false
}

// Has reports whether the set has the code in whichever system.
func (c *CodeSet) Has(code string) bool {
	for i := range c.Systems {
		if c.Systems[i].Has(code) {
			return true
		}
	}
	return false
}

// Contains reports whether the set has the code of that system.
func (c *CodeSet) Contains(system, code string) bool {
	for i := range c.Systems {
		if c.Systems[i].System == system {
			return c.Systems[i].Has(code)
		}
	}
	return false
}

// Has reports whether the code is among those of the system.
func (s *SystemCodes) Has(code string) bool {
	_, ok := slices.BinarySearch(s.Codes, code)
	return ok
}
