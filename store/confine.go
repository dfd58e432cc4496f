package store

import (
	"errors"
	"fmt"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store/kv"
)

// The letters of what a principal may do, by which their token's reach is asked
// about: see [fhir.Reach].
const (
	toCreate = 'c'
	toRead   = 'r'
	toUpdate = 'u'
	toDelete = 'd'
	toSearch = 's'
	toRefer  = 0
)

var letterOf = map[fhir.Method]byte{fhir.Create: toCreate, fhir.Update: toUpdate, fhir.Delete: toDelete}

// as is the view of who does something else with what it shows.
func (v view) as(letter byte) view {
	v.letter = letter
	return v
}

// confined reports whether the principal's token reaches only some resources of a
// type. An unlimited principal pays for one comparison.
func (v view) confined(typ string) bool {
	if v.sight == nil || v.sight.reach == nil {
		return false
	}
	_, all := v.sight.reach.Within(typ, v.letter)
	return !all
}

// within is what of a type the token reaches. Its queries are read as they are of
// this server; one that cannot be read reaches nothing.
func (v view) within(typ string) (search.Within, error) {
	queries, _ := v.sight.reach.Within(typ, v.letter)
	return search.ParseWithin(typ, queries, search.Options{Own: v.own, Now: v.now})
}

// reaches reports whether the token reaches a version, by its content. A deletion is
// judged by the version before it; what cannot be read is not reached.
func (v view) reaches(typ string, r rid, ver *fhir.Version) (bool, error) {
	if !v.confined(typ) {
		return true, nil
	}
	for ver.Deleted() {
		n := parseVno(ver.VersionID)
		if n <= 1 {
			return false, nil
		}
		var err error
		if ver, err = v.version(typ, r, n-1); errors.Is(err, kv.ErrDamaged) {
			return false, nil
		} else if err != nil {
			return false, err
		}
	}
	if ver.Damage != "" {
		return false, nil
	}
	content, err := contentOf(ver)
	if err != nil || content == nil {
		return false, err
	}
	return v.admits(typ, ver.ID, content)
}

// admits is reaches for the content of a resource.
func (v view) admits(typ, id string, content *fhir.Resource) (bool, error) {
	w, err := v.within(typ)
	if err != nil {
		return false, err
	}
	return w.Holds(id, content), nil
}

// reachStream is the resources of a type that the token reaches: of each query those
// that meet it, whoever owns them.
func (s *selection) reachStream() (anyOf, error) {
	w, err := s.v.within(s.typ)
	if err != nil {
		return nil, err
	}
	return s.v.whole().meetsAny(s.ctx, s.typ, w)
}

// unreached refuses a change of what its condition has found and the token does not
// reach for changing: to go on as if there were nothing would write over it.
func (p *planner) unreached(c *fhir.Change, s *step) {
	p.refused.add(c, fhir.Forbidden, false, fhir.Issue{Expression: s.typ, Rule: "auth",
		Message: fmt.Sprintf("The condition %s?%s finds a resource that the access token does not reach for this.", c.Type, c.Condition), Expected: "a scope on " + s.typ + " with the letter " + string(rune(letterOf[c.Method])),
		Fix: "Get a token with such a scope, or send a condition that finds another one."})
}

// outside refuses a change whose resource the token would not reach as it becomes:
// written by a change from outside, it must meet the scopes as the one before did.
func (p *planner) outside() error {
	for i := range p.steps {
		c, s := &p.tx.Changes[i], &p.steps[i]
		if s.applied != fhir.Created && s.applied != fhir.Updated {
			continue
		}
		v := p.judging(c).as(letterOf[c.Method])
		if !v.confined(s.typ) {
			continue
		}
		ok, err := v.admits(s.typ, s.id, s.resource)
		if err != nil {
			return err
		}
		if !ok {
			p.refused.add(c, fhir.Forbidden, false, fhir.Issue{Expression: s.typ, Rule: "auth",
				Message: "The access token does not reach the " + s.typ + " as it would be: its scopes are confined to a patient or by a query.",
				Fix:     "Send a resource that meets them, or get a token with another scope."})
		}
	}
	return p.refused.err(p.tx.Changes)
}
