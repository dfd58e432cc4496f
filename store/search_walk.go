package store

import "github.com/pestle-fhir/pestle/store/kv"

// idWalk is the order of the logical ids; its place is an id. It also passes
// resources that do not stand: the selection knows those.
type idWalk struct {
	it     kv.Iterator
	prefix int
	first  func() bool
	err    error
}

func (v view) byID(typ string, reverse bool, place []byte) ordering {
	prefix := keyTable(tableIdentity, typ)
	w := &idWalk{it: v.r.Iterate(prefix, after(prefix), reverse), prefix: len(prefix)}
	w.first = w.it.Next
	if len(place) > 0 {
		w.first = func() bool {
			ok := w.it.Seek(keyIdentity(typ, string(place)))
			if ok && string(w.it.Key()[w.prefix:]) == string(place) {
				return w.it.Next()
			}
			return ok
		}
	}
	return w
}

func (w *idWalk) next() (rid, []byte, bool) {
	step := w.it.Next
	if w.first != nil {
		step, w.first = w.first, nil
	}
	if !step() {
		return 0, nil, false
	}
	i, err := decodeIdentity(w.it.Value())
	if err != nil {
		w.err = err
		return 0, nil, false
	}
	return i.rid, append([]byte(nil), w.it.Key()[w.prefix:]...), true
}

func (w *idWalk) close() error {
	err := w.it.Close()
	if w.err != nil {
		return w.err
	}
	return err
}
