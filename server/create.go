package server

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
)

// create stores a new resource under an id of the server, or with If-None-Exist
// only where no resource matches:
// https://hl7.org/fhir/R4/http.html#create and #ccreate
func (s *Server) create(c *gin.Context) error {
	r, err := s.resourceOf(c)
	if err != nil {
		return err
	}
	if intake := s.operations.intake(r); intake != nil {
		return s.takeIn(c, intake, r)
	}
	query, err := ifNoneExist(c.Request.Header, r.Type())
	if err != nil {
		return err
	}
	if query != "" {
		if err := exchangeOf(c).permitCondition(c.Request.Context(), r.Type(), query); err != nil {
			return err
		}
	}
	if err := exchangeOf(c).permitWritten(c.Request.Context(), r); err != nil {
		return err
	}
	notes, err := s.check(c.Request.Context(), r)
	if err != nil {
		return err
	}
	result, err := s.commit(c, fhir.Change{Method: fhir.Create, Type: r.Type(), Resource: r, Condition: query})
	if err != nil {
		return err
	}
	if result.Applied == fhir.Matched {
		c.Header("Location", exchangeOf(c).base+"/"+versionPath(result.Version))
		return s.sendWritten(c, http.StatusOK, result.Version, notes)
	}
	return s.sendWritten(c, http.StatusCreated, result.Version, notes)
}
