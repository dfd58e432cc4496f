package profiles

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// document holds a document to be complete: what its Composition refers to is
// there, and nothing is there that no link leads to.
func (w *walk) document(b *bundle) {
	if len(b.entries) == 0 || b.entries[0].resource.Get("resourceType").Text() != "Composition" {
		return
	}
	for r := range references(b.entries[0].resource) {
		if way := trail(r); !passes(way, "relatesTo") && !passes(way, "extension") {
			w.mustBeThere(b, 0, r, "document")
		}
	}
	w.orphans(b, fhir.Err, "Composition")
}

// message holds the focus of a message to be there.
func (w *walk) message(b *bundle) {
	if len(b.entries) == 0 || b.entries[0].resource.Get("resourceType").Text() != "MessageHeader" {
		return
	}
	for f := range b.entries[0].resource.Get("focus").Items() {
		w.mustBeThere(b, 0, f, "message")
	}
	w.orphans(b, fhir.Warning, "MessageHeader")
}

// references walks the elements of a resource that have a literal reference.
func references(resource fhir.Node) func(func(fhir.Node) bool) {
	return func(yield func(fhir.Node) bool) {
		if !resource.Exists() {
			return
		}
		r := resource.Resource()
		for i, end := resource.Index(), lastIndex(resource); i <= end; i++ {
			n := r.Node(i)
			if n.Name() == "reference" && n.Kind() == fhir.String && n.Parent().Kind() == fhir.Object && !yield(n.Parent()) {
				return
			}
		}
	}
}

func passes(way []stop, name string) bool {
	for _, s := range way {
		if s.name == name {
			return true
		}
	}
	return false
}

// mustBeThere asks that a reference finds its target in the Bundle.
func (w *walk) mustBeThere(b *bundle, at int, reference fhir.Node, what string) {
	text := reference.Get("reference").Text()
	l := readLiteral(text)
	if text == "" || text[0] == '#' || len(b.find(l, at)) > 0 {
		return
	}
	i := fhir.Issue{Code: fhir.NotFound, Rule: "bundle-reference", Message: "The " + what + " lacks the resource that is referred to.",
		Expected: "an entry with a matching fullUrl", Found: short(text)}
	if there, ok := b.byKey[l.typ+"/"+l.id]; ok {
		i.Fix = "Write " + quoteShort(b.entries[there].url) + ": the resource is there under this fullUrl, and " + quoteShort(text) + " does not lead to it."
	}
	w.add(reference, i)
}

// orphans reports entries that no chain of references, followed either way,
// connects with the first one.
func (w *walk) orphans(b *bundle, severity fhir.Severity, first string) {
	into := make([]int, len(b.entries)) // an entry that the entry is connected with, in the end one for all of these
	for i := range into {
		into[i] = i
	}
	group := func(i int) int {
		for into[i] != i {
			into[i] = into[into[i]]
			i = into[i]
		}
		return i
	}
	for i := range b.entries {
		for r := range references(b.entries[i].resource) {
			for _, to := range b.find(readLiteral(r.Get("reference").Text()), i) {
				if !w.goesOn() {
					return
				}
				into[group(i)] = group(to)
			}
		}
	}
	for i := range b.entries {
		if group(i) != group(0) && b.entries[i].resource.Exists() {
			w.add(b.entries[i].node, fhir.Issue{Severity: severity, Code: fhir.Informational, Rule: "bundle-orphan",
				Message: "No reference leads from the " + first + " to this entry or back.", Found: short(b.entries[i].url), Fix: "Refer to it, or leave it out."})
		}
	}
}

// referenceInBundle looks up a reference of an entry among the entries: it
// finds one at most, and of the type that the reference states.
func referenceInBundle(w *walk, n fhir.Node, _ *r4.Type) {
	b, at := w.bundleAround()
	text := n.Get("reference").Text()
	if b == nil || text == "" || text[0] == '#' || b.node.Get("type").Text() == "history" {
		return
	}
	l := readLiteral(text)
	hits := b.find(l, at)
	switch {
	case !l.absolute && l.typ == "" && at >= 0 && b.entries[at].base != "" && !strings.ContainsAny(text, "/? "):
		w.add(n, fhir.Issue{Code: fhir.ValueCode, Rule: "bundle-reference", Message: "A relative reference in a Bundle is read after the server of its entry's fullUrl.",
			Expected: "Type/id", Found: short(text)})
	case len(hits) == 0 && strings.HasPrefix(text, "urn:"):
		w.add(n, fhir.Issue{Severity: fhir.Warning, Code: fhir.NotFound, Rule: "bundle-reference", Message: "No entry has the fullUrl that is referred to, and nothing else can resolve a URN.",
			Expected: "an entry with this fullUrl", Found: short(text)})
	case len(hits) > 1:
		w.add(n, fhir.Issue{Code: fhir.MultipleMatches, Rule: "bundle-reference", Message: "More than one entry matches the reference.",
			Expected: "one entry with this fullUrl", Found: short(text), Fix: "Give each entry its own fullUrl, or refer to a version."})
	case len(hits) == 1 && l.typ != "":
		if actual := b.entries[hits[0]].resource.Get("resourceType").Text(); actual != l.typ {
			w.add(n, fhir.Issue{Code: fhir.Required, Rule: "bundle-reference", Message: "The entry that matches the reference is of another type.",
				Expected: l.typ, Found: short(actual)})
		}
	}
}
