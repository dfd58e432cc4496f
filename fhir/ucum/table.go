package ucum

import (
	"math/big"
	"sort"
	"strings"
)

// prefix is a metric prefix.
type prefix struct{ code, value string }

// atom is a unit that has a code of its own: so many of another unit, or, with
// no value, a canonical unit.
type atom struct {
	code     string
	metric   bool   // takes prefixes
	value    string // decimal
	unit     string
	function string // of the special units
}

func atomOf(code string) *atom {
	i := sort.Search(len(atoms), func(i int) bool { return atoms[i].code >= code })
	if i < len(atoms) && atoms[i].code == code {
		return &atoms[i]
	}
	return nil
}

// split takes a symbol apart into prefix and atom; the prefix may be empty.
func split(symbol string) (p *prefix, a *atom) {
	if a := atomOf(symbol); a != nil {
		return nil, a
	}
	for i := range prefixes {
		if rest, ok := strings.CutPrefix(symbol, prefixes[i].code); ok {
			if a := atomOf(rest); a != nil && a.metric {
				return &prefixes[i], a
			}
		}
	}
	return nil, nil
}

// resolve is the unit that a symbol stands for; ok is false when there is none.
func resolve(symbol string) (u Unit, ok bool) {
	p, a := split(symbol)
	if a == nil {
		return Unit{}, false
	}
	switch {
	case a.value == "":
		u = Unit{factor: one, powers: []power{{a.code, 1}}}
	case a.function != "":
		u = specialUnit(a)
	default:
		base, _, err := parse(a.unit)
		if err != nil {
			return Unit{}, false
		}
		u = base.times(Unit{factor: ratOf(a.value)}, false)
	}
	if p != nil {
		u = u.scaled(ratOf(p.value))
	}
	return u, true
}

// scaled is a multiple of the unit.
func (u Unit) scaled(by *big.Rat) Unit {
	if u.special != nil {
		s := *u.special
		s.scale = new(big.Rat).Mul(s.scale, by)
		u.special = &s
		return u
	}
	return u.times(Unit{factor: by}, false)
}

// ratOf reads a number of the tables.
func ratOf(s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		panic("ucum: bad number in the table: " + s)
	}
	return r
}
