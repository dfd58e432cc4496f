package server

import (
	"bytes"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
)

// write sends JSON in the format of the exchange.
func (s *Server) write(w http.ResponseWriter, r *http.Request, status int, text []byte) {
	x := exchangeIn(r.Context())
	if !x.nested && x.identity.Hidden != nil && len(text) > 0 {
		status, text = s.redacted(r, status, text)
	}
	if x.format.codec == &htmlCodec {
		s.inHTML(w, r, status, text)
		return
	}
	status, body := s.encoded(r, status, text)
	h := w.Header()
	set(h, "Content-Type", x.format.contentType())
	set(h, "Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client went away: nobody is left to tell
	}
}

// redacted is an answer without what is hidden from the caller; an entry of a Bundle
// is redacted with the Bundle.
func (s *Server) redacted(r *http.Request, status int, text []byte) (int, []byte) {
	x := exchangeIn(r.Context())
	out, err := x.identity.Hidden.Answer(text)
	if err == nil {
		return status, out
	}
	s.report(r, err)
	status, _, issues := s.explain(x, err)
	return status, s.outcome(x, issues)
}

// set is Header.Set for a name in the spelling of net/http, which need not be
// brought into it.
func set(h http.Header, name, value string) { h[name] = []string{value} }

// send answers with a resource.
func (s *Server) send(c *gin.Context, status int, text []byte) error {
	s.write(c.Writer, c.Request, status, text)
	return nil
}

// sendBundle answers with a Bundle, part by part where it is sent as it is.
func (s *Server) sendBundle(c *gin.Context, b *bundleText) error {
	x := exchangeOf(c)
	parts, f := b.close(), &x.format
	if x.identity.Hidden != nil && b.whole != nil && !x.nested {
		status, text := s.redacted(c.Request, http.StatusOK, bytes.Join(parts, nil))
		if status == http.StatusOK {
			var err error
			if text, err = b.complete(text); err != nil {
				return err
			}
		}
		x.identity.Hidden = nil // nothing is left to hide
		return s.send(c, status, text)
	}
	if !f.plain() || x.identity.Hidden != nil {
		return s.send(c, http.StatusOK, bytes.Join(parts, nil))
	}
	length := 0
	for _, part := range parts {
		length += len(part)
	}
	h := c.Writer.Header()
	h.Set("Content-Type", f.contentType())
	h.Set("Content-Length", strconv.Itoa(length))
	c.Writer.WriteHeader(http.StatusOK)
	if c.Request.Method == http.MethodHead {
		return nil
	}
	for _, part := range parts {
		if _, err := c.Writer.Write(part); err != nil {
			return nil //nolint:nilerr // the client went away: nobody is left to tell
		}
	}
	return nil
}

// sendVersion answers with a stored version and its headers.
func (s *Server) sendVersion(c *gin.Context, status int, v *fhir.Version) error {
	text, err := s.shorten(c, v.JSON)
	if err != nil {
		return err
	}
	exchangeOf(c).stamp(c.Writer.Header(), v)
	if v.Type == "Binary" {
		if sent, err := s.sendWhole(c, text); sent || err != nil {
			return err
		}
	}
	return s.send(c, status, text)
}

// stamp notes the version that the answer is about, and sets its headers. No
// cache keeps a format besides JSON: its ETag is the same.
func (x *exchange) stamp(h http.Header, v *fhir.Version) {
	x.version = v
	if !x.content && x.format.codec.Name != jsonCodec.Name {
		h.Set("Cache-Control", "no-store")
	}
	stamp(h, v)
}

// stamp sets the headers that tell of a version.
func stamp(h http.Header, v *fhir.Version) {
	set(h, headerETag, etag(v.VersionID))
	set(h, "Last-Modified", v.LastUpdated.UTC().Format(http.TimeFormat))
}

// versionPath is the address of a version below the base.
func versionPath(v *fhir.Version) string { return v.Ref() + "/_history/" + v.VersionID }

// sendWritten answers a write as the client prefers: with the resource where the
// caller may read it, with what there is to say about it, or with nothing.
func (s *Server) sendWritten(c *gin.Context, status int, v *fhir.Version, notes []fhir.Issue) error {
	h := c.Writer.Header()
	exchangeOf(c).stamp(h, v)
	address := exchangeOf(c).base + "/" + versionPath(v)
	if status == http.StatusCreated {
		set(h, "Location", address)
	} else {
		h.Set("Content-Location", address)
	}
	back := prefer(c.Request.Header).back
	switch {
	case back == outcomeOnly:
		return s.send(c, status, s.outcome(exchangeOf(c), noted(notes)))
	case back == minimal, !exchangeOf(c).reads(v):
		c.Writer.WriteHeader(status)
		return nil
	}
	return s.send(c, status, v.JSON)
}

// noted is what an OperationOutcome of a success says: at least that it is one.
func noted(notes []fhir.Issue) []fhir.Issue {
	if len(notes) > 0 {
		return notes
	}
	return []fhir.Issue{{Severity: fhir.Information, Code: fhir.Informational, Message: "Nothing to remark."}}
}
