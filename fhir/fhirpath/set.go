package fhirpath

import "github.com/pestle-fhir/pestle/fhir"

// fewItems is up to where a set just compares one item with another.
const fewItems = 12

// set tells items apart by equality. Texts and numbers are found by their
// value; the rest is compared with what is alike.
type set struct {
	few   Collection
	exact map[key]struct{}
	alike map[key]Collection
}

// key is what equal items have in common. All texts of a key are equal, and
// all numbers; of another kind they may differ.
type key struct {
	kind itemKind
	num  int64
	text string
}

func (k key) exact() bool { return k.kind == str || k.kind == number || k.kind == integer }

// add puts an item in and reports whether it was new; compared is how many
// items it was compared with.
func (s *set) add(it *Item) (added bool, compared int) {
	if s.exact == nil {
		if s.few.contains(it) {
			return false, len(s.few)
		}
		s.few = append(s.few, *it)
		if len(s.few) > fewItems {
			s.grow()
		}
		return true, len(s.few)
	}
	k := keyOf(it)
	if found, compared := s.find(k, it); found {
		return false, compared
	}
	s.put(k, it)
	return true, 1 + len(s.alike[k])
}

// has reports whether an equal item is in the set.
func (s *set) has(it *Item) (found bool, compared int) {
	if s.exact == nil {
		return s.few.contains(it), len(s.few)
	}
	return s.find(keyOf(it), it)
}

func (s *set) find(k key, it *Item) (found bool, compared int) {
	if k.exact() {
		_, found = s.exact[k]
		return found, 1
	}
	like := s.alike[k]
	return like.contains(it), len(like)
}

func (s *set) put(k key, it *Item) {
	if k.exact() {
		s.exact[k] = struct{}{}
	} else {
		s.alike[k] = append(s.alike[k], *it)
	}
}

func (s *set) grow() {
	s.exact = make(map[key]struct{}, 4*fewItems)
	s.alike = make(map[key]Collection)
	for i := range s.few {
		s.put(keyOf(&s.few[i]), &s.few[i])
	}
	s.few = nil
}

func keyOf(it *Item) key {
	v := it.value()
	switch v.kind {
	case str, unreadable:
		return key{kind: str, text: v.str}
	case integer:
		return key{kind: integer, num: v.num}
	case number:
		if d := v.ref.dec; d.IsInteger() && d.BigInt().IsInt64() {
			return key{kind: integer, num: d.IntPart()}
		}
		return key{kind: number, text: plain(v.ref.dec).String()}
	case date, dateTime:
		return key{kind: dateTime}
	case element:
		if v.node.Kind() == fhir.Object {
			return key{kind: element, text: v.Type()}
		}
	}
	return key{kind: v.kind}
}
