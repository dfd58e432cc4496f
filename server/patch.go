package server

import (
	"context"
	"encoding/base64"
	"errors"
	"mime"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/patch"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// patchTypes are the content types of patches besides those of a resource,
// which is FHIRPath Patch in Parameters.
var patchTypes = []string{"application/json-patch+json", "application/xml-patch+xml"}

// patchTries is how often a patch is applied anew because another write came
// in between. Of writers that meet, one always gets through.
const patchTries = 100

// difference is a patch that has been read and can be applied to a resource.
type difference func(context.Context, *fhir.Resource) (*fhir.Resource, error)

// patch changes a part of a resource: https://hl7.org/fhir/R4/http.html#patch
// The patch is applied to the version that stands, and again when that is
// another one at the commit; with If-Match it is that version or none.
func (s *Server) patch(c *gin.Context) error {
	return s.patchOne(c, c.Param("id"))
}

// patchConditional patches the one resource that a search finds.
func (s *Server) patchConditional(c *gin.Context) error {
	query, err := s.searchOf(c)
	if err != nil {
		return err
	}
	id, err := s.findOne(c.Request.Context(), c.Param("type"), query)
	if err != nil {
		return err
	}
	return s.patchOne(c, id)
}

func (s *Server) patchOne(c *gin.Context, id string) error {
	apply, err := s.difference(c.Request)
	if err != nil {
		return err
	}
	match, err := ifMatch(c.GetHeader("If-Match"), "")
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		change, err := s.patched(c.Request.Context(), c.Param("type"), id, match, apply)
		if err != nil {
			return err
		}
		notes, err := s.check(c.Request.Context(), change.Resource)
		if err != nil {
			return err
		}
		result, err := s.commit(c, change)
		if overtaken(err) && match == "" && try < patchTries {
			continue
		}
		if err != nil {
			return err
		}
		return s.sendUpdated(c, result, notes)
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
	current, err := s.Repository.Read(ctx, typ, id)
	if err != nil {
		return change, err
	}
	if current.Deleted() {
		return change, gone(current)
	}
	if match == "" {
		change.IfMatch = current.VersionID
	}
	before, err := current.Resource()
	if err != nil {
		return change, err
	}
	change.Resource, err = apply(ctx, before)
	if err != nil {
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

// difference reads the patch that a request carries.
func (s *Server) difference(r *http.Request) (difference, error) {
	if x := exchangeIn(r.Context()); x.nested {
		return entryDifference(x.resource)
	}
	name, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch name {
	case patchTypes[0], patchTypes[1]:
		text, err := s.text(r)
		if err != nil {
			return nil, err
		}
		return textDifference(name, text), nil
	}
	params, err := s.needBody(r)
	var f *failure
	if errors.As(err, &f) && f.status == http.StatusUnsupportedMediaType {
		return nil, refuse(f.status, fhir.NotSupported, fhir.Issue{
			Message: "The server does not read a patch of this Content-Type.", Found: name,
			Expected: strings.Join(patchTypes, ", ") + ", or " + strings.Join(s.types(), ", ") + " for FHIRPath Patch",
		})
	}
	if err != nil {
		return nil, err
	}
	return entryDifference(params)
}

func textDifference(contentType string, text []byte) difference {
	return func(_ context.Context, r *fhir.Resource) (*fhir.Resource, error) {
		if contentType == patchTypes[1] {
			return patch.XML(r, text)
		}
		return patch.JSON(r, text)
	}
}

// entryDifference reads a patch that is a resource: Parameters for FHIRPath
// Patch, or in a Bundle a Binary that holds one of the other kinds.
func entryDifference(r *fhir.Resource) (difference, error) {
	if r != nil && r.Type() == "Parameters" {
		return func(ctx context.Context, target *fhir.Resource) (*fhir.Resource, error) {
			return patch.FHIRPath(ctx, target, r)
		}, nil
	}
	if r != nil && r.Type() == "Binary" {
		name, _, _ := mime.ParseMediaType(r.Get("contentType").Text())
		text, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(r.Get("data").Text()), ""))
		if err == nil && (name == patchTypes[0] || name == patchTypes[1]) {
			return textDifference(name, text), nil
		}
	}
	found := "nothing"
	if r != nil {
		found = r.Type()
	}
	return nil, fhir.E("patch", fhir.Invalid, fhir.Issue{
		Message: "This is no patch.", Found: found,
		Expected: "Parameters of FHIRPath Patch; in a Bundle also a Binary whose contentType is " + strings.Join(patchTypes, " or "),
	})
}

// findOne finds the one resource that meets a condition.
func (s *Server) findOne(ctx context.Context, typ, query string) (id string, err error) {
	q, err := search.ParseCondition(typ, query, search.Options{Now: s.now()})
	if err != nil {
		return "", err
	}
	q.Count = 2
	found, err := s.Repository.Search(ctx, q)
	if err != nil {
		return "", err
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
