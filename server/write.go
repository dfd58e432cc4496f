package server

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
)

// check holds a resource to its rules. The error, if any, carries every issue;
// without one, what is left are warnings and notes.
func (s *Server) check(ctx context.Context, r *fhir.Resource) ([]fhir.Issue, error) {
	issues := s.config.Validator.Validate(ctx, r)
	if err := ctx.Err(); err != nil {
		return nil, overtime(checking, err)
	}
	if fhir.HasErrors(issues) {
		return nil, &fhir.Error{Op: "validate", Kind: fhir.Processing, Issues: issues}
	}
	return issues, nil
}

// resourceOf reads the body of a create or update and holds it to the type of
// the address.
func (s *Server) resourceOf(c *gin.Context) (*fhir.Resource, error) {
	typ := c.Param("type")
	if typ == "Binary" && !exchangeOf(c).nested && c.ContentType() != "" {
		if _, err := s.contentCodec(c.GetHeader("Content-Type")); err != nil {
			return wrapped(c.Request, c.Param("id")), nil
		}
	}
	r, err := s.needBody(c.Request)
	if err != nil {
		return nil, err
	}
	if r.Type() != typ {
		return nil, fhir.E("decode", fhir.Invalid, fhir.Issue{
			Message:    "The resource is not of the type that the address names.",
			Expression: r.Type(), Position: r.Get("resourceType").Position(),
			Expected: typ, Found: r.Type(),
		})
	}
	return r, nil
}

// commit writes one change on behalf of the caller, with its Provenance where
// the request carries one.
func (s *Server) commit(c *gin.Context, change fhir.Change) (fhir.Result, error) {
	x := exchangeOf(c)
	if x.brought != nil {
		change.Content = &x.brought.content
	}
	changes, err := s.attributed(c, change)
	if err != nil {
		return fhir.Result{}, err
	}
	done, err := s.config.Repository.Commit(c.Request.Context(), &fhir.Transaction{
		Changes:   changes,
		Requester: x.identity.Requester,
		RequestID: x.requestID, Base: x.learned, Receipt: s.receipt(c),
	})
	if err != nil {
		return fhir.Result{}, undecided(x.blind(err, change.Type))
	}
	x.accountFor(done.Results[:1])
	return done.Results[0], nil
}

// accountFor notes what the answer to a write tells of: versions that it did not
// write. Those that it wrote hold who did.
func (x *exchange) accountFor(results []fhir.Result) {
	x.shown = nil
	for i := range results {
		switch r := &results[i]; r.Applied {
		case fhir.Matched, fhir.Kept:
			if r.Version != nil {
				x.show(r.Version)
			}
		}
	}
}

// sendUpdated answers an update: 201 when it made the resource.
func (s *Server) sendUpdated(c *gin.Context, result fhir.Result, notes []fhir.Issue) error {
	if result.Applied == fhir.Created {
		return s.sendWritten(c, http.StatusCreated, result.Version, notes)
	}
	return s.sendWritten(c, http.StatusOK, result.Version, notes)
}
