package search

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// parsePresence reads an expression of the form "X.exists() and X != false",
// the one of R4 that is a truth and no path: Patient.deceased.
func parsePresence(expression string) (subject path, ok bool) {
	left, right, ok := strings.Cut(expression, ".exists() and ")
	if !ok || right != left+" != false" {
		return path{}, false
	}
	return parsePath(left)
}

// presence indexes true where the path finds a value other than false, and
// false for all other resources.
func presence(typ *r4.Type, subject path) writer {
	var t trie
	n := namesOf("")
	pl := &planter{names: &n, make: func(string) writer { return writePresent }}
	pl.plant(&t, typ, subject.steps)
	return func(s *sink, p *names, resource fhir.Node) {
		var found sink
		t.walk(&found, resource)
		truth := "false"
		if len(found.entries) > 0 {
			truth = "true"
		}
		s.code(p.code, implicit, "", truth)
	}
}

func writePresent(s *sink, p *names, n fhir.Node) {
	if n.Kind() != fhir.False {
		s.entries = append(s.entries, Entry{})
	}
}
