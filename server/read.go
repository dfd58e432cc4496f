package server

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// read gives the current version of a resource, 410 when it is deleted:
// https://hl7.org/fhir/R4/http.html#read
func (s *Server) read(c *gin.Context) error {
	typ, id := c.Param("type"), c.Param("id")
	v, err := s.readAt(c, typ, id)
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

// readAt is the current version or, with _at, the one that was current when the
// time that it names was over: https://hl7.org/fhir/R4/http.html#history. A
// date is the whole day in UTC; a time that is not over is the present.
func (s *Server) readAt(c *gin.Context, typ, id string) (*fhir.Version, error) {
	ctx, times := c.Request.Context(), exchangeOf(c).query["_at"]
	if len(times) == 0 || times[0] == "" {
		return s.config.Repository.Read(ctx, typ, id)
	}
	_, end, ok := search.Period(times[0])
	if !ok || len(times) > 1 {
		return nil, fhir.E("read", fhir.Invalid, fhir.Issue{Message: "The time is malformed.", Expression: "_at",
			Expected: instantExample, Found: strings.Join(times, ", ")})
	}
	return s.config.Repository.ReadBefore(ctx, typ, id, end)
}

func (s *Server) sendCurrent(c *gin.Context, v *fhir.Version) error {
	x := exchangeOf(c)
	if err := x.permitVersion(v); err != nil {
		return err
	}
	x.show(v)
	if v.Deleted() {
		return gone(v)
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
