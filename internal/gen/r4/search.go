package main

import "slices"

// addSearches keeps the search parameters that a server can answer: those with
// an expression, and the special ones whose meaning is in the specification.
func (m *model) addSearches(p *pkg) {
	for _, s := range p.searches {
		special := s.Type == "special" || s.Code == "_text" || s.Code == "_content"
		if len(s.Base) > 0 && (s.Expression != "" || special) {
			slices.Sort(s.Base)
			m.searches = append(m.searches, s)
		}
	}
}
