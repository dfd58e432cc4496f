package store

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// The ways of filling a page, each in an order of its own; the first byte of a
// place says which. A search keeps to one from its first page on.
const (
	byCreation = 'c' // resource numbers; behind it the last number
	byRange    = 'r' // the values of a broad clause; behind it a spot
	bySort     = 's' // the one sort parameter; behind it a spot
	byOffset   = 'o' // several sort parameters; behind it how many came before
)

// maxSorted is how many matches are sorted in memory. This and the next are variables, so
// that tests can make them small.
var maxSorted = 10_000

// maxWalked is how many rows are walked for one page before the matches are
// sorted in memory instead.
var maxWalked = 2000

// maxPage is how many bytes a page of a search or history may hold before it
// ends, short of its count: one page of the largest resources would fill the
// memory. It is a variable, so that tests can make it small.
var maxPage = 32 << 20

// page fills one page of a search and gives the place where the next one
// begins, nil on the last page.
type page struct {
	*selection
	q    *search.Query
	out  *search.Result
	size int // bytes of the resources on the page
	skip int // how many matches to pass over first
}

// fill begins behind a place, nil for the first page.
func (p *page) fill(behind []byte) ([]byte, error) {
	way := byte(byCreation)
	switch {
	case len(behind) > 0:
		way, behind = behind[0], behind[1:]
	case len(p.q.Sort) > 1:
		way = byOffset
	case len(p.q.Sort) == 1:
		way = bySort
	case p.leading() >= 0:
		way = byRange
	}
	if err := stopped(p.ctx); err != nil {
		return nil, err
	}
	var after []byte
	var err error
	switch way {
	case byRange:
		after, err = p.ranged(decodeSpot(behind))
	case bySort:
		after, err = p.sorted(decodeSpot(behind))
	case byOffset:
		after, err = p.offset(int(getUint(behind)))
	default:
		after, err = p.created(rid(getUint(behind)))
	}
	if err != nil || after == nil {
		return nil, err
	}
	return append([]byte{way}, after...), nil
}

// add puts a resource on the page; false when the page was full already.
func (p *page) add(ver *fhir.Version) bool {
	if p.skip > 0 {
		p.skip--
		return true
	}
	if len(p.out.Matches) == p.q.Count || p.size >= maxPage {
		return false
	}
	p.size += len(ver.JSON)
	p.out.Matches = append(p.out.Matches, ver)
	return true
}

func (p *page) created(last rid) ([]byte, error) {
	for {
		r, err := p.seek(last + 1)
		if err != nil || r == 0 {
			return nil, err
		}
		if p.skip > 0 { // without reading it
			p.skip, last = p.skip-1, r
			continue
		}
		ver, err := p.get(r)
		if err != nil {
			return nil, err
		}
		if !p.add(ver) {
			return appendRid(nil, last), nil
		}
		last = r
	}
}

// ranged walks the rows of the broad clause that leads. There is no order to
// keep to, so that of the values is as good as any.
func (p *page) ranged(behind *spot) ([]byte, error) {
	i := p.leading()
	if i < 0 {
		return nil, fhir.E("search", fhir.Processing, fhir.Issue{Message: "The page cannot be found any more.", Fix: "Begin the search again with its first page."})
	}
	p.lead = p.checks[i]
	defer func() { p.lead = nil }()
	o := order{p.typ, search.Sort{Param: p.lead.Param}}
	at, _, err := p.take(p.v.ranges(o, p.lead.Ranges, behind), -1)
	return at, err
}

// take fills the page from a walk and closes it. filled is false where more
// than limit rows were looked at first.
func (p *page) take(w walk, limit int) (at []byte, filled bool, err error) {
	defer func() {
		if e := w.close(); err == nil {
			err = e
		}
	}()
	for rows := 0; limit < 0 || rows < limit; rows++ {
		now, ok := w.next()
		if !ok {
			return nil, true, nil
		}
		if err := stopped(p.ctx); err != nil {
			return nil, false, err
		}
		if has, err := p.has(now.rid); err != nil {
			return nil, false, err
		} else if !has {
			continue
		}
		ver, err := p.get(now.rid)
		if err != nil {
			return nil, false, err
		}
		if counts, err := w.counts(p.selection, ver); err != nil {
			return nil, false, err
		} else if !counts {
			continue
		}
		if !p.add(ver) {
			return at, true, nil
		}
		at = now.encode()
	}
	return nil, false, nil
}
