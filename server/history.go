package server

import (
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/auth"
)

// history lists versions, newest first unless _sort says otherwise: of a resource, of
// a type, of some types, or all.
// Pages are of one state of the database, whatever is written meanwhile.
// https://hl7.org/fhir/R4/http.html#history
func (s *Server) history(c *gin.Context) error {
	q, self, err := s.historyQuery(c, exchangeOf(c).query)
	if err != nil {
		return err
	}
	return s.sendHistory(c, q, self)
}

// sendHistory answers with a page of versions; self are the parameters that were understood.
func (s *Server) sendHistory(c *gin.Context, q fhir.HistoryQuery, self url.Values) error {
	counting := q.Count == 0
	if counting {
		q.Count = 1
	}
	x := exchangeOf(c)
	if q.Count > heavyPage {
		if err := x.toil(c.Request.Context()); err != nil {
			return err
		}
	}
	h, err := s.config.Repository.History(c.Request.Context(), q)
	if err != nil {
		return overtime(searching, err)
	}
	if err := x.hold(c.Request.Context(), size(h.Versions)*x.weight()); err != nil {
		return err
	}
	address := x.base + strings.TrimPrefix(c.Request.URL.Path, x.prefix)
	links := []fhir.Value{link("self", withQuery(address, self))}
	if !counting {
		self.Del(pageParam)
		links = append(links, s.historyLinks(c, address, self, q, h)...)
	}
	if q.Members != nil && x.identity.Hidden != nil || q.Type == "" && !x.mayAll(auth.Search) || q.Type == "Binary" && !x.may("*", auth.Read) {
		h.Total = -1 // it would count what the caller may not see
	}
	b := newBundle(s.bundleHead("history", h.Total, links...))
	if !counting {
		for _, v := range h.Versions {
			if q.Type == "" && !x.may(v.Type, auth.Search) || !x.sees(v) {
				continue
			}
			x.show(v)
			if v.Damage != "" {
				b.entry(x.base+"/"+v.Ref(), nil, damagedEntry(v))
				continue
			}
			text, err := s.shorten(c, v.JSON)
			if err != nil {
				return err
			}
			b.entry(x.base+"/"+v.Ref(), text, historyEntry(x.base, v))
		}
	}
	return s.sendBundle(c, b)
}
