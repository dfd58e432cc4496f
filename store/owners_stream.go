package store

import "github.com/pestle-fhir/pestle/fhir/search"

// ownedStream is the resources of a type that a principal sees, but for deleted
// ones: the rows of the owners. Once it has been asked often, they are collected, if
// they are few enough for that to pay.
type ownedStream struct {
	v      view
	typ    string
	rows   stream
	set    stream // all of them; nil until they are collected
	probes int
}

// How many resources are collected: so few are better read than looked for among
// those of others; and so many more once a search has asked about as many.
const (
	fewOwned  = 200
	someOwned = 1000
	manyOwned = 100_000
)

func (v view) ownedStream(typ string) *ownedStream {
	var in []stream
	for _, owner := range v.sight.owners {
		prefix := keyOwner(typ, owner)
		in = append(in, &keyStream{rows: &rows{it: v.r.Iterate(prefix, after(prefix), false), prefix: prefix, at: v.at}})
	}
	return &ownedStream{v: v, typ: typ, rows: unionOf(in)}
}

func (o *ownedStream) seek(r rid) (rid, error) {
	if o.set != nil {
		return o.set.seek(r)
	}
	return o.rows.seek(r)
}

// has reports whether a resource is one of them, for a search that goes through
// them in another order than that of their numbers.
func (o *ownedStream) has(r rid) (bool, error) {
	if o.probes++; o.set == nil && (o.probes == fewOwned || o.probes == someOwned) {
		limit := someOwned
		if o.probes == someOwned {
			limit = manyOwned
		}
		if _, err := o.collect(limit); err != nil {
			return false, err
		}
	}
	if o.set == nil {
		own, ok, err := o.v.owned(target{o.typ, r})
		if err != nil || !ok || !own.any(o.v.sight.owners) {
			return false, err
		}
		if own.since <= o.v.at {
			return !own.deleted && own.now(o.v.sight.owners), nil
		}
	}
	at, err := o.seek(r)
	return at == r, err
}

// collect collects them all where they are at most so many.
func (o *ownedStream) collect(limit int) (complete bool, err error) {
	if o.set != nil {
		return true, nil
	}
	set, n := &bitset{}, 0
	for r, err := o.rows.seek(1); r != 0 || err != nil; r, err = o.rows.seek(r + 1) {
		if n++; err != nil || n > limit {
			return false, err
		}
		set.add(r)
	}
	o.set = set
	return true, nil
}

func (o *ownedStream) close() error { return o.rows.close() }

// ownedFew reports whether the principal sees few resources of the type.
func (s *selection) ownedFew() (bool, error) {
	if s.owned == nil || s.v.confined(s.typ) {
		return false, nil // how many others own tells of what the token does not reach
	}
	return s.owned.collect(fewOwned)
}

// limitedWay is the order of a search that is limited to what a principal sees. It
// is chosen by the query and by what they see alone.
func (s *selection) limitedWay() (way byte, err error) {
	if s.keyed || s.leading() < 0 {
		return byCreation, nil
	}
	few, err := s.ownedFew()
	if err != nil || few {
		return byCreation, err
	}
	return byRange, nil
}

// keyed reports whether a clause that must hold is about few keys.
func keyed(clauses []*search.Clause) bool {
	for _, c := range clauses {
		if !c.Not {
			return true
		}
	}
	return false
}
