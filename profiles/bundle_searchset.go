package profiles

import (
	"github.com/pestle-fhir/pestle/fhir"
)

// pageLinks asks of a page that it names itself and each of its neighbours once
// (R4, RESTful API, paging). Other relations may repeat.
func (w *walk) pageLinks(n fhir.Node) {
	met := map[string]bool{}
	for l := item(n.Get("link")); l.Exists(); l = l.Next() {
		relation := l.Get("relation").Text()
		switch relation {
		case "prev": // the name that IANA registers for it
			relation = "previous"
		case "self", "first", "previous", "next", "last":
		default:
			continue
		}
		if met[relation] {
			w.add(l, fhir.Issue{Code: fhir.Invalid, Rule: "bundle-link", Message: "A page has one link " + relation + " at most.",
				Expected: "one link of each of self, first, previous, next and last", Found: "another " + relation, Fix: "Keep the one that is meant."})
		}
		met[relation] = true
	}
}

// searchset holds the result of a search to be one (R4, Bundle, search results):
// it says what was asked, its resources have ids, and what the server has to say
// about the search is marked so.
func (w *walk) searchset(b *bundle) {
	self := false
	for l := item(b.node.Get("link")); l.Exists(); l = l.Next() {
		self = self || l.Get("relation").Text() == "self"
	}
	if !self {
		w.add(b.node, fhir.Issue{Severity: fhir.Warning, Code: fhir.Invalid, Rule: "bundle-search", Message: "The result of a search should say what was searched for.",
			Expected: "a link self with the parameters that were used", Found: "none"})
	}
	for i := range b.entries {
		if b.entries[i].resource.Kind() == fhir.Object {
			w.resultEntry(&b.entries[i])
		}
	}
}

func (w *walk) resultEntry(e *entry) {
	mode := e.node.Path("search", "mode").Text()
	about := e.resource.Get("resourceType").Text() == "OperationOutcome"
	switch {
	case about && mode != "outcome":
		i := fhir.Issue{Code: fhir.Invalid, Rule: "bundle-search", Message: "An OperationOutcome is no result of a search.",
			Expected: "search.mode outcome", Found: firstOf(short(mode), "none")}
		if mode == "" {
			i.Severity = fhir.Warning // it claims nothing
		}
		w.add(e.resource, i)
	case !about && mode == "outcome":
		w.add(e.resource, fhir.Issue{Code: fhir.Invalid, Rule: "bundle-search", Message: "What the server says about a search is an OperationOutcome.",
			Expected: "an OperationOutcome, or search.mode match or include", Found: e.resource.Get("resourceType").Text()})
	case !about && !e.resource.Get("id").Exists():
		w.add(e.resource, fhir.Issue{Code: fhir.Required, Rule: "bundle-search", Message: "A resource that a search found has an id.",
			Expected: "the id under which the server has it", Found: "none"})
	}
}
