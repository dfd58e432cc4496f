package store

import (
	"errors"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// The ways of filling a page, each in an order of its own; the first byte of a
// place says which. A search keeps to one from its first page on.
const (
	byCreation = 'c' // resource numbers; behind it the last number
	byRange    = 'r' // the values of a broad clause; behind it a spot
	byJoint    = 'j' // the inner search of a chained clause; behind it a spot
	bySort     = 's' // the one sort parameter; behind it a spot
	byOffset   = 'o' // several sort parameters, sorted in memory; behind it how many came before
	byGroups   = 'g' // several sort parameters; behind it a match
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
	most int // matches
	out  *search.Result
	size int // bytes of the resources on the page
	skip int // how many matches to pass over first
	// group are the places of what it selects by the first sort parameters; nil for any.
	group []spot
}

// fill begins behind a place, nil for the first page.
func (p *page) fill(behind []byte) ([]byte, error) {
	if err := stopped(p.ctx); err != nil {
		return nil, err
	}
	var way byte
	var after []byte
	var err error
	if len(behind) > 0 {
		way = behind[0]
		after, err = p.by(way, behind[1:])
	} else {
		way, after, err = p.begin()
	}
	if err != nil || after == nil {
		return nil, err
	}
	return append([]byte{way}, after...), nil
}

// begin fills the first page and says which way it chose.
func (p *page) begin() (way byte, after []byte, err error) {
	lead := p.leader()
	limited := byte(byCreation)
	if p.limited && len(p.q.Sort) == 0 {
		if limited, err = p.limitedWay(); err != nil {
			return 0, nil, err
		}
	}
	switch {
	case len(p.q.Sort) > 1:
		return p.bySorts()
	case len(p.q.Sort) == 1:
		way = bySort
	case p.limited:
		way = limited
	case lead == byCreation || p.narrowed:
		way = byCreation
	default:
		way = lead
	}
	if way == byCreation && lead != byCreation && !p.limited {
		return p.tried(lead)
	}
	after, err = p.by(way, nil)
	return way, after, err
}

// tried goes by creation as long as that finds enough, then by the clause that
// might lead: the resources that meet it may all be late ones.
func (p *page) tried(lead byte) (way byte, after []byte, err error) {
	skip := p.skip
	p.impatient = true
	after, err = p.created(0)
	p.impatient = false
	if !errors.Is(err, errDear) {
		return byCreation, after, err
	}
	p.restart(skip)
	after, filled, err := p.led(lead, nil, maxWalked)
	if err != nil || filled {
		return lead, after, err
	}
	p.restart(skip)
	after, err = p.created(0)
	return byCreation, after, err
}

func (p *page) restart(skip int) { p.out.Matches, p.size, p.skip = p.out.Matches[:0], 0, skip }

// by fills the page in a way, behind the place of that way.
func (p *page) by(way byte, behind []byte) (after []byte, err error) {
	switch way {
	case byRange, byJoint:
		after, _, err = p.led(way, decodeSpot(behind), -1)
	case bySort:
		after, err = p.sorted(decodeSpot(behind))
	case byOffset:
		after, err = p.offset(int(getUint(behind)))
	case byGroups:
		after, err = p.grouped(behind)
	default:
		after, err = p.created(rid(getUint(behind)))
	}
	return after, err
}

// leader is the way of the check that might lead the search; byCreation where
// none might.
func (p *page) leader() byte {
	switch {
	case p.leading() >= 0:
		return byRange
	case p.joint() >= 0:
		return byJoint
	}
	return byCreation
}

// add puts a resource on the page; false when the page was full already.
func (p *page) add(ver *fhir.Version) bool {
	if p.skip > 0 {
		p.skip--
		return true
	}
	if len(p.out.Matches) == p.most || p.size >= maxPage {
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

// led walks the rows of the broad clause that leads, or its inner search. There
// is no order to keep to, so that order is as good as any. See [page.take].
func (p *page) led(way byte, behind *spot, limit int) (at []byte, filled bool, err error) {
	if p.leader() != way {
		return nil, false, lost()
	}
	w := p.leaders(behind)
	defer func() { p.lead = nil }()
	return p.take(w, limit)
}

// lost says that a search is not answered in the way of its first page any more.
func lost() error {
	return fhir.E("search", fhir.Processing, fhir.Issue{Message: "The page cannot be found any more.", Fix: "Begin the search again with its first page."})
}

// take fills the page from a walk and closes it. filled is false where more
// than limit rows were looked at first; then at is the last of them.
func (p *page) take(w walk, limit int) (at []byte, filled bool, err error) {
	defer func() {
		if e := w.close(); err == nil {
			err = e
		}
	}()
	var now spot
	for rows := 0; limit < 0 || rows < limit; rows++ {
		var ok bool
		if now, ok = w.next(); !ok {
			return nil, true, nil
		}
		if err := stopped(p.ctx); err != nil {
			return nil, false, err
		}
		if now.rid == 0 { // there is nothing here
			continue
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
	return now.encode(), false, nil
}
