package store

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
)

// unreadable is the error of a resource that cannot be read, since a part of the
// database is damaged.
type unreadable struct {
	ref string
	err error
}

func (e *unreadable) Error() string { return e.ref + ": " + e.err.Error() }
func (e *unreadable) Unwrap() error { return e.err }

// about says in an error of damage which resource was read.
func about(err error, typ, id string) error {
	var known *unreadable
	if !errors.Is(err, kv.ErrDamaged) || errors.As(err, &known) {
		return err
	}
	return &unreadable{typ + "/" + id, err}
}

// damageIssue is what a client is told of an error of damage.
func damageIssue(err error) fhir.Issue {
	what := "A part of the database that this needs is damaged"
	var e *unreadable
	if errors.As(err, &e) {
		what, err = e.ref+" cannot be read: a part of the database is damaged", e.err
	}
	return fhir.Issue{
		Message: what + ": " + strings.TrimPrefix(err.Error(), kv.ErrDamaged.Error()+": ") + ".",
		Fix:     "Ask the operator of the server to restore it from a backup: `pestle check` names all that is damaged. Other resources are served."}
}

// salvage finds out what can be said of versions that cannot be read. Pages hold
// that in their place, so that the others are answered and nothing is left out.
type salvage struct {
	v      view
	owners map[string]map[rid]owner // by type, with their neighbours
}

// owner is the resource that has a number.
type owner struct {
	id  string
	now identity
}

// around is how many numbers on each side of one are looked up with it: what is
// damaged is next to each other.
const around = 256

// owner looks for the resource with a number among all of its type; false where
// its identity cannot be read either.
func (s *salvage) owner(typ string, r rid) (owner, bool) {
	if o, asked := s.owners[typ][r]; asked {
		return o, o.id != ""
	}
	if s.owners == nil {
		s.owners = map[string]map[rid]owner{}
	}
	if s.owners[typ] == nil {
		s.owners[typ] = map[rid]owner{}
	}
	s.owners[typ][r] = owner{}
	prefix := keyIdentity(typ, "")
	it := s.v.r.Iterate(prefix, after(prefix), false)
	for it.Next() {
		now, err := decodeIdentity(it.Value())
		if err == nil && now.rid+around >= r && now.rid <= r+around {
			s.owners[typ][now.rid] = owner{string(it.Key()[len(prefix):]), now}
		}
	}
	_ = it.Close() // what cannot be read is named by its number
	o := s.owners[typ][r]
	return o, o.id != ""
}

// version returns a placeholder for one that cannot be read.
func (s *salvage) version(typ string, r rid, n vno, why error) *fhir.Version {
	ver := &fhir.Version{Type: typ, ID: idNames(nil).id(r), VersionID: n.String(), Damage: strings.TrimPrefix(why.Error(), kv.ErrDamaged.Error()+": ")}
	if o, known := s.owner(typ, r); known {
		ver.ID = o.id
		if n == o.now.vno && o.now.deleted {
			ver.Method = fhir.Delete
		}
	}
	return ver
}

// standing is the version of a resource that is current at the view's sequence, or
// its placeholder; nil where there was none yet.
func (s *salvage) standing(typ string, r rid, why error) (*fhir.Version, error) {
	o, known := s.owner(typ, r)
	if !known {
		return s.version(typ, r, 0, why), nil
	}
	n := o.now.vno
	if o.now.seq > s.v.at {
		var err error
		if n, err = s.v.lastBefore(typ, r, n); err != nil || n == 0 {
			return nil, err
		}
	}
	ver, err := s.v.version(typ, r, n)
	if errors.Is(err, kv.ErrDamaged) {
		return s.version(typ, r, n, err), nil
	}
	return ver, err
}

// seqOf is the commit that wrote a version. Where that cannot be read, the history
// of its type knows it: 0 for a version that there is not.
func (v view) seqOf(typ string, r rid, n vno) (fhir.Seq, error) {
	ver, err := v.version(typ, r, n)
	if err == nil {
		return ver.Seq, nil
	}
	if !errors.Is(err, kv.ErrDamaged) {
		return 0, err
	}
	table := keyTable(tableHistory, typ)
	it := v.r.Iterate(table, after(table), true)
	for it.Next() {
		if h, e := decodeHistory(it.Value()); e == nil && h.rid == r && h.vno == n {
			seq := fhir.Seq(getUint(it.Key()[len(table) : len(table)+seqLen]))
			return seq, it.Close()
		}
	}
	return 0, it.Close()
}

// countDamaged counts the places of a page that hold what cannot be read.
func (db *DB) countDamaged(lists ...[]*fhir.Version) {
	for _, list := range lists {
		for _, ver := range list {
			if ver.Damage != "" {
				db.damaged.Add(1)
			}
		}
	}
}

// errOf is the error of a version that is a placeholder for one that cannot be read.
func errOf(ver *fhir.Version) error {
	return &unreadable{ver.Ref(), fmt.Errorf("%w: %s", kv.ErrDamaged, ver.Damage)}
}
