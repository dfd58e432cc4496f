package server

import (
	"encoding/base64"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
)

// A Binary travels as what it holds when the client names that type in place of
// one of FHIR: https://hl7.org/fhir/R4/binary.html#rest

// wantsContent reports whether a request asks for the content of a Binary.
func wantsContent(c *gin.Context) bool {
	return c.Param("type") == "Binary" && c.Param("id") != "" && c.Request.Method == http.MethodGet && c.Query("_format") == ""
}

// sendContent answers with what a Binary holds, when that is what Accept wants.
func (s *Server) sendContent(c *gin.Context, v *fhir.Version) error {
	r, err := v.Resource()
	if err != nil {
		return err
	}
	accept := strings.Join(c.Request.Header.Values("Accept"), ",")
	name, _, err := mime.ParseMediaType(r.Get("contentType").Text())
	if err != nil || !accepted(accept, name) {
		return s.notAcceptable("Accept", accept)
	}
	data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(r.Get("data").Text()), ""))
	if err != nil {
		return err
	}
	h := c.Writer.Header()
	exchangeOf(c).stamp(h, v)
	h.Set("Content-Type", r.Get("contentType").Text())
	h.Set("Content-Length", strconv.Itoa(len(data)))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'") // what a client stored must not act as a page of ours
	if context := r.Root().Path("securityContext", "reference").Text(); context != "" {
		h.Set("X-Security-Context", context)
	}
	c.Writer.WriteHeader(http.StatusOK)
	_, _ = c.Writer.Write(data)
	return nil
}

// accepted reports whether an Accept header takes a type.
func accepted(accept, name string) bool {
	family, _, _ := strings.Cut(name, "/")
	for _, item := range strings.Split(accept, ",") {
		wanted, _, err := mime.ParseMediaType(item)
		if err == nil && quality(item) > 0 && (wanted == name || wanted == family+"/*") {
			return true
		}
	}
	return false
}

// wrapped makes a Binary of a body that is none of FHIR's types.
func (s *Server) wrapped(r *http.Request, id string) (*fhir.Resource, error) {
	text, err := s.text(r)
	if err != nil {
		return nil, err
	}
	return fhir.Obj("resourceType", "Binary", "id", id, "contentType", r.Header.Get("Content-Type"),
		"securityContext", fhir.Obj("reference", r.Header.Get("X-Security-Context")),
		"data", base64.StdEncoding.EncodeToString(text)).Resource(), nil
}
