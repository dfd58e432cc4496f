package server

import (
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/spelling"
)

// reserved are the names of interactions where a type or an id may stand, with
// the methods they are for.
var reserved = map[string]string{"_history": "GET, HEAD", "metadata": "GET, HEAD", "_search": "GET, HEAD, POST", "_async": "GET, HEAD, DELETE"}

// address checks the type and the id that a path names.
func (s *Server) address(c *gin.Context, x *exchange) error {
	typ, id := c.Param("type"), c.Param("id")
	for _, segment := range []string{typ, id} {
		if allow, ok := reserved[segment]; ok {
			return s.methodNotAllowed(c, allow)
		}
	}
	if strings.HasPrefix(typ, "$") || strings.HasPrefix(id, "$") {
		return s.operations.unknown(c)
	}
	if typ != "" && !r4.IsResource(typ) {
		return unknownType(typ, "")
	}
	x.resourceType = typ
	if id != "" && !fhir.IsID(id) {
		kind := fhir.NotFound
		if c.Request.Method == http.MethodPut {
			kind = fhir.Invalid
		}
		return fhir.E("serve", kind, fhir.Issue{
			Message: "This is no id that a resource can have.", Expected: "letters, digits, hyphens and dots, 1 to 64 of them", Found: id,
		})
	}
	if name := c.Param("member"); name != "" && c.FullPath() != "" {
		if strings.HasPrefix(name, "$") {
			return s.operations.unknown(c)
		}
		return member(typ, name)
	}
	return nil
}

func unknownType(typ, expression string) error {
	issue := fhir.Issue{
		Message: "R4 has no resource type of this name.", Expression: expression, Expected: "a resource type of FHIR R4, with its capital letters", Found: typ,
	}
	if near := spelling.One(typ, r4.ResourceTypes()); near != "" {
		issue.Fix = "Did you mean " + near + "?"
	}
	return fhir.E("serve", fhir.NotFound, issue)
}

func (s *Server) noRoute(c *gin.Context) error {
	address := c.Request.URL.Path
	issue := fhir.Issue{Message: "There is nothing at this address.", Found: address}
	for _, base := range Bases {
		rest, ok := strings.CutPrefix(address, base+"/")
		if !ok {
			continue
		}
		typ, _, _ := strings.Cut(rest, "/")
		if !r4.IsResource(typ) {
			return unknownType(typ, "")
		}
		issue.Expected = "[type], [type]/[id], [type]/[id]/_history, [type]/[id]/_history/[version], [type]/[id]/[type] or an operation"
		return fhir.E("serve", fhir.NotFound, issue)
	}
	issue.Fix = "FHIR is served under " + strings.Join(Bases, " and ") + "; try GET " + Bases[0] + "/metadata."
	return fhir.E("serve", fhir.NotFound, issue)
}

// noMethod answers where the address takes other methods: gin has found them
// out, but for the names of interactions that stand where a type may.
func (s *Server) noMethod(c *gin.Context) {
	h := c.Writer.Header()
	allow := h.Get("Allow")
	h.Del("Allow")
	s.answer(c, route{interaction: "unknown", handle: func(c *gin.Context) error {
		last := path.Base(c.Request.URL.Path)
		if own, ok := reserved[last]; ok {
			allow = own
		}
		if strings.HasPrefix(last, "$") {
			return s.operations.unknown(c)
		}
		return s.methodNotAllowed(c, allow)
	}})
}

// unwritten refuses to write a type that the server alone makes.
func (s *Server) unwritten(typ string) error {
	return refuse(http.StatusMethodNotAllowed, fhir.NotSupported, fhir.Issue{
		Message: "The server makes resources of type " + typ + " itself: nobody writes, changes or deletes one.", Expression: typ, Expected: "GET, HEAD",
	}).with("Allow", "GET, HEAD, OPTIONS")
}

func (s *Server) methodNotAllowed(c *gin.Context, allow string) error {
	f := refuse(http.StatusMethodNotAllowed, fhir.NotSupported, fhir.Issue{
		Message: "This address does not take the method.", Expected: allow, Found: c.Request.Method,
	})
	return f.with("Allow", allow)
}
