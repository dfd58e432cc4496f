package kvtest

import (
	"bytes"
	"context"
	"fmt"

	"github.com/pestle-fhir/pestle/store/kv"
)

// Damaged is an engine of which parts cannot be read: a read of a key in them is
// [kv.ErrDamaged], and an iterator that comes to one ends with it.
type Damaged struct {
	kv.Engine
	Parts []kv.Damage
}

func (d *Damaged) hit(key []byte) error {
	for _, p := range d.Parts {
		if bytes.Compare(p.Low, key) <= 0 && bytes.Compare(key, p.High) < 0 {
			return fmt.Errorf("%w: %s", kv.ErrDamaged, p.Where)
		}
	}
	return nil
}

// Verify returns the parts.
func (d *Damaged) Verify(context.Context, func(int) error) ([]kv.Damage, error) { return d.Parts, nil }

// Snapshot returns the state as of now.
func (d *Damaged) Snapshot() (kv.Snapshot, error) {
	s, err := d.Engine.Snapshot()
	return damagedSnapshot{s, d}, err
}

type damagedSnapshot struct {
	kv.Snapshot
	of *Damaged
}

func (s damagedSnapshot) Get(key []byte) ([]byte, bool, error) {
	if err := s.of.hit(key); err != nil {
		return nil, false, err
	}
	return s.Snapshot.Get(key)
}

func (s damagedSnapshot) Iterate(low, high []byte, reverse bool) kv.Iterator {
	return &damagedIterator{Iterator: s.Snapshot.Iterate(low, high, reverse), of: s.of}
}

type damagedIterator struct {
	kv.Iterator
	of  *Damaged
	err error // it ends for good with the first one
}

func (it *damagedIterator) at(ok bool) bool {
	if ok && it.err == nil {
		it.err = it.of.hit(it.Key())
	}
	return ok && it.err == nil
}

func (it *damagedIterator) Next() bool { return it.err == nil && it.at(it.Iterator.Next()) }
func (it *damagedIterator) Seek(key []byte) bool {
	return it.err == nil && it.at(it.Iterator.Seek(key))
}

func (it *damagedIterator) Close() error {
	if err := it.Iterator.Close(); it.err == nil {
		return err
	}
	return it.err
}
