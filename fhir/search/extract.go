package search

import (
	"context"
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// Extract gives every entry of a resource: all its values under all search
// parameters of its type, each entry once, ordered by parameter and key. The
// result depends on the content alone: id, meta.versionId and
// meta.lastUpdated play no part in it, nor do the names of the server: which
// absolute references are its own is decided by each search. References to
// other entries of a transaction must have been resolved before.
//
// A resource of an unknown type is an error, and so is one whose composite
// values have too many combinations; values that are malformed are
// passed over, since finding them is the validator's part.
func Extract(ctx context.Context, r *fhir.Resource) ([]Entry, error) {
	p := programFor(r.Type())
	if p == nil {
		return nil, fhir.E("extract", fhir.Structure, fhir.Issue{
			Expression: "resourceType", Message: "Only resources of an R4 type can be indexed.",
			Expected: "the name of an R4 resource type", Found: quoteFound(r.Type()),
		})
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := sink{entries: make([]Entry, 0, 32), buf: make([]byte, 0, 1024), place: -1}
	p.run(&s, r.Root())
	s.visits()
	switch {
	case s.joined > maxJoined:
		return nil, fhir.E("extract", fhir.TooCostly, fhir.Issue{
			Expression: r.Type(), Message: "The resource has too many combinations of codes and values for the index.",
			Expected: fmt.Sprintf("at most %d, all composite search parameters together", maxJoined), Found: "more",
		})
	case s.within > maxContained:
		return nil, fhir.E("extract", fhir.TooCostly, fhir.Issue{
			Expression: r.Type() + ".contained", Message: "The contained resources have too many values for the index.",
			Expected: fmt.Sprintf("at most %d, each as often as it is referred to", maxContained), Found: "more",
			Fix: "Send them as resources of their own.",
		})
	}
	return s.sorted(), nil
}

// quoteFound shows a value in an issue, shortened where it is long.
func quoteFound(s string) string {
	if s == "" {
		return "nothing"
	}
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "…"
	}
	return `"` + s + `"`
}
