package server

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/server/auth"
)

// route is one interaction: where it is, what it is called in
// http://hl7.org/fhir/restful-interaction, and what a caller must be allowed.
type route struct {
	method, path string
	interaction  string
	permission   auth.Permission // 0 for none
	handle       func(*gin.Context) error
}

// table lists every interaction below a base.
func (s *Server) table() []route {
	return []route{
		{"GET", "/metadata", "capabilities", 0, s.capabilities},

		{"GET", "/:type/:id", "read", auth.Read, s.read},
		{"GET", "/:type/:id/_history/:vid", "vread", auth.Read, s.vread},
		{"PUT", "/:type/:id", "update", auth.Update, s.update},
		{"PATCH", "/:type/:id", "patch", auth.Update, s.patch},
		{"DELETE", "/:type/:id", "delete", auth.Delete, s.delete},
		{"GET", "/:type/:id/_history", "history-instance", auth.Read, s.history},

		{"POST", "/:type", "create", auth.Create, s.create},
		{"PUT", "/:type", "update-conditional", auth.Update, s.updateConditional},
		{"PATCH", "/:type", "patch-conditional", auth.Update, s.patchConditional},
		{"DELETE", "/:type", "delete-conditional", auth.Delete, s.deleteConditional},
		{"GET", "/:type/_history", "history-type", auth.Search, s.history},
		{"GET", "/:type", "search-type", auth.Search, s.search},
		{"GET", "/:type/:id/:member", "search-type", 0, s.searchCompartment},
		{"GET", "/:type/:id/:member/_search", "search-type", 0, s.searchCompartment},
		{"POST", "/:type/:id/:member/_search", "search-type", 0, s.searchCompartment},
		{"GET", "/:type/_search", "search-type", auth.Search, s.search},
		{"POST", "/:type/_search", "search-type", auth.Search, s.search},

		{"POST", "", "transaction", 0, s.bundle},
		{"GET", "", "search-system", 0, s.searchSystem},
		{"GET", "/_search", "search-system", 0, s.searchSystem},
		{"POST", "/_search", "search-system", 0, s.searchSystem},
		{"GET", "/_history", "history-system", auth.Search, s.history},
	}
}

// every is the table, with what else is configured.
func (s *Server) every() []route {
	all := slices.Concat(s.table(), s.operationRoutes(), s.jobRoutes())
	if s.config.Log != nil {
		all = append(all, route{"GET", "/:type/:id/_history/:vid/$proof", "operation", auth.Read, s.proof},
			route{"GET", "/:type/:id/$proof", "operation", auth.Read, s.proof})
	}
	return all
}

// route registers the table, the operations and the answers to everything else.
func (s *Server) route() {
	s.engine.HandleMethodNotAllowed = true
	s.engine.RedirectTrailingSlash = false
	s.engine.NoRoute(func(c *gin.Context) { s.answer(c, route{interaction: "unknown", handle: s.noRoute}) })
	s.engine.NoMethod(s.noMethod)
	s.routes = s.every()
	methods := map[string][]string{}
	for _, rt := range s.routes {
		methods[rt.path] = append(methods[rt.path], rt.method)
		if rt.method == http.MethodGet {
			methods[rt.path] = append(methods[rt.path], http.MethodHead)
		}
	}
	for _, base := range Bases {
		for _, rt := range s.routes {
			s.engine.Handle(rt.method, base+rt.path, func(c *gin.Context) { s.answer(c, rt) })
			if rt.method == http.MethodGet {
				s.engine.HEAD(base+rt.path, func(c *gin.Context) { s.answer(c, rt) })
			}
		}
		for path, allowed := range methods {
			slices.Sort(allowed)
			allow := strings.Join(append(slices.Compact(allowed), http.MethodOptions), ", ")
			s.engine.OPTIONS(base+path, func(c *gin.Context) {
				c.Header("Allow", allow)
				c.Status(http.StatusNoContent)
			})
		}
	}
}

// answer runs a handler and answers for it when it fails.
func (s *Server) answer(c *gin.Context, rt route) {
	err := s.attempt(c, rt)
	if err != nil && !c.Writer.Written() {
		s.fail(c.Writer, c.Request, err)
		c.Writer.WriteHeaderNow() // of HEAD: without a body the router would add its own headers
	}
}

// attempt does what comes before every interaction, and the interaction.
func (s *Server) attempt(c *gin.Context, rt route) (err error) {
	defer func() {
		if p := recover(); p != nil && !aborted(p) {
			err = panicked(p)
		} else if p != nil {
			panic(p)
		}
	}()
	x := exchangeOf(c)
	x.interaction = rt.interaction
	if x.malformed != nil {
		return x.malformed
	}
	x.content = !x.nested && (s.wantsContent(c, x) || s.wantsFile(c, x) || wantsRows(c))
	if x.refused != nil && !x.content {
		return x.refused
	}
	if err := s.address(c, x); err != nil {
		return err
	}
	s.logged(c.Request, x)
	if writing(x.interaction) && slices.Contains(s.config.ReadOnly, x.resourceType) {
		return s.unwritten(x.resourceType)
	}
	if err := x.permitSome(cmp.Or(x.resourceType, "*"), rt.permission); err != nil {
		return err
	}
	if err := s.takes(c.Request, x); err != nil {
		return err
	}
	if err := evaluates(x.interaction, c.Request); err != nil {
		return err
	}
	if err := takesProvenance(x.interaction, c.Request); err != nil {
		return err
	}
	if err := s.auditable(c.Request, x); err != nil {
		return err
	}
	if !x.nested {
		if err := s.reach(c.Request); err != nil {
			return err
		}
		if c.Request, err = s.admit(c.Request, x); err != nil {
			return err
		}
		if x.message != nil {
			x.message.Carries(x.text)
		}
	}
	x.cache(c.Writer.Header())
	s.commits(c)
	if deferrable(c, x) {
		return s.deferAnswer(c)
	}
	return rt.handle(c)
}
