package store

import (
	"context"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
)

// recheck asks whether a plan, made as of an earlier sequence, is what would be
// made of its transaction now.
type recheck struct {
	ctx        context.Context
	v          view
	p          *plan
	references bool // are enforced
	// renamed says that the server has learned a name since, by which references
	// may lead to it.
	renamed bool
	// in knows, within the committer, what has been written lately; nil outside.
	in *committer
}

// holds reports whether the plan still holds.
func (k *recheck) holds() (bool, error) {
	if r := k.p.tx.Receipt; r.Key != "" {
		_, body, ok, err := k.v.receipt(r.Key)
		if err != nil || ok && !(r.Plain && another(fhir.Receipt{Body: body}, r)) {
			return false, err
		}
	}
	if k.p.at == k.v.at {
		return true, nil
	}
	if k.p.shaken {
		return false, nil
	}
	if k.v.sight != nil && k.v.sight.reach != nil {
		return false, nil // what the token reaches is judged by what the resources hold now
	}
	if k.v.sight != nil && (k.in == nil || k.p.at < k.in.floor || k.in.moved > k.p.at) {
		return false, nil // the requester may see other resources now
	}
	for i := range k.p.steps {
		if ok, err := k.stands(&k.p.steps[i]); !ok {
			return false, err
		}
	}
	if ok, err := k.finds(); !ok {
		return false, err
	}
	return k.refers()
}

// changed reports whether anything of a type may have been written since. Of the
// commits ahead of its own beginning the committer knows nothing.
func (k *recheck) changed(typ string) bool {
	return k.in == nil || k.p.at < k.in.floor || k.in.changed[typ] > k.p.at
}

// written reports whether a resource has been written since, if that is known.
func (k *recheck) written(typ, id string) (written, known bool) {
	if k.in == nil {
		return false, false
	}
	return k.in.recent.changed(typ, id, k.p.at)
}

// finds reports whether the conditions find what they found. One is looked up
// again only where something new may have changed that.
func (k *recheck) finds() (bool, error) {
	recent := news{ctx: k.ctx, v: k.v, since: k.p.at, changed: k.changed}
	for l, known := range k.p.lookups {
		q := known.query
		if q.Clocked {
			var err error
			if q, err = k.v.condition(l.typ, l.query); err != nil {
				return false, err
			}
		}
		touched, err := recent.touches(q, known.found)
		if err != nil {
			return false, err
		}
		if !touched && !q.Clocked && !(k.renamed && q.Chained()) {
			continue
		}
		now, err := k.p.meant(k.ctx, k.v, q)
		if err != nil || !slices.Equal(now, known.found) {
			return false, err
		}
	}
	return true, nil
}

// refers reports whether what a plan refers to stands as it found it, and
// nobody has come to refer to what it deletes.
func (k *recheck) refers() (bool, error) {
	for key, stood := range k.p.rests {
		if !k.changed(key.typ) {
			continue
		}
		if written, known := k.written(key.typ, key.id); known && !written {
			continue
		}
		v := k.v
		if key.business {
			v = v.whole()
		}
		now, err := v.shown(key.typ, key.id)
		if err != nil || (now != nil && !now.Deleted()) != stood {
			return false, err
		}
	}
	if !k.references {
		return true, nil
	}
	for i := range k.p.steps {
		if s := &k.p.steps[i]; s.applied == fhir.Removed && !k.p.tx.Changes[i].Purge {
			v := k.v
			if k.p.tx.Derived {
				v = v.whole()
			}
			refs, err := v.referrers(k.ctx, s.typ, s.id, func(ref string) bool { return k.p.writesTo(ref) })
			if err != nil || len(refs) > 0 {
				return false, err
			}
		}
	}
	return true, nil
}

// stands reports whether the resource of a step is as the plan found it.
func (k *recheck) stands(s *step) (bool, error) {
	if s.id == "" || s.hidden || !k.changed(s.typ) {
		return true, nil
	}
	if written, known := k.written(s.typ, s.id); known {
		return !written, nil
	}
	now, _, err := k.v.identity(s.typ, s.id)
	return now.vno == s.now.vno, err
}
