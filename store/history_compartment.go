package store

import (
	"cmp"
	"context"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// ofCompartment is the history of a resource and of all that belongs or belonged to it,
// such as its compartment: the versions that were in it, and the deletions that ended them.
type ofCompartment struct {
	ofResource
	ctx     context.Context
	members map[string][]string
	all     []wrote // the newest first; of one commit in no order
}

// wrote is a version with the commit that wrote it.
type wrote struct {
	place
	seq fhir.Seq
}

// stay is the time for which a resource belonged to it: from a commit until, but
// not at, another; 0 where it still is.
type stay struct{ from, until fhir.Seq }

// exists finds the versions, by the rows of the index, which tell of the past too.
func (o *ofCompartment) exists(v view) error {
	if err := o.ofResource.exists(v); err != nil {
		return err
	}
	for typ, params := range o.members {
		var err error
		if params == nil && typ == o.typ {
			err = o.add(v, typ, o.now.rid, []stay{{}})
		} else {
			err = o.gather(v, typ, params)
		}
		if err != nil {
			return err
		}
	}
	slices.SortFunc(o.all, func(a, b wrote) int { return cmp.Compare(b.seq, a.seq) })
	return nil
}

// gather adds the versions of a type that refer to the resource by some parameters.
func (o *ofCompartment) gather(v view, typ string, params []string) error {
	stays := map[rid][]stay{}
	in := search.ReferenceTo(o.typ, o.id, v.own)
	for _, param := range params {
		prefix := keyParam(typ, param)
		it := v.r.Iterate(append(slices.Clone(prefix), in.Lo...), append(slices.Clone(prefix), in.Hi...), false)
		for it.Next() {
			key, r, from := splitRow(it.Key(), len(prefix))
			if from > v.at || in.Match != nil && !in.Match(key) {
				continue
			}
			s := stay{from: from}
			if value := it.Value(); len(value) > 0 {
				s.until = fhir.Seq(getUint(value))
			}
			stays[r] = append(stays[r], s)
		}
		if err := it.Close(); err != nil {
			return err
		}
	}
	for r, list := range stays {
		if err := o.add(v, typ, r, list); err != nil {
			return err
		}
	}
	return nil
}

// add adds the versions of a resource that belonged.
func (o *ofCompartment) add(v view, typ string, r rid, stays []stay) error {
	if err := o.ctx.Err(); err != nil {
		return err
	}
	n, err := v.newestOf(typ, r)
	for ; n > 0 && err == nil; n-- {
		var seq fhir.Seq
		if seq, err = v.seqOf(typ, r, n); err != nil {
			break
		}
		within := func(s stay) bool {
			if s.from <= seq && (s.until == 0 || seq < s.until) {
				return true
			}
			return s.until == seq && v.ends(typ, r, n)
		}
		if seq <= v.at && slices.ContainsFunc(stays, within) {
			o.all = append(o.all, wrote{place{typ, r, n}, seq})
		}
	}
	return err
}

// newestOf is the number of the newest version of a resource, whatever the sequence.
func (v view) newestOf(typ string, r rid) (n vno, err error) {
	prefix := keyVersions(typ, r)
	it := v.r.Iterate(prefix, after(prefix), false)
	if it.Next() {
		n = maxVno - vno(getUint(it.Key()[len(prefix):]))
	}
	return n, it.Close()
}

// ends reports whether a version is a deletion.
func (v view) ends(typ string, r rid, n vno) bool {
	ver, err := v.version(typ, r, n)
	return err == nil && ver.Deleted()
}

func (o *ofCompartment) count(_ view, at fhir.Seq) (n int, err error) {
	for _, l := range o.all {
		if l.seq <= at {
			n++
		}
	}
	return n, nil
}

// walk has the versions of one commit in the order of the log.
func (o *ofCompartment) walk(v view, s span, take func(place, fhir.LogPlace) (bool, error)) error {
	low, high := s.commits()
	in := map[place]bool{}
	var commits []fhir.Seq // the newest first
	for _, w := range o.all {
		in[w.place] = true
		if w.seq >= low && w.seq <= high {
			commits = append(commits, w.seq)
		}
	}
	if commits = slices.Compact(commits); s.oldest {
		slices.Reverse(commits)
	}
	for _, seq := range commits {
		c, err := v.record(seq)
		if err != nil {
			return err
		}
		for i := range c.versions {
			if !s.oldest {
				i = len(c.versions) - 1 - i
			}
			if !in[c.versions[i]] {
				continue
			}
			if more, err := take(c.versions[i], fhir.LogPlace{Seq: seq, Place: i}); err != nil || !more {
				return err
			}
		}
	}
	return nil
}
