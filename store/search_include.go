package store

import (
	"context"
	"fmt"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// maxIncluded is how many resources one page may bring with it; of their bytes
// it may bring as many as it may hold itself, [maxPage].
const maxIncluded = 10_000

// inclusion gathers what goes with a page: each resource once, and never one
// that is a match.
type inclusion struct {
	ctx  context.Context
	v    view
	seen map[string]bool
	out  []*fhir.Version
	size int // bytes of out
}

// included gives what _include and _revinclude add to the matches.
func (v view) included(ctx context.Context, q *search.Query, matches []*fhir.Version) ([]*fhir.Version, error) {
	if len(q.Include)+len(q.RevInclude) == 0 {
		return nil, nil
	}
	in := &inclusion{ctx: ctx, v: v, seen: map[string]bool{}}
	for _, m := range matches {
		in.seen[m.Ref()] = true
	}
	from := matches
	for round := 0; len(from) > 0; round++ {
		before := len(in.out)
		for _, ver := range from {
			if err := in.follow(q, ver, round > 0); err != nil {
				return nil, err
			}
		}
		from = in.out[before:]
	}
	return in.out, nil
}

// follow adds what one resource leads to. again: it was included itself, so
// only the includes that iterate count.
func (in *inclusion) follow(q *search.Query, ver *fhir.Version, again bool) error {
	if err := stopped(in.ctx); err != nil {
		return err
	}
	for i := range q.Include {
		if inc := &q.Include[i]; inc.Source == ver.Type && (inc.Iterate || !again) {
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

func (in *inclusion) forward(inc *search.Include, ver *fhir.Version) error {
	entries, err := entriesBefore(in.ctx, ver)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Param != inc.Param && (inc.Param != "*" || !search.IsReference(ver.Type, e.Param)) {
			continue
		}
		typ, id, ok := search.LocalReference(e.Key)
		if !ok || inc.Target != "" && inc.Target != typ || in.seen[typ+"/"+id] {
			continue
		}
		target, err := in.v.current(typ, id)
		if err != nil {
			return err
		}
		if err := in.add(target); err != nil {
			return err
		}
	}
	return nil
}

func (in *inclusion) backward(inc *search.Include, ver *fhir.Version) error {
	params := []string{inc.Param}
	if inc.Param == "*" {
		params = search.References(inc.Source)
	}
	numbers := in.v.numbered(inc.Source)
	var err error
	for _, param := range params {
		var from []rid
		if err = in.v.referring(inc.Source, param, ver.Type, ver.ID, func(r rid) { from = append(from, r) }); err != nil {
			break
		}
		for _, r := range listOf(from) {
			var source *fhir.Version
			if source, err = numbers.get(r); err == nil {
				err = in.add(source)
			}
			if err != nil {
				break
			}
		}
	}
	if e := numbers.close(); err == nil {
		err = e
	}
	return err
}

func (in *inclusion) add(ver *fhir.Version) error {
	if ver == nil || ver.Deleted() || in.seen[ver.Ref()] {
		return nil
	}
	in.seen[ver.Ref()] = true
	in.size += len(ver.JSON)
	if in.out = append(in.out, ver); len(in.out) > maxIncluded || in.size > maxPage {
		return fhir.E("search", fhir.TooCostly, fhir.Issue{
			Message: fmt.Sprintf("The page would bring more than %d included resources, or more than %d bytes of them.", maxIncluded, maxPage), Expected: "fewer",
			Fix: "Ask for smaller pages with _count, or include less."})
	}
	return nil
}
