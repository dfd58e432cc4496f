package profiles

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// bundle is the index of a Bundle by fullUrl, by which references within it
// are resolved (R4, Bundle, Resolving references in Bundles).
type bundle struct {
	node    fhir.Node
	entries []entry
	byURL   map[string][]int
	byKey   map[string]int // Type/id of the resource, the first that has it
	byNode  map[int]int    // index of the resource's node
}

type entry struct {
	node, resource fhir.Node
	url            string // fullUrl
	base           string // of a RESTful fullUrl: what stands before /Type/id
	key            string // Type/id of the resource
}

// bundleAround gives the innermost Bundle that the current resource stands in,
// and the place of its entry; nil when it stands in none.
func (w *walk) bundleAround() (b *bundle, at int) {
	for s := w.scope; s != nil && s.outer != nil; s = s.outer {
		if s.outer.typ.Name != "Bundle" {
			continue
		}
		b := w.indexOf(s.outer)
		if i, ok := b.byNode[s.node.Index()]; ok {
			return b, i
		}
		return b, -1
	}
	return nil, -1
}

func (w *walk) indexOf(s *scope) *bundle {
	if s.bundle != nil {
		return s.bundle
	}
	b := &bundle{node: s.node, byURL: map[string][]int{}, byKey: map[string]int{}, byNode: map[int]int{}}
	for e := range s.node.Get("entry").Items() {
		x := entry{node: e, resource: e.Get("resource"), url: e.Get("fullUrl").Text()}
		if id := x.resource.Get("id").Text(); id != "" {
			x.key = x.resource.Get("resourceType").Text() + "/" + id
		}
		if l := readLiteral(x.url); l.absolute && l.typ != "" {
			x.base = l.base
		}
		i := len(b.entries)
		b.byNode[x.resource.Index()] = i
		if x.url != "" {
			b.byURL[x.url] = append(b.byURL[x.url], i)
		}
		if _, there := b.byKey[x.key]; x.key != "" && !there {
			b.byKey[x.key] = i
		}
		b.entries = append(b.entries, x)
	}
	s.bundle = b
	return b
}

// find gives the entries that a reference in the entry at a place names. What
// an absolute reference names is compared with fullUrl as it is, a relative
// one after the base of the fullUrl that it stands under; under a urn:uuid: by
// that and its id.
func (b *bundle) find(l literal, at int) []int {
	url := l.text
	if rest, _, ok := strings.Cut(url, "#"); ok && l.fragment == "" {
		url = rest
	}
	url = strings.TrimSuffix(url, "/_history/"+l.version)
	if !l.absolute {
		if l.typ == "" || l.id == "" || at < 0 {
			return nil
		}
		if b.entries[at].base == "" {
			return b.byURL["urn:uuid:"+l.id]
		}
		url = b.entries[at].base + "/" + l.typ + "/" + l.id
	}
	hits := b.byURL[url]
	if l.version == "" {
		return hits
	}
	var of []int
	for _, i := range hits {
		if b.entries[i].resource.Path("meta", "versionId").Text() == l.version {
			of = append(of, i)
		}
	}
	return of
}

// bundleRules are the rules on a Bundle that are no invariants.
func bundleRules(w *walk, n fhir.Node, _ *r4.Type) {
	b := w.indexOf(w.scope)
	typ := n.Get("type").Text()
	for i := range b.entries {
		w.fullURL(&b.entries[i])
	}
	switch typ {
	case "document":
		w.document(b)
	case "message":
		w.message(b)
	case "transaction", "batch":
		for i := range b.entries {
			w.request(&b.entries[i])
		}
	}
}

// fullURL holds a fullUrl to be absolute, and to end in the type and id of the
// resource where it has the form of a server's address.
func (w *walk) fullURL(e *entry) {
	if e.url == "" {
		return
	}
	place := e.node.Get("fullUrl")
	if !isAbsolute(e.url) {
		w.addAt(e.node, place, fhir.Issue{Code: fhir.Invalid, Rule: "full-url", Message: "The fullUrl of an entry is absolute.",
			Expected: "an absolute URL, or urn:uuid: and a UUID", Found: short(e.url)})
		return
	}
	versioned := strings.Contains(e.url, "/_history/") // bdl-8 speaks of it
	if e.base == "" || e.key == "" || versioned || !strings.HasPrefix(e.url, "http") || strings.HasSuffix(e.url, "/"+e.key) {
		return
	}
	w.addAt(e.node, place, fhir.Issue{Code: fhir.Invalid, Rule: "full-url", Message: "The fullUrl is the address of another resource than the one in the entry.",
		Expected: "a URL that ends in /" + e.key, Found: short(e.url)})
}
