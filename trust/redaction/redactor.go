package redaction

import (
	"slices"
	"strings"
	"sync"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// Redactor is what is hidden from one principal. It is made for one request and is
// safe for concurrent use.
type Redactor struct {
	table  *Table
	roles  []string
	grants Grants
	digits int
	opened map[string]string // patients whose resources are shown whole, and for what purpose; see [Redactor.Open]
	notice string
	own    search.Own

	mu    sync.Mutex
	known map[string]map[string]sight
}

// sights are what is shown of a type, by element.
func (r *Redactor) sights(typ string) map[string]sight {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s, ok := r.known[typ]; ok {
		return s
	}
	out := map[string]sight{}
	for _, name := range r.roles {
		role := r.table.roles[name]
		if role == nil && r.grants(name, typ) {
			out[every] = sight{how: show}
		}
		if role == nil || !r.grants(name, typ) {
			continue
		}
		for element, s := range role.types[typ] {
			out[element] = out[element].with(s)
		}
	}
	if r.known == nil {
		r.known = map[string]map[string]sight{}
	}
	r.known[typ] = out
	return out
}

// besides are what is shown of a resource besides what is shown of its type, by its codes.
func (r *Redactor) besides(n fhir.Node, typ string) map[string]sight {
	out := map[string]sight{}
	for _, name := range r.roles {
		role := r.table.roles[name]
		if role == nil || !r.grants(name, typ) {
			continue
		}
		for _, c := range role.coded {
			if c.typ != typ || !c.holds(n) {
				continue
			}
			for element, s := range c.shown {
				out[element] = out[element].with(s)
			}
		}
	}
	return out
}

// holds reports whether a resource has the code.
func (c *codedSight) holds(n fhir.Node) bool {
	concepts := n.Get(c.element)
	for concept := range concepts.Items() {
		if c.in(concept) {
			return true
		}
	}
	return concepts.Kind() == fhir.Object && c.in(concepts)
}

func (c *codedSight) in(concept fhir.Node) bool {
	for coding := range concept.Get("coding").Items() {
		if coding.Get("system").Text() == c.system && coding.Get("code").Text() == c.code {
			return true
		}
	}
	return false
}

// whole reports whether all of a type is shown. What carries other resources or
// tells what became of a request is judged by what it holds.
func (r *Redactor) whole(typ string) bool { return r.sights(typ)[every].how == show }

// sight is how a member of a resource is shown, by its name in JSON.
func (r *Redactor) sight(typ *r4.Type, member string) (sight, *r4.Property) {
	p := typ.Property(member)
	if p == nil {
		return sight{}, nil
	}
	return r.sights(typ.Name)[p.Element.Name], p
}

// Answer is a resource as the principal is shown it: a Bundle or Parameters with
// what they hold. The error says that the text is not a resource.
func (r *Redactor) Answer(text []byte) ([]byte, error) {
	resource, err := fhir.Parse(text)
	if err != nil {
		return nil, err
	}
	return bytesOf(r.shown(resource.Root())), nil
}

// Open has the resources of some patients shown whole, of the types that the roles read:
// purpose is by their logical ids, notice says which they are and until when, and own
// which absolute references are to the server. Searches are refused by what is hidden as
// before.
func (r *Redactor) Open(purpose map[string]string, notice string, own search.Own) {
	r.opened, r.notice, r.own = purpose, notice, own
}

// Notice says what is open, "" where nothing is.
func (r *Redactor) Notice() string { return r.notice }

// opens reports whether a resource is of patients alone whose resources are shown whole,
// and of a type that the roles read.
func (r *Redactor) opens(n fhir.Node) bool {
	if len(r.opened) == 0 || len(r.sights(n.Get("resourceType").Text())) == 0 {
		return false
	}
	of := search.Patients(n, r.own)
	return len(of) > 0 && !slices.ContainsFunc(of, func(id string) bool { return r.opened[id] == "" })
}

// Opened is the purpose for which something of some patients was shown whole; "" where
// it was not.
func (r *Redactor) Opened(patients []string) string {
	for _, id := range patients {
		if purpose := r.opened[id]; purpose != "" {
			return purpose
		}
	}
	return ""
}

// bytesOf is the JSON of what [fhir.Obj] takes.
func bytesOf(v any) []byte {
	list := fhir.List(v).JSON()
	return list[1 : len(list)-1]
}

// shown is a resource as [fhir.Obj] takes it.
func (r *Redactor) shown(n fhir.Node) any {
	switch typ := n.Get("resourceType").Text(); {
	case typ == "Bundle", typ == "Parameters":
		return r.holding(n, typ == "Parameters")
	case typ == "OperationOutcome":
		return r.outcome(n)
	case r.whole(typ), r.opens(n):
		return n
	default:
		return r.part(n, r4.TypeOf(typ))
	}
}

// figures are the values of Parameters that tell of nobody.
var figures = []string{"valueBoolean", "valueInteger", "valueDecimal", "valuePositiveInt", "valueUnsignedInt", "valueInstant"}

// addresses are the members of a Bundle that tell where a resource is.
var addresses = []string{"fullUrl", "location"}

// holding is what holds resources, with them as they are shown. Of the values of
// Parameters figures are left: no table says what they are of.
func (r *Redactor) holding(n fhir.Node, values bool) any {
	switch n.Kind() {
	case fhir.Array:
		var items []any
		for item := range n.Items() {
			items = append(items, r.holding(item, values))
		}
		return fhir.List(items...)
	case fhir.Object:
		var members []any
		hides := false
		for m := range n.Members() {
			name := strings.TrimPrefix(m.Name(), "_")
			switch {
			case values && (name == "extension" || strings.HasPrefix(name, "value") && !slices.Contains(figures, m.Name())):
				hides = true
			case m.Kind() == fhir.Object && m.Get("resourceType").Exists():
				members = append(members, m.Name(), r.shown(m))
			case m.Kind() == fhir.Object || m.Kind() == fhir.Array:
				members = append(members, m.Name(), r.holding(m, values))
			case !values && (slices.Contains(addresses, m.Name()) || m.Name() == "url" && n.Name() == "request"):
				members = append(members, m.Name(), r.unnumbered(m))
			default:
				members = append(members, m.Name(), m)
			}
		}
		if hides {
			members = append(members, "extension", masked())
		}
		return fhir.Obj(members...)
	}
	return n
}

// outcome is an OperationOutcome whose issues do not tell of what is hidden: they
// may quote it.
func (r *Redactor) outcome(n fhir.Node) any {
	var members []any
	for m := range n.Members() {
		if m.Name() != "issue" {
			members = append(members, m.Name(), m)
			continue
		}
		var issues []any
		for issue := range m.Items() {
			if r.tells(issue) {
				issues = append(issues, fhir.Obj("severity", issue.Get("severity"), "code", issue.Get("code"), "diagnostics", "It is about an element that the caller's role is not shown.", "expression", issue.Get("expression")))
				continue
			}
			issues = append(issues, issue)
		}
		members = append(members, "issue", fhir.List(issues...))
	}
	return fhir.Obj(members...)
}

// tells reports whether an issue is about an element that is not shown as it is.
func (r *Redactor) tells(issue fhir.Node) bool {
	for e := range issue.Get("expression").Items() {
		typ, rest, _ := strings.Cut(e.Text(), ".")
		if typ == "Parameters" && slices.Contains(ofForm, fhir.Code(issue.Get("code").Text())) {
			continue // what the caller sent, and nothing of what is stored
		}
		element := rest[:len(rest)-len(strings.TrimLeft(rest, letters))]
		if t := r4.TypeOf(typ); t != nil && r4.IsResource(typ) && rest != "" && !r.whole(typ) {
			if s, _ := r.sight(t, element); s.how != show && r.sights(typ)[element].how != show {
				return true
			}
		}
	}
	return false
}

// ofForm are the codes of issues about the form of what was sent.
var ofForm = []fhir.Code{fhir.Invalid, fhir.Structure, fhir.Required, fhir.ValueCode, fhir.NotSupported, fhir.Invariant}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
