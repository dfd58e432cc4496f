package server

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
)

// delete ends a resource; its versions stay readable. Where there is nothing to
// delete there is nothing to complain of either. The answer is 200 with an
// OperationOutcome that says so, 204 for Prefer: return=minimal.
// https://hl7.org/fhir/R4/http.html#delete
func (s *Server) delete(c *gin.Context) error {
	change := fhir.Change{Method: fhir.Delete, Type: c.Param("type"), ID: c.Param("id")}
	var err error
	if change.IfMatch, err = ifMatch(c.Request.Header.Values("If-Match"), ""); err != nil {
		return err
	}
	return s.remove(c, change)
}

// deleteConditional deletes what a search finds, up to as many at once as the server is
// set to: https://hl7.org/fhir/R4/http.html#3.1.0.7.1
func (s *Server) deleteConditional(c *gin.Context) error {
	query, err := s.searchOf(c)
	if err != nil {
		return err
	}
	change := fhir.Change{Method: fhir.Delete, Type: c.Param("type"), Condition: query}
	if change.IfMatch, err = ifMatch(c.Request.Header.Values("If-Match"), ""); err != nil {
		return err
	}
	if s.config.DeleteAtMost > 1 {
		return s.removeAll(c, change)
	}
	return s.remove(c, change)
}

func (s *Server) remove(c *gin.Context, change fhir.Change) error {
	if err := s.permitUpdate(c, change); err != nil {
		return err
	}
	result, err := s.commit(c, change)
	if err != nil {
		return err
	}
	if result.Version != nil {
		exchangeOf(c).stamp(c.Writer.Header(), result.Version)
	}
	if prefer(c.Request.Header).back == minimal {
		c.Writer.WriteHeader(http.StatusNoContent)
		return nil
	}
	return s.send(c, http.StatusOK, s.outcome(exchangeOf(c), removed(result.Applied)))
}

// removed says what came of a deletion.
func removed(applied fhir.Applied) []fhir.Issue {
	message := "The resource is deleted."
	if applied == fhir.Unchanged {
		message = "There was nothing to delete."
	}
	return []fhir.Issue{{Severity: fhir.Information, Code: fhir.Informational, Message: message}}
}
