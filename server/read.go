package server

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
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
		return s.gone(c.Request.Context(), v)
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

// gone says that a resource was deleted, or that its content was purged.
func (s *Server) gone(ctx context.Context, v *fhir.Version) error {
	issue := fhir.Issue{
		Message: "The resource " + v.Ref() + " was deleted at " + v.LastUpdated.UTC().Format(fhir.InstantLayout) + ".",
		Fix:     "Read what it was at " + v.Ref() + "/_history.",
	}
	if p := s.purged(ctx, v); p != nil {
		issue = fhir.Issue{Rule: "purge",
			Message: fmt.Sprintf("The content of %s was erased for good at %s, by commit %d.", v.Ref(), p.Time.UTC().Format(fhir.InstantLayout), p.Seq),
			Fix:     "Nothing brings it back. Its history tells which versions there were.",
		}
	}
	f := refuse(http.StatusGone, fhir.Deleted, issue)
	stamp(f.header, v)
	return f
}

// purged is the purge of a version, or of the one that a deletion has ended; nil where
// there was none.
func (s *Server) purged(ctx context.Context, v *fhir.Version) *fhir.Purged {
	n, err := strconv.Atoi(v.VersionID)
	if v.Purged != nil || err != nil || n < 2 {
		return v.Purged
	}
	before, err := s.config.Repository.VRead(ctx, v.Type, v.ID, strconv.Itoa(n-1))
	if err != nil {
		return nil // who does not see it is told of a deletion
	}
	return before.Purged
}
