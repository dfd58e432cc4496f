package store

import (
	"net/url"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// holds reports whether the plan of a request, made as of an earlier sequence,
// is what would be made of it now.
func (c *committer) holds(v view, r *request) (bool, error) {
	p := r.plan
	v = v.of(r.tx)
	if key := p.tx.Receipt.Key; key != "" {
		if _, _, ok, err := v.receipt(key); ok || err != nil {
			return false, err
		}
	}
	if p.at == c.head.seq {
		return true, nil
	}
	for i := range p.steps {
		if ok, err := c.stands(v, p, &p.steps[i]); !ok {
			return false, err
		}
	}
	for l, found := range p.lookups {
		if c.changed[l.typ] <= p.at && !reaches(l.query) {
			continue
		}
		now, err := p.meant(r.ctx, v, l)
		if err != nil || !slices.Equal(now, found) {
			return false, err
		}
	}
	return c.refers(v, r)
}

// refers reports whether what a plan refers to stands as it found it, and
// nobody has come to refer to what it deletes.
func (c *committer) refers(v view, r *request) (bool, error) {
	p := r.plan
	for key, stood := range p.rests {
		if c.changed[key.typ] <= p.at {
			continue
		}
		if changed, known := c.recent.changed(key.typ, key.id, p.at); known && !changed {
			continue
		}
		now, ok, err := v.identity(key.typ, key.id)
		if err != nil || (ok && !now.deleted) != stood {
			return false, err
		}
	}
	if !c.db.opts.References {
		return true, nil
	}
	for i := range p.steps {
		if s := &p.steps[i]; s.applied == fhir.Removed {
			refs, err := v.referrers(r.ctx, s.typ, s.id, func(ref string) bool { return p.writesTo(ref) })
			if err != nil || len(refs) > 0 {
				return false, err
			}
		}
	}
	return true, nil
}

// stands reports whether the resource of a step is as the plan found it.
func (c *committer) stands(v view, p *plan, s *step) (bool, error) {
	if c.changed[s.typ] <= p.at || s.id == "" {
		return true, nil
	}
	if changed, known := c.recent.changed(s.typ, s.id, p.at); known {
		return !changed, nil
	}
	now, _, err := v.identity(s.typ, s.id)
	return now.vno == s.now.vno, err
}

// reaches reports whether a condition depends on other types than its own: a
// chained parameter or _has.
func reaches(query string) bool {
	for part := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		if err != nil || strings.Contains(name, ".") || strings.HasPrefix(name, "_has") {
			return true
		}
	}
	return false
}
