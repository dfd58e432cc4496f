package search

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir/spelling"
)

// nearest asks whether the known word was meant that is nearest to a misspelt
// one; "" when none is near.
func nearest(word string, known []string) string {
	if near := spelling.One(word, known); near != "" {
		return "Did you mean " + near + "?"
	}
	return ""
}

// listed joins names for a message, cut short where there are very many.
func listed(names []string) string {
	const most = 80
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}
