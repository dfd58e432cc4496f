package server

import (
	"context"
	"errors"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/server/auth"
)

// patchTries is how often a patch is applied anew because another write came
// in between. Of writers that meet, one always gets through.
const patchTries = 100

// patch changes a part of a resource: https://hl7.org/fhir/R4/http.html#patch
// The patch is applied to the version that stands, and again when that is
// another one at the commit, as long as If-Match allows that one.
//
// Whether a patch succeeds tells what the resource holds: a test operation, a
// path that is there or is not. So it needs the right to read besides that to
// update.
func (s *Server) patch(c *gin.Context) error {
	return s.patchOne(c, func() (string, error) { return c.Param("id"), nil }, "")
}

// patchConditional patches the one resource that a search finds.
func (s *Server) patchConditional(c *gin.Context) error {
	if err := exchangeOf(c).permitSome(c.Param("type"), auth.Read); err != nil {
		return err
	}
	query, err := s.searchOf(c)
	if err != nil {
		return err
	}
	return s.patchOne(c, func() (string, error) { return s.findOne(c.Request.Context(), c.Param("type"), query) }, query)
}

// patchOne patches the resource that is found, unless that was done before: the patch may
// have changed what finds it. The condition that found it, if any, must find it and no other
// at the commit too.
func (s *Server) patchOne(c *gin.Context, find func() (id string, err error), condition string) error {
	if err := exchangeOf(c).permitSome(c.Param("type"), auth.Read); err != nil {
		return err
	}
	apply, err := s.difference(c.Request)
	if err != nil {
		return err
	}
	if done, err := s.repeated(c, s.receipt(c)); err != nil {
		return err
	} else if done != nil {
		exchangeOf(c).accountFor(done.Results[:1])
		return s.sendUpdated(c, done.Results[0], nil)
	}
	id, err := find()
	if err != nil {
		return err
	}
	result, notes, err := s.applyOne(c, id, condition, apply)
	if err != nil {
		return err
	}
	return s.sendUpdated(c, result, notes)
}

// applyOne applies a change to the current version of a resource and commits it.
func (s *Server) applyOne(c *gin.Context, id, condition string, apply difference) (fhir.Result, []fhir.Issue, error) {
	match, err := ifMatch(c.Request.Header.Values("If-Match"), "")
	if err != nil {
		return fhir.Result{}, nil, err
	}
	for try := 1; ; try++ {
		change, err := s.patched(c.Request.Context(), c.Param("type"), id, match, apply)
		if err != nil {
			return fhir.Result{}, nil, err
		}
		change.Condition = condition
		notes, err := s.check(c.Request.Context(), change.Resource)
		if err != nil {
			return fhir.Result{}, nil, err
		}
		result, err := s.commit(c, change)
		if overtaken(err) && try < patchTries {
			continue
		}
		return result, notes, err
	}
}

// overtaken reports whether a commit failed because of another version.
func overtaken(err error) bool {
	var e *fhir.Error
	return errors.As(err, &e) && e.Precondition && e.Kind == fhir.Conflict
}

// patched applies a patch to the version that stands, and makes it a change of
// just that version.
func (s *Server) patched(ctx context.Context, typ, id, match string, apply difference) (fhir.Change, error) {
	change := fhir.Change{Method: fhir.Update, Type: typ, ID: id, IfMatch: match}
	current, err := s.config.Repository.Read(ctx, typ, id)
	if err != nil {
		return change, err
	}
	if current.Deleted() {
		return change, s.gone(ctx, current)
	}
	if err := exchangeIn(ctx).permitVersion(current); err != nil {
		return change, err
	}
	exchangeIn(ctx).show(current)
	if !change.Matches(current) {
		err := fhir.E("patch", fhir.Conflict, change.Overtaken(current))
		err.Precondition = true
		return change, err
	}
	change.IfMatch = current.VersionID
	before, err := current.Resource()
	if err != nil {
		return change, err
	}
	change.Resource, err = exchangeIn(ctx).patched(ctx, before, apply)
	if err != nil {
		return change, err
	}
	if err := exchangeIn(ctx).permitWritten(ctx, change.Resource); err != nil {
		return change, err
	}
	// Places in the result are none in what was sent.
	change.Resource = change.Resource.Located(func(int) fhir.Position { return fhir.Position{} })
	if r := change.Resource; r.Type() != typ || r.ID() != id {
		return change, fhir.E("patch", fhir.Processing, fhir.Issue{
			Message:    "A patch cannot make another resource of the one it is applied to.",
			Expression: typ + ".id", Expected: typ + "/" + id, Found: r.Type() + "/" + r.ID(),
		})
	}
	return change, nil
}

// patched applies a patch to what the caller is shown of a resource.
func (x *exchange) patched(ctx context.Context, before *fhir.Resource, apply difference) (*fhir.Resource, error) {
	if x.identity.Hidden == nil {
		return apply(ctx, before)
	}
	return x.identity.Hidden.Patched(before, func(part *fhir.Resource) (*fhir.Resource, error) { return apply(ctx, part) })
}

// findOne finds the one resource that meets a condition.
func (s *Server) findOne(ctx context.Context, typ, query string) (id string, err error) {
	q, err := search.ParseCondition(typ, query, search.Options{Own: exchangeIn(ctx).own, Custom: exchangeIn(ctx).custom, Now: s.now()})
	if err != nil {
		return "", err
	}
	q.Count = 2
	found, err := s.config.Repository.Search(ctx, q)
	if err != nil {
		return "", overtime(deciding, err)
	}
	switch len(found.Matches) {
	case 1:
		return found.Matches[0].ID, nil
	case 0:
		return "", fhir.E("patch", fhir.NotFound, fhir.Issue{Message: "The condition " + typ + "?" + query + " fits no resource.", Expected: "exactly one"})
	}
	return "", fhir.E("patch", fhir.MultipleMatches, fhir.Issue{
		Message: "The condition " + typ + "?" + query + " fits more than one resource.", Expected: "exactly one", Fix: "Narrow the condition until it fits one resource.",
	})
}
