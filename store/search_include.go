package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// maxIncluded is how many resources one page may bring with it; of their bytes
// it may bring as many as it may hold itself, [maxPage]. It is a variable, so that
// tests can make it small.
var maxIncluded = 10_000

// inclusion gathers what goes with a page: each resource once, and never one
// that is a match.
type inclusion struct {
	ctx   context.Context
	v     view
	seen  map[string]bool
	known map[string][]referrers // see sources
	out   []*fhir.Version
	size  int // bytes of out
}

// included gives what _include and _revinclude add to the matches. Where that is too
// much for one page, room is how many of the matches it is not; 0 where the first brings
// too much by itself.
func (v view) included(ctx context.Context, q *search.Query, matches []*fhir.Version) (list []*fhir.Version, room int, err error) {
	if len(q.Include)+len(q.RevInclude) == 0 {
		return nil, 0, nil
	}
	in := &inclusion{ctx: ctx, v: v.as(toRead), seen: map[string]bool{}, known: map[string][]referrers{}}
	for _, m := range matches {
		in.seen[m.Ref()] = true
	}
	for i, m := range matches {
		if err := in.all(q, m); err != nil {
			if fhir.KindOf(err) != fhir.TooCostly {
				i = 0
			}
			return nil, i, err
		}
	}
	return in.out, 0, nil
}

// all adds what a match leads to, and where includes iterate what that leads to.
func (in *inclusion) all(q *search.Query, m *fhir.Version) error {
	before := len(in.out)
	if err := in.follow(q, m, false); err != nil {
		return err
	}
	for ; before < len(in.out); before++ {
		if err := in.follow(q, in.out[before], true); err != nil {
			return err
		}
	}
	return nil
}

// follow adds what one resource leads to. again: it was included itself, so
// only the includes that iterate count.
func (in *inclusion) follow(q *search.Query, ver *fhir.Version, again bool) error {
	if err := stopped(in.ctx); err != nil {
		return err
	}
	for i := range q.Include {
		if inc := &q.Include[i]; (inc.Source == "" || inc.Source == ver.Type) && (inc.Iterate || !again) {
			if err := in.forward(inc, ver); err != nil {
				return err
			}
		}
	}
	for i := range q.RevInclude {
		if inc := &q.RevInclude[i]; (inc.Target == "" || inc.Target == ver.Type) && (inc.Iterate || !again) {
			if err := in.backward(inc, ver); err != nil {
				return err
			}
		}
	}
	return nil
}

// forward adds what a resource refers to.
func (in *inclusion) forward(inc *search.Include, ver *fhir.Version) error {
	if ver.Damage != "" {
		return nil // nobody knows what it refers to
	}
	entries, err := in.references(inc, ver)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Param != inc.Param && (inc.Param != "*" || !search.IsReference(ver.Type, e.Param)) {
			continue
		}
		for _, typ := range in.types(inc, ver.Type, e) {
			var to []rid
			if err := in.v.target(in.ctx, ver.Type, e, typ, func(r rid) { to = append(to, r) }); err != nil {
				return err
			}
			if err := in.numbers(typ, to); err != nil {
				return err
			}
		}
	}
	return nil
}

// references are the entries of a resource that an include may follow.
func (in *inclusion) references(inc *search.Include, ver *fhir.Version) ([]search.Entry, error) {
	if inc.Param == "*" {
		return entriesBefore(in.ctx, in.v.custom(), ver)
	}
	return valuesOf(ver, inc.Param)
}

// types are those to which an entry may lead, as far as they are included.
func (in *inclusion) types(inc *search.Include, from string, e search.Entry) []string {
	types := search.CanonicalTargets(from, e.Param)
	if typ, id, ok := search.LocalReference(e.Key, in.v.own); ok && !in.seen[typ+"/"+id] && !slices.Contains(types, typ) {
		types = append(types, typ)
	}
	return slices.DeleteFunc(types, func(t string) bool { return inc.Target != "" && inc.Target != t })
}

// backward adds what refers to a resource.
func (in *inclusion) backward(inc *search.Include, ver *fhir.Version) error {
	sources, err := in.sources(inc)
	if err != nil {
		return err
	}
	for _, source := range sources {
		var from []rid
		for _, param := range source.params {
			if ver.Damage != "" && search.HasCanonicals(source.typ, param, ver.Type) {
				continue // nobody knows its url
			}
			if err := in.v.referring(source.typ, param, ver, func(r rid) { from = append(from, r) }); err != nil {
				return err
			}
		}
		if err := in.numbers(source.typ, listOf(from)); err != nil {
			return err
		}
	}
	return nil
}

// referrers is a type of which there are resources with values under reference
// parameters.
type referrers struct {
	typ    string
	params []string
}

// sources are the types and parameters that may refer to something, of those
// that an include names. The index is asked once for a page.
func (in *inclusion) sources(inc *search.Include) ([]referrers, error) {
	if inc.Param != "*" {
		return []referrers{{inc.Source, []string{inc.Param}}}, nil
	}
	if known, ok := in.known[inc.Source]; ok {
		return known, nil
	}
	types := []string{inc.Source}
	if inc.Source == "" {
		types = r4.ResourceTypes()
	}
	out := []referrers{}
	for _, typ := range types {
		var params []string
		for _, param := range search.References(typ) {
			used, err := in.v.any(keyParam(typ, param))
			if err != nil {
				return nil, err
			}
			if used {
				params = append(params, param)
			}
		}
		if params != nil {
			out = append(out, referrers{typ, params})
		}
	}
	in.known[inc.Source] = out
	return out, nil
}

// any reports whether there are keys with a prefix.
func (v view) any(prefix []byte) (bool, error) {
	it := v.r.Iterate(prefix, after(prefix), false)
	found := it.Next()
	return found, ended(it, nil)
}

// numbers adds resources of a type by their numbers.
func (in *inclusion) numbers(typ string, rids []rid) (err error) {
	if len(rids) == 0 {
		return nil
	}
	numbers := in.v.numbered(typ)
	defer func() {
		if e := numbers.close(); err == nil {
			err = e
		}
	}()
	for _, r := range rids {
		ver, err := numbers.get(r)
		if err == nil {
			err = in.add(r, ver)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (in *inclusion) add(r rid, ver *fhir.Version) error {
	if ver == nil || ver.Deleted() || in.seen[ver.Ref()] {
		return nil
	}
	if ok, err := in.v.sees(ver.Type, r, ver); !ok || err != nil {
		return err
	}
	in.seen[ver.Ref()] = true
	in.size += len(ver.JSON)
	if in.out = append(in.out, ver); len(in.out) > maxIncluded || in.size > maxPage {
		return fhir.E("search", fhir.TooCostly, fhir.Issue{
			Message: fmt.Sprintf("One match would bring more than %d included resources, or more than %d bytes of them.", maxIncluded, maxPage), Expected: "fewer",
			Fix: "Include less, or search for what refers to the match by itself: that has pages."})
	}
	return nil
}
