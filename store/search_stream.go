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

// approach is a stream's seek, which may end before what it seeks: see
// [keyStream.approach].
func approach(s stream, r rid) (at rid, sure bool, err error) {
	if s, ok := s.(interface {
		approach(r rid) (rid, bool, error)
	}); ok {
		return s.approach(r)
	}
	at, err = s.seek(r)
	return at, true, err
}

// has reports whether a stream has a number, without a look for the next one.
func has(s stream, r rid) (bool, error) {
	if known, ok := s.(interface{ has(r rid) (bool, error) }); ok {
		return known.has(r)
	}
	for {
		if at, sure, err := approach(s, r); sure || at != r || err != nil {
			return at == r, err
		}
	}
}

// keyStream is the resources that have one key: its rows are in their order.
type keyStream struct {
	rows *rows
	key  []byte
	open bool   // it stands somewhere
	at   rid    // of the row; 0 behind the last one
	from rid    // there is nothing between from and at
	leap *int   // counts the seeks, where somebody asks; they are what costs
	wish func() // called after many of them, once; nil for nobody
	far  int    // how many there were, for the wish
}

func (v view) keyStream(typ, param string, key []byte) *keyStream {
	return &keyStream{rows: v.rows(typ, param, search.Range{Lo: key, Exact: true}, false), key: key}
}

// near is how many rows a stream steps over before it seeks.
const near = 8

func (s *keyStream) seek(r rid) (rid, error) {
	for {
		if at, sure, err := s.approach(r); sure || err != nil {
			return at, err
		}
		r = s.at
	}
}

// approach gives a number at or behind r such that there is none between the two, 0 at
// the end, and whether it is one of the stream for sure: a resource had the key once,
// and may have it no more. Asked again for a number that is not sure it goes on.
func (s *keyStream) approach(r rid) (at rid, sure bool, err error) {
	on := s.open && s.from <= r
	switch {
	case on && (s.at == 0 || r < s.at || r == s.at && s.rows.held):
		return s.at, s.at == 0 || s.rows.held, nil
	case on && r == s.at:
		s.settle(r, true)
	default:
		steps := 0
		if s.open && s.at != 0 && s.at < r {
			steps = near
		}
		ok, sought := s.rows.onto(s.key, r, steps)
		if sought && s.leap != nil {
			*s.leap++
		}
		if sought && s.wish != nil {
			if s.far++; s.far == postedLimits.leaps {
				s.wish()
			}
		}
		s.settle(r, ok)
	}
	return s.at, s.at == 0 || s.rows.held, nil
}

func (s *keyStream) settle(from rid, ok bool) {
	s.open, s.at, s.from = true, 0, from
	if s.rows.settle(ok, stretches.some) {
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

func (u *union) approach(r rid) (least rid, sure bool, err error) {
	for i, s := range u.in {
		at, held, err := approach(s, r)
		if err != nil {
			return 0, false, err
		}
		switch u.at[i] = at; {
		case at == 0 || least != 0 && at > least:
		case at == least:
			sure = sure || held
		default:
			least, sure = at, held
		}
	}
	return least, sure || least == 0, nil
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
