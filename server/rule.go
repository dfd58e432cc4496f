package server

import (
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/server/page"
)

// rule finds a rule by its id: one that is configured, or an invariant of R4.
func (s *Server) rule(id string) (page.Rule, bool) {
	if i := slices.IndexFunc(s.config.Rules, func(r page.Rule) bool { return r.ID == id }); i >= 0 {
		return s.config.Rules[i], true
	}
	if c := r4.ConstraintByKey(id); c != nil && s.config.Rules != nil {
		return page.Rule{ID: id, Kind: "an invariant of R4", Asks: c.Human, Where: c.Expression, Source: "https://hl7.org/fhir/R4/conformance-rules.html#constraints"}, true
	}
	return page.Rule{}, false
}

// rulePage is the page of a rule, or of all for "".
func (s *Server) rulePage(id string) ([]byte, error) {
	if id == "" {
		return page.Rules(s.site(), s.config.Rules), nil
	}
	rule, known := s.rule(id)
	if !known {
		return nil, fs.ErrNotExist
	}
	return rule.HTML(s.site()), nil
}

// maxHelp is how many rules the header of an answer leads to.
const maxHelp = 16

// help adds links (RFC 8288) to the pages of the rules that issues name.
func (s *Server) help(h http.Header, origin string, issues []fhir.Issue) {
	var ids []string
	for i := range issues {
		id := issues[i].Rule
		if id == "" || slices.Contains(ids, id) {
			continue
		}
		if _, known := s.rule(id); !known {
			continue
		}
		if ids = append(ids, id); len(ids) == maxHelp {
			break
		}
	}
	if ids == nil {
		return
	}
	links := make([]string, len(ids))
	for i, id := range ids {
		links[i] = "<" + origin + page.RulePath + url.PathEscape(id) + `>; rel="help"; title="` + id + `"`
	}
	h.Set("Link", strings.Join(links, ", "))
}
