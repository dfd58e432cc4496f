package store

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir/search"
)

// stream is an ascending sequence of resource numbers that can leap. Seeking
// may also go back.
type stream interface {
	// seek gives the first number at or behind r, 0 at the end.
	seek(r rid) (rid, error)
	close() error
}

// keyStream is the resources that have one key: its rows are in their order.
type keyStream struct {
	rows *rows
	key  []byte
	open bool // it stands somewhere
	at   rid  // of the row; 0 behind the last one
	from rid  // there is nothing between from and at
	leap *int // counts the seeks, where somebody asks; they are what costs
}

func (v view) keyStream(typ, param string, key []byte) *keyStream {
	return &keyStream{rows: v.rows(typ, param, search.Range{Lo: key, Exact: true}, false), key: key}
}

// near is how many rows a stream steps over before it seeks.
const near = 8

func (s *keyStream) seek(r rid) (rid, error) {
	if s.open && s.from <= r && (r <= s.at || s.at == 0) {
		return s.at, nil
	}
	if s.open && s.at != 0 && s.at < r {
		for range near {
			if s.settle(r, s.rows.next()); s.at == 0 || s.at >= r {
				return s.at, nil
			}
		}
	}
	if s.leap != nil {
		*s.leap++
	}
	s.settle(r, s.rows.seek(s.key, r))
	return s.at, nil
}

func (s *keyStream) settle(from rid, ok bool) {
	s.open, s.at, s.from = true, 0, from
	if ok {
		s.at = s.rows.rid
	}
}

func (s *keyStream) close() error { return s.rows.close() }

// union is the numbers of any of its streams.
type union struct {
	in []stream
	at []rid // where each stands; 0 at its end
}

// unionOf saves the union where one stream is all there is.
func unionOf(in []stream) stream {
	if len(in) == 1 {
		return in[0]
	}
	return &union{in, make([]rid, len(in))}
}

func (u *union) seek(r rid) (least rid, err error) {
	for i, s := range u.in {
		if u.at[i], err = s.seek(r); err != nil {
			return 0, err
		}
		if u.at[i] != 0 && (least == 0 || u.at[i] < least) {
			least = u.at[i]
		}
	}
	return least, nil
}

func (u *union) close() (err error) {
	for _, s := range u.in {
		if e := s.close(); err == nil {
			err = e
		}
	}
	return err
}

// list is numbers in ascending order, each once.
type list []rid

func listOf(rids []rid) list {
	slices.Sort(rids)
	return slices.Compact(rids)
}

func (l list) seek(r rid) (rid, error) {
	if i, _ := slices.BinarySearch(l, r); i < len(l) {
		return l[i], nil
	}
	return 0, nil
}

func (l list) close() error { return nil }
