package server

import (
	"encoding/base64"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/klauspost/compress/gzhttp"

	"github.com/pestle-fhir/pestle/fhir"
)

// A Binary travels as what it holds unless the client asks for one of FHIR's
// types: https://hl7.org/fhir/R4/binary.html#rest

// wantsContent reports whether a request asks for the content of a Binary: it
// names no format of FHIR, neither in _format nor, but beside */*, in Accept.
func (s *Server) wantsContent(c *gin.Context, x *exchange) bool {
	if c.Param("type") != "Binary" || x.interaction != "read" && x.interaction != "vread" || x.query.Get("_format") != "" {
		return false
	}
	best, all := 0.0, 0.0
	accept := strings.Join(c.Request.Header.Values("Accept"), ",")
	for _, item := range strings.Split(accept, ",") {
		codec, name := s.accepts(item)
		switch q := quality(item); {
		case q <= 0:
		case codec == &htmlCodec: // a browser, which shows what it gets
			all = max(all, q)
		case codec != nil && strings.HasPrefix(name, "application/fhir+"):
			return false
		case codec != nil && name != "":
			best = max(best, q)
		default:
			all = max(all, q)
		}
	}
	return accept == "" || all >= best
}

// wantsFile reports whether a request that asks for no format of FHIR asks for what
// an operation's Binary holds. A browser is shown it where it may be a page.
func (s *Server) wantsFile(c *gin.Context, x *exchange) bool {
	browser := x.refused == nil && x.format.codec == &htmlCodec
	if x.interaction != "operation" || x.refused == nil && !browser {
		return false
	}
	_, name, _ := strings.Cut(c.FullPath(), "$")
	op := s.operations.find(name, c.Param("type"), c.Param("id") != "")
	return op != nil && (!browser || slices.Contains(op.Files, "text/html")) && slices.ContainsFunc(op.Files, func(name string) bool {
		return accepted(strings.Join(c.Request.Header.Values("Accept"), ","), name)
	})
}

// sendHeld answers with what the Binary of an operation holds.
func (s *Server) sendHeld(c *gin.Context, r *fhir.Resource) error {
	name, accept := r.Get("contentType").Text(), strings.Join(c.Request.Header.Values("Accept"), ",")
	if family, _, _ := strings.Cut(name, ";"); !accepted(accept, family) {
		return s.notAcceptable("Accept", accept)
	}
	data, err := base64.StdEncoding.DecodeString(r.Get("data").Text())
	if err != nil {
		return err
	}
	c.Header("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'") // a page for paper has its style in it
	c.Data(http.StatusOK, name, data)
	return nil
}

// sendContent answers with what a Binary holds, whole or the Range of it that
// is asked for.
func (s *Server) sendContent(c *gin.Context, v *fhir.Version) error {
	if hidden := exchangeOf(c).identity.Hidden; hidden != nil {
		if err := hidden.Replace(v.Type); err != nil { // its bytes are shown whole or not at all
			return s.sendVersion(c, http.StatusOK, v)
		}
	}
	r, err := v.Resource()
	if err != nil {
		return err
	}
	accept := strings.Join(c.Request.Header.Values("Accept"), ",")
	name, _, err := mime.ParseMediaType(r.Get("contentType").Text())
	if x := exchangeOf(c); err != nil && accepted(accept, x.format.codec.Types[0]) {
		x.content = false
		return s.sendVersion(c, http.StatusOK, v) // it does not say what it holds
	}
	if err != nil || !accepted(accept, name) {
		return s.notAcceptable("Accept", accept)
	}
	data, size, err := s.contentOf(c, r)
	if err != nil {
		return err
	}
	defer func() { _ = data.Close() }()
	h := c.Writer.Header()
	exchangeOf(c).stamp(h, v)
	h.Set(headerETag, contentTag(v.VersionID))
	h.Set("Content-Type", r.Get("contentType").Text())
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'") // what a client stored must not act as a page of ours
	if !inline[name] {
		h.Set("Content-Disposition", "attachment")
	}
	h.Set(gzhttp.HeaderNoCompression, "1") // a range is one of these bytes
	if context := r.Root().Path("securityContext", "reference").Text(); context != "" {
		h.Set("X-Security-Context", context)
	}
	request := c.Request.Clone(c.Request.Context())
	for _, name := range []string{"If-Match", "If-Unmodified-Since", "If-None-Match", "If-Modified-Since"} {
		request.Header.Del(name) // decided before
	}
	w := &rangeWriter{ResponseWriter: &steady{ResponseWriter: c.Writer, x: exchangeOf(c), limit: s.config.Timeout}}
	if !inBytes(request) {
		request.Header.Del("Range")
	}
	if w.unsatisfiable = noBytes.MatchString(request.Header.Get("Range")); !w.unsatisfiable {
		http.ServeContent(w, request, "", v.LastUpdated, data)
	}
	if data.failed != nil {
		return s.brokenOff(c, data.failed)
	}
	if w.unsatisfiable {
		h.Del("Content-Disposition")
		return refuse(http.StatusRequestedRangeNotSatisfiable, fhir.ValueCode, fhir.Issue{
			Message: "The content has no such range.", Expected: fmt.Sprintf("bytes=first-last within its %d bytes", size), Found: request.Header.Get("Range"),
		}).with("Content-Range", fmt.Sprintf("bytes */%d", size))
	}
	return nil
}

// contentTag is the ETag of a Binary's content. It is a strong one, since a
// version's content never changes, and not that of the resource: the two are
// different representations.
func contentTag(versionID string) string { return `"` + versionID + `"` }

// inline are the types that a browser may show: they hold no programs.
var inline = map[string]bool{
	"application/pdf": true, "application/json": true, "text/plain": true, "text/csv": true,
	"image/png": true, "image/jpeg": true, "image/gif": true, "image/webp": true,
}

// accepted reports whether an Accept header takes a type.
func accepted(accept, name string) bool {
	if accept == "" {
		return true
	}
	family, _, _ := strings.Cut(name, "/")
	return takes(accept, name) || takes(accept, family+"/*") || takes(accept, "*/*")
}

// wrapped makes a Binary of a body that is none of FHIR's types.
func wrapped(r *http.Request, id string) *fhir.Resource {
	text := exchangeIn(r.Context()).text // nothing where the content is kept: the store has the resource refer to it
	return fhir.Obj("resourceType", "Binary", "id", id, "contentType", r.Header.Get("Content-Type"),
		"securityContext", fhir.Obj("reference", r.Header.Get("X-Security-Context")),
		"data", base64.StdEncoding.EncodeToString(text)).Resource()
}
