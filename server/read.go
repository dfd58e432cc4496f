package server

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
)

// read gives the current version of a resource, 410 when it is deleted:
// https://hl7.org/fhir/R4/http.html#read
func (s *Server) read(c *gin.Context) error {
	typ, id := c.Param("type"), c.Param("id")
	v, err := s.config.Repository.Read(c.Request.Context(), typ, id)
	if typ == "OperationDefinition" && fhir.KindOf(err) == fhir.NotFound {
		if text := s.definition(exchangeOf(c).base, id); text != nil {
			return s.send(c, http.StatusOK, text)
		}
	}
	if err != nil {
		return err
	}
	return s.sendCurrent(c, v)
}

func (s *Server) sendCurrent(c *gin.Context, v *fhir.Version) error {
	if v.Deleted() {
		return gone(v)
	}
	x := exchangeOf(c)
	if err := x.permitVersion(v); err != nil {
		return err
	}
	if x.unchanged(c.Request.Header, v) {
		x.stamp(c.Writer.Header(), v)
		if x.content {
			c.Header(headerETag, contentTag(v.VersionID))
		}
		c.Writer.WriteHeader(http.StatusNotModified)
		return nil
	}
	if x.content {
		return s.sendContent(c, v)
	}
	return s.sendVersion(c, http.StatusOK, v)
}

func gone(v *fhir.Version) error {
	f := refuse(http.StatusGone, fhir.Deleted, fhir.Issue{
		Message: "The resource " + v.Ref() + " was deleted at " + v.LastUpdated.UTC().Format(fhir.InstantLayout) + ".",
		Fix:     "Read what it was at " + v.Ref() + "/_history.",
	})
	stamp(f.header, v)
	return f
}
