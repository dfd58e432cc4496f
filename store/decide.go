package store

import (
	"fmt"

	"github.com/pestle-fhir/pestle/fhir"
)

// decide finds the resource that a change is about and what becomes of it.
func (p *planner) decide(i int) error {
	c, s := &p.tx.Changes[i], &p.steps[i]
	named := owned([2]string{c.Type, c.ID}) // what is kept of the version must not keep the text of the request
	s.typ, s.id, s.same, s.resource = named[0], named[1], -1, c.Resource
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
	if err == nil {
		err = p.brought(c, s)
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
	if err := p.find(s, letterOf[c.Method]); err != nil {
		return err
	}
	if s.hidden && c.Condition != "" && c.ID == "" { // by the id that is sent, it is absent: see chooses
		p.unreached(c, s)
		return nil
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

// find reads the current version of a resource. What the requester does not
// see, or not for what they do, is not there for them.
func (p *planner) find(s *step, letter byte) error {
	v := p.judging(nil).as(letter)
	before, r, err := p.v.numberedCurrent(s.typ, s.id)
	if err != nil {
		err = v.unlessHidden(err, s.typ, r)
		s.hidden = err == nil
		return err
	}
	if before == nil {
		return nil
	}
	seen, err := v.sees(s.typ, r, before)
	if err != nil || !seen {
		s.hidden = true
		return err
	}
	s.before = before
	s.now = identity{r, parseVno(before.VersionID), before.Seq, before.Deleted()}
	return nil
}

// judging is the view that decides about a change: what the requester sees, and
// everything where the server's own business decides. Parts of a message are from
// outside all the same; c is nil for what is about no part.
func (p *planner) judging(c *fhir.Change) view {
	if p.tx.Derived && (c == nil || !c.Message) {
		return p.v.whole()
	}
	return p.v
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
	case s.before == nil && !p.chooses(c, s):
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
	case c.Purge && s.before == nil:
		p.refused.add(c, fhir.NotFound, false, fhir.Issue{Message: fmt.Sprintf("There is no %s.", s.ref())})
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

// chooses refuses an update that would create a resource under an id which the
// requester may not choose. To refuse only the ids that others have would tell of
// them, so who sees a part of the resources chooses ids in the name of their
// organisation alone: docs/adr/ownership.md.
func (p *planner) chooses(c *fhir.Change, s *step) bool {
	v := p.judging(nil).as(letterOf[c.Method])
	if c.ID == "" || !v.limited(s.typ) || !s.hidden && v.sight.names(c.ID) {
		return true
	}
	issue := fhir.Issue{Code: fhir.NotFound, Message: fmt.Sprintf("There is no %s.", s.ref()), Rule: "client-id", Found: c.ID,
		Fix: fmt.Sprintf("To create a resource, POST it to %s: the server gives it an id.", s.typ)}
	if org := v.sight.org; fhir.IsID(org) {
		issue.Expected = "a resource of yours, or an id that begins with " + org + "-"
		issue.Fix += " Or choose an id that begins with " + org + "-, which no other organisation can. For other ids the token needs the scope system/$client-ids."
	}
	p.refused.add(c, fhir.NotFound, false, issue)
	return false
}
