package store

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
)

// Owners are the rules of whose a resource is, and of whose resources a principal
// sees. All that the store keeps of owners follows from the log by them.
type Owners interface {
	// Version names the rules: a database that was written by others renews what
	// it keeps.
	Version() string
	// Public reports whether everybody sees the resources of a type.
	Public(typ string) bool
	// Of returns what a version says about whose its resource is. r is its content,
	// nil for a deletion. It depends on nothing else.
	Of(v *fhir.Version, r *fhir.Resource) fhir.Ownership
	// Sight returns whose resources a principal sees; all for everybody's.
	Sight(p fhir.Principal) (owners []string, all bool)
}

// sight is which resources the principal of a request sees. A nil one sees all.
type sight struct {
	rules  Owners // nil for everybody's
	owners []string
	org    string // that they act for; they may choose ids in its name
	free   bool   // they may choose any id that is free

	reach fhir.Reach // of their token; nil for all
}

// sightOf is the sight of the principal of a context.
func (db *DB) sightOf(ctx context.Context) *sight {
	p := fhir.PrincipalIn(ctx)
	owners, all := []string(nil), true
	if db.opts.Owners != nil {
		owners, all = db.opts.Owners.Sight(p)
	}
	switch {
	case !all:
		return &sight{db.opts.Owners, owners, p.OnBehalf, p.ChoosesIDs, p.Reach}
	case p.Reach != nil:
		return &sight{free: p.ChoosesIDs, reach: p.Reach}
	}
	return nil
}

// names reports whether the principal may choose an id: one in the name of their
// organisation, such as no other chooses, or any.
func (s *sight) names(id string) bool {
	if s.free || s.reach != nil {
		return s.free
	}
	n := len(s.org)
	return n > 0 && len(id) > n+1 && strings.EqualFold(id[:n], s.org) && (id[n] == '-' || id[n] == '.')
}

// limited reports whether the view shows only a part of a type.
func (v view) limited(typ string) bool { return v.owns(typ) || v.confined(typ) }

// owns reports whether the view shows only what some owners have of a type.
func (v view) owns(typ string) bool {
	return v.sight != nil && v.sight.rules != nil && !v.sight.rules.Public(typ)
}

// whole is the view without the limits of a principal: what the server decides on.
func (v view) whole() view {
	v.sight = nil
	return v
}

// sees reports whether a resource is shown, as it is at the view's sequence; ver
// is its version there, nil for none. One that is deleted is shown to those whose
// it was.
func (v view) sees(typ string, r rid, ver *fhir.Version) (bool, error) {
	if ver == nil {
		return false, nil
	}
	if ok, err := v.reaches(typ, r, ver); !ok || err != nil {
		return false, err
	}
	if !v.owns(typ) {
		return true, nil
	}
	own, ok, err := v.owned(target{typ, r})
	if err != nil || !ok || !own.any(v.sight.owners) {
		return false, err
	}
	if own.since <= v.at {
		return own.now(v.sight.owners), nil
	}
	at := v.at
	if ver.Done() == fhir.Delete {
		at = ver.Seq - 1
	}
	return v.overlaps(typ, r, at, at)
}

// seesVersion reports whether a version is shown: whether its resource had an
// owner whose resources the principal sees while it was current.
func (v view) seesVersion(typ string, r rid, ver *fhir.Version) (bool, error) {
	if ok, err := v.reaches(typ, r, ver); !ok || err != nil {
		return false, err
	}
	if !v.owns(typ) {
		return true, nil
	}
	own, ok, err := v.owned(target{typ, r})
	if err != nil || !ok || !own.any(v.sight.owners) {
		return false, err
	}
	from, to := ver.Seq, v.at
	next, err := v.endOf(typ, r, parseVno(ver.VersionID))
	if err != nil {
		return false, err
	}
	if next > 0 {
		to = min(to, next-1)
	}
	if ver.Done() == fhir.Delete {
		from, to = from-1, from-1 // its rows have ended
	}
	return v.overlaps(typ, r, from, to)
}

// endOf is the commit of the version after one, which may be damaged itself; 0
// where there is none.
func (v view) endOf(typ string, r rid, n vno) (fhir.Seq, error) {
	b, ok, err := v.r.Get(keyVersion(typ, r, n+1))
	if errors.Is(err, kv.ErrDamaged) {
		return v.seqOf(typ, r, n+1)
	}
	if err != nil || !ok {
		return 0, err
	}
	next, err := decodeVersion(typ, n+1, b)
	if err != nil {
		return 0, err
	}
	return next.Seq, nil
}

// unlessHidden is the error of a resource that cannot be read, nil where the
// principal does not see it: they are not told that there is one.
func (v view) unlessHidden(err error, typ string, r rid) error {
	if err == nil || !errors.Is(err, kv.ErrDamaged) || !v.limited(typ) || r == 0 {
		return err // without its number nobody can tell whose it is: the ids beside it fail alike
	}
	if v.confined(typ) {
		return nil // nobody can tell what it holds
	}
	own, ok, e := v.owned(target{typ, r})
	if e != nil || ok && own.now(v.sight.owners) {
		return err
	}
	return nil
}

// shownVersion is the version where it is shown, else nil.
func (v view) shownVersion(typ string, r rid, ver *fhir.Version) (*fhir.Version, error) {
	if ok, err := v.seesVersion(typ, r, ver); !ok || err != nil {
		return nil, err
	}
	return ver, nil
}

// overlaps reports whether the principal sees an owner that a resource had at any
// time from one commit to another, both included.
func (v view) overlaps(typ string, r rid, from, to fhir.Seq) (bool, error) {
	for _, owner := range v.sight.owners {
		prefix := appendRid(keyOwner(typ, owner), r)
		it := v.r.Iterate(appendDown(bytes.Clone(prefix), to), after(prefix), false)
		found := it.Next() && heldAt(it.Value(), from) // no two rows overlap: the newest decides
		if err := ended(it, nil); err != nil || found {
			return found, err
		}
	}
	return false, nil
}

// owned reads what decides on the owners of a resource, whatever the view's
// sequence; false where there is nothing, as of the public types.
func (v view) owned(t target) (o ownership, ok bool, err error) {
	b, ok, err := v.r.Get(keyOwned(t))
	if err != nil || !ok {
		return o, false, err
	}
	o, err = decodeOwnership(b)
	return o, err == nil, err
}

// place is where an owner is in the list, or would be.
func (o *ownership) place(owner string) (i int, ok bool) {
	return slices.BinarySearchFunc(o.owners, owner, func(s share, owner string) int {
		switch {
		case s.owner < owner:
			return -1
		case s.owner > owner:
			return 1
		}
		return 0
	})
}

// any reports whether one of the owners is or was one of the resource.
func (o *ownership) any(owners []string) bool {
	return slices.ContainsFunc(owners, func(owner string) bool {
		_, ok := o.place(owner)
		return ok
	})
}

// now reports whether one of the owners is one of the resource.
func (o *ownership) now(owners []string) bool {
	return slices.ContainsFunc(owners, func(owner string) bool {
		i, ok := o.place(owner)
		return ok && o.owners[i].reasons > 0
	})
}

// all are the owners that the resource has.
func (o *ownership) all() (owners []string) {
	for _, s := range o.owners {
		if s.reasons > 0 {
			owners = append(owners, s.owner)
		}
	}
	return owners
}

// own are the owners that it has by itself.
func (o *ownership) own() []string { return joined(o.writers, o.named) }

// joined joins two lists that are in order.
func joined(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}
