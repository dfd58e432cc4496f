package store

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// selection is the resources of a type that meet a query's clauses, in the
// order of creation: the numbers on which all streams of must agree and that
// none of not has, and whose resources pass the checks. It must be closed.
type selection struct {
	ctx context.Context
	v   view
	typ string
	// clauses are those of the query, see [search.Merged].
	clauses []search.Clause
	must    []stream
	not     []stream
	// checks are the broad clauses, tried on the resource itself. They become
	// streams once that has cost too much.
	checks    []*search.Clause
	lead      *search.Clause // of the checks that by whose rows the search is driven, which need not be tried
	checked   int            // resources read for nothing
	tried     int            // resources read to try the checks
	budget    int            // how many leaps and resources read may be spent; 0 for any
	patience  int            // how many of those are too many
	impatient bool           // give up then
	narrowed  bool           // some clause is a stream
	limited   bool           // to what a principal sees: neither order nor total may depend on anything else
	owned     *ownedStream   // that
	keyed     bool           // a clause that must hold is about few keys
	standing  bool           // a stream knows what has been deleted: all of index rows do
	leaps     int            // seeks of the streams
	numbers   *numbered      // nil until a resource is read
	// version is the one last checked, of the resource number of.
	version  *fhir.Version
	of       rid
	parsed   *fhir.Version // what resource was parsed from
	resource *fhir.Resource
	inner    map[*search.Clause]*selection // of chained conditions that are checked
	targets  map[string]*selection         // what sort keys lead to, by type
	bests    map[bestOf][]byte             // sort keys of what this selects, by which others are sorted
}

// seek gives the first selected resource at or behind r, 0 at the end: a
// selection is a stream itself.
func (s *selection) seek(r rid) (rid, error) {
	for {
		found, err := s.agree(r)
		if err != nil || found == 0 {
			return 0, err
		}
		ok, err := s.passes(found)
		if err != nil || ok {
			return found, err
		}
		r = found + 1
	}
}

// agree leaps over the streams until they meet at one number.
func (s *selection) agree(r rid) (rid, error) {
	for {
		if s.budget > 0 && s.leaps+s.tried > s.budget {
			return 0, errDear
		}
		begin, sure := r, true
		for _, in := range s.must {
			at, held, err := approach(in, r)
			if err != nil || at == 0 {
				return 0, err
			}
			r, sure = at, sure && held
		}
		if r == begin && sure {
			return r, nil
		}
	}
}

// has reports whether a resource is selected.
func (s *selection) has(r rid) (bool, error) {
	for _, in := range s.must {
		if ok, err := has(in, r); !ok || err != nil {
			return false, err
		}
	}
	return s.passes(r)
}

// leading is the place among the checks of a broad clause whose rows can be
// walked to drive the search; -1 where there is none.
func (s *selection) leading() int {
	return slices.IndexFunc(s.checks, func(c *search.Clause) bool { return !c.Not && len(c.Ranges) > 0 })
}

// broad reports whether there are checks to try.
func (s *selection) broad() bool {
	return slices.ContainsFunc(s.checks, func(c *search.Clause) bool { return c != s.lead })
}

// passes tries what a candidate must not have, and the checks.
func (s *selection) passes(r rid) (bool, error) {
	if err := stopped(s.ctx); err != nil {
		return false, err
	}
	if s.checked >= s.patience && s.broad() {
		if s.impatient {
			return false, errDear
		}
		if err := s.widen(); err != nil {
			return false, err
		}
		at, err := s.agree(r)
		if err != nil || at != r {
			return false, err
		}
	}
	for _, in := range s.not {
		if ok, err := has(in, r); ok || err != nil {
			return false, err
		}
	}
	if !s.broad() {
		return true, nil
	}
	return s.check(r)
}

// check reads the resource and tries the broad clauses on its entries.
func (s *selection) check(r rid) (bool, error) {
	s.tried++
	ver, err := s.get(r)
	if err != nil {
		return false, err
	}
	if ver.Damage != "" {
		return s.byIndex(r)
	}
	for _, c := range s.checks {
		if c == s.lead {
			continue
		}
		entries, err := s.entries(ver, params(c)...)
		if err != nil {
			return false, err
		}
		if ok, err := s.holds(c, ver, entries); !ok || err != nil {
			s.checked++
			return false, err
		}
	}
	return true, nil
}

// byIndex decides on a resource that cannot be read: the index knows what it held.
func (s *selection) byIndex(r rid) (bool, error) {
	if err := s.widen(); err != nil {
		return false, err
	}
	if at, err := s.agree(r); err != nil || at != r {
		return false, err
	}
	return s.passes(r)
}

// indexed are the entries of a selected version that cannot be read, as the index
// has them.
func (s *selection) indexed(ver *fhir.Version, params []string) (entries []search.Entry, err error) {
	r := s.of
	if s.version != ver {
		i, _, err := s.v.identity(s.typ, ver.ID)
		if err != nil {
			return nil, err
		}
		r = i.rid
	}
	for _, param := range append(params, search.LastUpdated) {
		rows := s.v.rows(s.typ, param, search.Range{}, false)
		for rows.next() && s.ctx.Err() == nil {
			if rows.rid == r {
				entries = append(entries, search.Entry{Param: param, Key: bytes.Clone(rows.key)})
			}
		}
		if err := cmp.Or(rows.close(), stopped(s.ctx)); err != nil {
			return nil, err
		}
	}
	return append(entries, search.Entry{Param: search.Every, Key: search.EveryKey}), nil
}

// params are the parameters that a clause looks at.
func params(c *search.Clause) []string {
	out := []string{c.Param}
	for i := range c.Chain {
		out = append(out, search.Inside(c.Param, c.Chain[i].Type))
	}
	return out
}

// entries are those of a selected version under some parameters, with the two
// that the store adds.
func (s *selection) entries(ver *fhir.Version, params ...string) ([]search.Entry, error) {
	if ver.Damage != "" {
		return s.indexed(ver, params)
	}
	res, err := s.content(ver)
	if err != nil {
		return nil, err
	}
	return append(search.Values(res, params...), updatedEntry(ver), search.Entry{Param: search.Every, Key: search.EveryKey}), nil
}

// content parses a version; the last one is kept.
func (s *selection) content(ver *fhir.Version) (res *fhir.Resource, err error) {
	if s.parsed == ver {
		return s.resource, nil
	}
	if res, err = contentOf(ver); err == nil && res == nil {
		err = errCorrupt // a deletion is not selected
	}
	if err == nil {
		s.parsed, s.resource = ver, res
	}
	return res, err
}

// get gives the version of a selected resource.
func (s *selection) get(r rid) (*fhir.Version, error) {
	if s.of == r {
		return s.version, nil
	}
	ver, err := s.numbering().get(r)
	if err == nil && ver == nil {
		err = errCorrupt // the index has rows of what was never written
	}
	s.version, s.of = ver, r
	return ver, err
}

func (s *selection) numbering() *numbered {
	if s.numbers == nil {
		s.numbers = s.v.numbered(s.typ)
	}
	return s.numbers
}

func (s *selection) close() error {
	err := closeAll(s.must, nil)
	err = closeAll(s.not, err)
	for _, in := range s.inner {
		err = closeAll([]stream{in}, err)
	}
	for _, in := range s.targets {
		err = closeAll([]stream{in}, err)
	}
	if s.numbers == nil {
		return err
	}
	if e := s.numbers.close(); err == nil {
		err = e
	}
	return err
}
