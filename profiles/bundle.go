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
	for e := item(s.node.Get("entry")); e.Exists(); e = e.Next() {
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
		w.fullURL(b, &b.entries[i], typ)
		w.responseStatus(b.entries[i].node.Path("response", "status"))
	}
	switch typ {
	case "document":
		w.document(b)
	case "message":
		w.message(b)
	case "searchset":
		w.pageLinks(n)
		w.searchset(b)
	case "history":
		w.pageLinks(n)
	case "transaction", "batch":
		for i := range b.entries {
			w.request(&b.entries[i])
		}
	}
}

// responseStatus asks that the status of an answer is one of HTTP
// (R4, Bundle.entry.response.status: it SHALL start with a 3 digit HTTP code).
func (w *walk) responseStatus(n fhir.Node) {
	text := n.Text()
	if n.Kind() != fhir.String || w.blamed(n) {
		return
	}
	code, _, _ := strings.Cut(text, " ")
	if len(code) != 3 || code < "100" || code > "599" || !isDigit(code[1]) || !isDigit(code[2]) {
		w.add(n, fhir.Issue{Code: fhir.ValueCode, Rule: "bundle-response", Message: "The status of an answer begins with a code of HTTP.",
			Expected: "three digits, and what they say if you like, such as 201 Created", Found: short(text)})
	}
}

// fullURL holds a fullUrl to be there, to be absolute, and to end in the type and
// id of the resource where it has the form of a server's address (R4,
// Bundle.entry.fullUrl). What a batch or transaction creates has no address yet.
func (w *walk) fullURL(b *bundle, e *entry, typ string) {
	place := e.node.Get("fullUrl")
	if e.url == "" {
		if e.resource.Kind() == fhir.Object && addressed(typ) && !has(e.node, "fullUrl") {
			w.unaddressed(b, e, typ)
		}
		return
	}
	if !isAbsolute(e.url) {
		w.addAt(e.node, place, fhir.Issue{Code: fhir.Invalid, Rule: "full-url", Message: "The fullUrl of an entry is absolute.",
			Expected: "an absolute URL, or urn:uuid: and a UUID", Found: short(e.url)})
		return
	}
	versioned := strings.Contains(e.url, "/_history/") // bdl-8 speaks of it
	if e.base == "" || versioned || !strings.HasPrefix(e.url, "http") || e.resource.Kind() != fhir.Object || e.key != "" && strings.HasSuffix(e.url, "/"+e.key) {
		return
	}
	i := fhir.Issue{Code: fhir.Invalid, Rule: "full-url", Message: "The fullUrl is the address of another resource than the one in the entry.",
		Expected: "a URL that ends in /" + e.key, Found: short(e.url)}
	if e.key == "" {
		if !addressed(typ) || e.resource.Get("id").Exists() {
			return
		}
		i.Message, i.Expected = "The fullUrl is the address of a resource on a server, but the resource in the entry has no id.", "the id of the fullUrl in the resource"
		i.Fix = "Add the id, or write a fullUrl of urn:uuid: and a UUID."
	}
	w.addAt(e.node, place, i)
}

// unaddressed reports an entry without fullUrl. Of the results of a search R4's
// own examples leave it out, as long as all of them are without.
func (w *walk) unaddressed(b *bundle, e *entry, typ string) {
	i := fhir.Issue{Code: fhir.Required, Rule: "full-url", Message: "An entry with a resource has a fullUrl, by which references find it.",
		Expected: "an absolute URL, or urn:uuid: and a UUID", Found: "none"}
	if typ == "searchset" {
		if e.resource.Get("resourceType").Text() == "OperationOutcome" {
			return // what a server says of a search has no address
		}
		if len(b.byURL) == 0 {
			i.Severity = fhir.Warning
		}
	}
	w.add(e.node, i)
}

// addressed reports whether the entries of a Bundle of that type have an address
// each. Those of a batch or transaction and of its answer need none.
func addressed(typ string) bool {
	switch typ {
	case "batch", "transaction", "batch-response", "transaction-response":
		return false
	}
	return true
}
