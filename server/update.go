package server

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// update stores a new version of a resource, or the first one under an id that
// the client chose. If-Match names the version that must be current, and
// If-None-Match: * asks that there be none.
// https://hl7.org/fhir/R4/http.html#update and #upsert
func (s *Server) update(c *gin.Context) error {
	r, err := s.resourceOf(c)
	if err != nil {
		return err
	}
	if id := c.Param("id"); r.ID() != id {
		n := r.Get("id")
		return fhir.E("update", fhir.Invalid, fhir.Issue{
			Message: "An update carries the id of the address it is sent to.", Expression: r.Type() + ".id", Position: n.Position(),
			Expected: id, Found: n.Text(), Fix: "Put the id into the resource; without one, POST it to " + r.Type() + ".",
		})
	}
	change := fhir.Change{Method: fhir.Update, Type: r.Type(), ID: r.ID(), Resource: r}
	if change.IfNoneMatch, err = ifNoneMatch(c.Request.Header.Values("If-None-Match"), ""); err != nil {
		return err
	}
	if change.IfMatch, err = ifMatch(c.Request.Header.Values("If-Match"), ""); err != nil {
		return err
	}
	if err := s.permitUpdate(c, change); err != nil {
		return err
	}
	notes, err := s.check(c.Request.Context(), r)
	if err != nil {
		return err
	}
	result, err := s.commit(c, change)
	if err != nil {
		return err
	}
	return s.sendUpdated(c, result, notes)
}

// updateConditional updates the one resource that a search finds, or creates it
// where there is none: https://hl7.org/fhir/R4/http.html#cond-update
func (s *Server) updateConditional(c *gin.Context) error {
	r, err := s.resourceOf(c)
	if err != nil {
		return err
	}
	query, err := s.searchOf(c)
	if err != nil {
		return err
	}
	change := fhir.Change{Method: fhir.Update, Type: r.Type(), ID: r.ID(), Resource: r, Condition: query}
	if change.IfNoneMatch, err = ifNoneMatch(c.Request.Header.Values("If-None-Match"), ""); err != nil {
		return err
	}
	if change.IfMatch, err = ifMatch(c.Request.Header.Values("If-Match"), ""); err != nil {
		return err
	}
	if err := s.permitUpdate(c, change); err != nil {
		return err
	}
	notes, err := s.check(c.Request.Context(), r)
	if err != nil {
		return err
	}
	result, err := s.commit(c, change)
	if err != nil {
		return err
	}
	return s.sendUpdated(c, result, notes)
}

// searchOf is the search of a conditional update or delete: the query string
// without what is about the answer. It must say something, or it would find
// everything.
func (s *Server) searchOf(c *gin.Context) (string, error) {
	x := exchangeOf(c)
	query := search.Selecting(c.Request.URL.RawQuery)
	if err := x.permitCondition(c.Request.Context(), x.resourceType, query); err != nil {
		return "", err
	}
	if query == "" {
		f := refuse(http.StatusPreconditionFailed, fhir.Required, fhir.Issue{
			Message:  "A conditional " + c.Request.Method + " needs search parameters that find one resource.",
			Expected: x.resourceType + "?identifier=system|value or " + x.resourceType + "/id",
		})
		return "", f
	}
	return query, nil
}
