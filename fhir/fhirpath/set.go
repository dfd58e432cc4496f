package fhirpath

import "github.com/pestle-fhir/pestle/fhir"

// fewItems is up to where a set just compares one item with another.
const fewItems = 12

// set tells items apart by equality. Texts and numbers are found by their
// value; the rest is compared with what is alike.
type set struct {
	few     Collection
	buckets map[bucket]Collection
}

// bucket is what equal items have in common.
type bucket struct {
	kind itemKind
	text string
}

// add puts an item in and reports whether it was new; seen is how many items
// it was compared with.
func (s *set) add(it *Item) (added bool, compared int) {
	if s.buckets == nil {
		if s.few.contains(it) {
			return false, len(s.few)
		}
		s.few = append(s.few, *it)
		if len(s.few) > fewItems {
			s.grow()
		}
		return true, len(s.few)
	}
	b := bucketOf(it)
	like := s.buckets[b]
	if b.exact() && len(like) > 0 {
		return false, 1
	}
	if like.contains(it) {
		return false, len(like)
	}
	s.buckets[b] = append(like, *it)
	return true, len(like)
}

// has reports whether an equal item is in the set.
func (s *set) has(it *Item) (found bool, compared int) {
	if s.buckets == nil {
		return s.few.contains(it), len(s.few)
	}
	b := bucketOf(it)
	like := s.buckets[b]
	if b.exact() {
		return len(like) > 0, 1
	}
	return like.contains(it), len(like)
}

func (s *set) grow() {
	s.buckets = make(map[bucket]Collection, 4*fewItems)
	for i := range s.few {
		b := bucketOf(&s.few[i])
		s.buckets[b] = append(s.buckets[b], s.few[i])
	}
	s.few = nil
}

// exact reports whether all items of a bucket are equal.
func (b bucket) exact() bool { return b.kind == str || b.kind == number }

func bucketOf(it *Item) bucket {
	v := it.value()
	switch v.kind {
	case str, unreadable:
		return bucket{str, v.str}
	case integer, number:
		return bucket{number, plain(v.decimal()).String()}
	case date, dateTime:
		return bucket{kind: dateTime}
	case element:
		if v.node.Kind() == fhir.Object {
			return bucket{kind: element, text: v.Type()}
		}
	}
	return bucket{kind: v.kind}
}
