package store

import (
	"errors"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
)

// seesPlace is [view.seesVersion] of a place in the log.
func (v view) seesPlace(p place) (bool, error) {
	if !v.limited(p.typ) {
		return true, nil
	}
	ver, err := v.version(p.typ, p.rid, p.vno)
	if errors.Is(err, kv.ErrDamaged) && v.confined(p.typ) {
		return false, nil // what it held, nobody can tell
	}
	if errors.Is(err, kv.ErrDamaged) { // whose it was then, nobody can tell
		own, ok, err := v.owned(target{p.typ, p.rid})
		return err == nil && ok && own.now(v.sight.owners), nil // shown to nobody where that cannot be read either
	}
	if err != nil {
		return false, err
	}
	return v.seesVersion(p.typ, p.rid, ver)
}

// seesAny reports whether any version of a resource up to one is shown.
func (v view) seesAny(typ string, r rid, newest vno) (bool, error) {
	if v.owns(typ) {
		own, ok, err := v.owned(target{typ, r})
		if err != nil || !ok || !own.any(v.sight.owners) {
			return false, err
		}
	}
	for n := newest; n > 0; n-- {
		if ok, err := v.seesPlace(place{typ, r, n}); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// maxCounted is how many versions of one resource are looked at to count those
// that a principal sees.
const maxCounted = 1000

// totalSeen counts the versions of a span that the principal sees: of one resource,
// and of a public type. Otherwise it would be a look at each; -1.
func (v view) totalSeen(list source, s span) (int, error) {
	switch list := list.(type) {
	case ofType:
		if !v.limited(string(list)) {
			v = v.whole()
			return v.total(list, s)
		}
	case ofTypes:
		if !slices.ContainsFunc(list, v.limited) {
			v = v.whole()
			return v.total(list, s)
		}
	case *ofResource:
		if !v.limited(list.typ) {
			v = v.whole()
			return v.total(list, s)
		}
		return v.countSeen(list, s)
	}
	return -1, nil
}

func (v view) countSeen(list *ofResource, s span) (int, error) {
	n, looked := 0, 0
	err := list.walk(v, span{first: s.first, last: s.last}, func(p place, _ fhir.LogPlace) (bool, error) {
		if looked++; looked > maxCounted {
			n = -1
			return false, nil
		}
		ok, err := v.seesPlace(p)
		if ok {
			n++
		}
		return true, err
	})
	return n, err
}
