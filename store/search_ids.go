package store

import (
	"bytes"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
)

// idWalk is the order of the logical ids. It also passes resources that do not
// stand: the selection knows those.
type idWalk struct {
	it     kv.Iterator
	prefix int
	begin  func() bool
	err    error
}

func (v view) ids(o order, behind *spot) *idWalk {
	prefix := keyTable(tableIdentity, o.typ)
	w := &idWalk{it: v.r.Iterate(prefix, after(prefix), o.by.Descending), prefix: len(prefix)}
	w.begin = w.it.Next
	if behind != nil {
		w.begin = func() bool {
			ok := w.it.Seek(keyIdentity(o.typ, string(behind.key)))
			if ok && bytes.Equal(w.it.Key()[w.prefix:], behind.key) {
				return w.it.Next()
			}
			return ok
		}
	}
	return w
}

func (w *idWalk) next() (spot, bool) {
	step := w.it.Next
	if w.begin != nil {
		step, w.begin = w.begin, nil
	}
	if !step() {
		return spot{}, false
	}
	i, err := decodeIdentity(w.it.Value())
	if err != nil {
		w.err = err
		return spot{}, false
	}
	return spot{append([]byte{}, w.it.Key()[w.prefix:]...), i.rid}, true
}

func (w *idWalk) counts(*selection, *fhir.Version) (bool, error) { return true, nil }

func (w *idWalk) close() error {
	err := w.it.Close()
	if w.err != nil {
		return w.err
	}
	return err
}
