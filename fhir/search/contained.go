package search

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// What a contained resource holds is indexed under the parameter that refers to
// it: "medication:Medication.code" is the code of a contained Medication to
// which medication leads. A chain is evaluated there too, as R4 asks:
// https://hl7.org/fhir/R4/search.html#contained

// Bounds of what contained resources add to the entries of one resource: they
// may refer to one another in rings, and one may be referred to many times.
const (
	maxDepth     = 4
	maxContained = 100_000 // entries
)

// visit is a contained resource to be indexed under a prefix.
type visit struct {
	prefix   string
	resource fhir.Node
	depth    int
	parent   int // place in the queue of the one that refers to it, -1 for none
	from, to int // its entries
}

// Inside is what the parameters of contained resources of a type begin with, to
// which a parameter refers.
func Inside(param, typ string) string { return param + ":" + typ + "." }

// contained notes that a parameter refers to a contained resource, which is
// indexed when the one that refers to it is done.
func (s *sink) contained(param string, r *fhir.Resource, id string) {
	if id == "" || param == "" || s.at.depth == maxDepth {
		return
	}
	if c := r.Root().Contained(id); c.Exists() {
		s.queue = append(s.queue, visit{prefix: Inside(s.at.prefix+param, c.Get("resourceType").Text()), resource: c, depth: s.at.depth + 1, parent: s.place})
	}
}

// visits indexes the contained resources that were referred to, and those that
// they refer to.
func (s *sink) visits() {
	if len(s.queue) == 0 {
		return
	}
	seen := map[string]bool{}
	for i := 0; i < len(s.queue) && !s.flooded(); i++ {
		v := &s.queue[i]
		key := v.prefix + v.resource.Get("id").Text()
		p := programFor(v.resource.Get("resourceType").Text())
		if p == nil || seen[key] {
			continue
		}
		seen[key] = true
		s.at, s.place = *v, i
		from := len(s.entries)
		s.entries = append(s.entries, Entry{Param: v.prefix + Every, Key: EveryKey})
		p.run(s, v.resource)
		v = &s.queue[i] // the queue may have grown
		v.from, v.to = from, len(s.entries)
		s.within += v.to - v.from
	}
	s.at, s.place = visit{}, -1
}

func (s *sink) flooded() bool { return s.joined > maxJoined || s.within > maxContained }

// Contained returns the entries of each contained resource of a type to which a
// parameter of a resource refers, with what that resource contains in turn.
func Contained(r *fhir.Resource, param, typ string) [][]Entry {
	s := sink{place: -1}
	if IsCustom(param) {
		programOf(r.Type(), param).run(&s, r.Root())
	} else {
		programFor(r.Type()).run(&s, r.Root())
	}
	s.visits()
	prefix := Inside(param, typ)
	var out [][]Entry
	groups := map[int]int{} // place in out, by place in the queue
	for i := range s.queue {
		v := &s.queue[i]
		at, below := groups[v.parent]
		switch {
		case v.prefix == prefix:
			at = len(out)
			out = append(out, nil)
		case !below || v.parent < 0:
			continue
		}
		groups[i] = at
		for _, e := range s.entries[v.from:v.to] {
			out[at] = append(out[at], Entry{Param: strings.TrimPrefix(e.Param, prefix), Key: e.Key})
		}
	}
	return out
}

// Within is the clause as it is asked of the resource that contains those of a
// type to which its parameter refers. ok is false for what no contained
// resource can meet: it has no address, and nothing outside refers to it.
func (c *Clause) Within(param, typ string) (within Clause, ok bool) {
	if c.Param == ID || len(c.Has) > 0 {
		return Clause{}, false
	}
	within = *c
	within.Param = Inside(param, typ) + c.Param
	return within, true
}

// Negative reports whether a clause, or one that it leads to, asks for what a
// resource has not. Of a contained resource that cannot be told from the
// entries of the one that contains it.
func (c *Clause) Negative() bool {
	return c.Not || slices.ContainsFunc(c.Chain, func(chain Chain) bool { return chain.Clause.Negative() })
}

// owner is the type and the code of a parameter, which may be one of a
// contained resource.
func owner(typ, param string) (string, string) {
	i := strings.LastIndexByte(param, '.')
	if i < 0 {
		return typ, param
	}
	head := param[:i]
	return head[strings.LastIndexByte(head, ':')+1:], param[i+1:]
}
