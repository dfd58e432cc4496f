package store

import (
	"fmt"

	"github.com/pestle-fhir/pestle/fhir"
)

// decide finds the resource that a change is about and what becomes of it.
func (p *planner) decide(i int) error {
	c, s := &p.tx.Changes[i], &p.steps[i]
	s.typ, s.id, s.same, s.resource = c.Type, c.ID, -1, c.Resource
	if !p.wellFormed(c) {
		return nil
	}
	settled := false
	var err error
	if c.Condition != "" {
		settled, err = p.condition(i)
	}
	if err == nil && !settled {
		err = p.choose(i)
	}
	p.claim(i)
	if c.FullURL != "" && c.Method != fhir.Delete {
		p.name(i)
	}
	return err
}

// choose decides a change on one resource, which a condition may have found.
func (p *planner) choose(i int) error {
	c, s := &p.tx.Changes[i], &p.steps[i]
	if s.id == "" {
		s.id = p.ids[i]
	}
	if err := p.find(s); err != nil {
		return err
	}
	switch c.Method {
	case fhir.Create:
		p.create(c, s)
	case fhir.Update:
		p.update(c, s)
	case fhir.Delete:
		p.remove(c, s)
	}
	return nil
}

// find reads what stands in the place of a resource.
func (p *planner) find(s *step) error {
	now, ok, err := p.v.identity(s.typ, s.id)
	if err != nil || !ok {
		return err
	}
	s.before, err = p.v.standing(s.typ, now.rid, now.vno)
	err = about(err, s.typ, s.id)
	if s.before != nil {
		s.now = identity{now.rid, parseVno(s.before.VersionID), s.before.Seq, s.before.Deleted()}
	}
	return err
}

func (p *planner) create(c *fhir.Change, s *step) {
	switch {
	case s.before == nil:
		s.applied = fhir.Created
	case c.IfAbsent:
		s.applied = fhir.Matched
	default:
		p.refused.add(c, fhir.Conflict, false, fhir.Issue{
			Message: fmt.Sprintf("%s exists already.", s.ref()), Expected: "an id that has never been used",
			Fix: "Leave the id to the server, or update the resource.",
		})
	}
}

func (p *planner) update(c *fhir.Change, s *step) {
	switch {
	case c.IfAbsent && s.before != nil:
		s.applied = fhir.Matched
	case c.IfNoneMatch && s.before != nil && !s.before.Deleted():
		p.refused.add(c, fhir.Conflict, true, fhir.Issue{
			Message:  fmt.Sprintf("%s exists already, against If-None-Match: *.", s.ref()),
			Expected: "no version", Found: "version " + s.before.VersionID,
		})
	case !p.matches(c, s):
	case s.before == nil || s.before.Deleted():
		s.applied = fhir.Created
	default:
		s.applied = fhir.Updated
	}
}

func (p *planner) remove(c *fhir.Change, s *step) {
	switch {
	case !p.matches(c, s):
	case s.before == nil || s.before.Deleted():
		s.applied = fhir.Unchanged
	default:
		s.applied = fhir.Removed
	}
}

// matches refuses a change whose If-Match does not hold.
func (p *planner) matches(c *fhir.Change, s *step) bool {
	if c.Matches(s.before) {
		return true
	}
	about := *c
	about.ID = s.id
	p.refused.add(c, fhir.Conflict, true, about.Overtaken(s.before))
	return false
}
