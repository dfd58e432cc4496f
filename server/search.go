package server

import (
	"fmt"
	"mime"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/server/auth"
)

// search finds resources of a type, by GET or by POST of a form:
// https://hl7.org/fhir/R4/search.html
// The pages of one search are of one state of the database.
func (s *Server) search(c *gin.Context) error { return s.searchType(c, nil) }

// searchType finds resources of a type, in a compartment where one is named.
func (s *Server) searchType(c *gin.Context, in *search.Compartment) error {
	x := exchangeOf(c)
	params, err := s.searchParams(c)
	if err != nil {
		return err
	}
	for _, n := range s.config.Narrowings {
		if n.Base == x.prefix && n.Type == x.resourceType && !params.Has("_page") {
			if err := n.Check(params); err != nil {
				return err
			}
		}
	}
	q, notes, err := search.Parse(x.resourceType, params, search.Options{
		Lenient: s.lenient(c.Request.Header), Own: x.own, Custom: x.custom, Now: s.now(), Within: in, Codes: s.codes(c.Request.Context()),
		DefaultCount: s.config.PageSize, MaxCount: s.config.MaxPageSize, Pages: s.sealOf(x),
	})
	if err != nil {
		return err
	}
	if err := x.permitReached(q); err != nil {
		return err
	}
	if q.Heavy() {
		if err := x.toil(c.Request.Context()); err != nil {
			return err
		}
	}
	found, err := s.config.Repository.Search(c.Request.Context(), q)
	if err != nil {
		return overtime(searching, err)
	}
	x.explain = found.Explain
	if err := s.addDefinitions(c.Request.Context(), x.base, q, found); err != nil {
		return err
	}
	if err := x.hold(c.Request.Context(), size(found.Matches, found.Included)*x.weight()); err != nil {
		return err
	}
	address := x.base + "/" + x.resourceType
	if in != nil {
		address = x.base + "/" + in.Type + "/" + in.ID + "/" + x.resourceType
	}
	if x.resourceType == "Binary" && !x.may("*", auth.Read) {
		found.Total = -1 // it would count what the caller may not see
	}
	if len(found.Included) > 0 { // definitions alone may be kept
		c.Writer.Header()["Cache-Control"] = uncached
	}
	b := newBundle(s.bundleHead("searchset", found.Total, s.searchLinks(x, address, q, found)...))
	if err := addMatches(b, x, q, found); err != nil {
		return err
	}
	notes = append(append(notes, s.leftOut(x, q)...), explained(q, found)...)
	if len(notes) > 0 {
		b.entry("", fhir.Outcome(notes).JSON(), fhir.Obj("search", fhir.Obj("mode", "outcome")))
	}
	return s.sendBundle(c, b)
}

// size is how many bytes the resources of a page have.
func size(lists ...[]*fhir.Version) (n int64) {
	for _, list := range lists {
		for _, v := range list {
			n += int64(len(v.JSON))
		}
	}
	return n
}

// maxForm is how long a posted search may be: what a value becomes takes a
// hundred times its bytes.
const maxForm = 1 << 20

// searchParams joins the query string and, on POST, the form.
func (s *Server) searchParams(c *gin.Context) (url.Values, error) {
	params := cloned(exchangeOf(c).query)
	if c.Request.Method != http.MethodPost {
		return withoutFormat(search.Given(params)), nil
	}
	text := exchangeOf(c).text
	if len(text) > 0 {
		name, _, _ := mime.ParseMediaType(c.ContentType())
		if name != "application/x-www-form-urlencoded" {
			return nil, refuse(http.StatusUnsupportedMediaType, fhir.NotSupported, fhir.Issue{
				Message: "A search is posted as a form.", Expected: "Content-Type: application/x-www-form-urlencoded", Found: c.GetHeader("Content-Type"),
			})
		}
	}
	if len(text) > maxForm {
		return nil, fhir.E("search", fhir.TooLong, fhir.Issue{
			Message: "The search is longer than the server takes.", Expected: fmt.Sprintf("at most %d bytes", maxForm),
			Found: fmt.Sprintf("%d bytes", len(text)), Fix: "Ask for fewer values at a time.",
		})
	}
	form, err := search.ReadQuery(string(text))
	if err != nil {
		return nil, fhir.E("search", fhir.Invalid, fhir.Issue{Message: "The form is malformed.", Expected: "names and values with % and & escaped"})
	}
	for name, values := range form {
		params[name] = append(params[name], values...)
	}
	if x := exchangeOf(c); (form.Has("_format") || form.Has("_pretty")) && !x.nested {
		if x.format, err = s.negotiate(c.Request, params); err != nil {
			return nil, err
		}
	}
	return withoutFormat(search.Given(params)), nil
}

// searchLinks lead to this page, to the first one and to those around it, of the
// same state of the database. They hold the parameters that were understood and no others.
func (s *Server) searchLinks(x *exchange, address string, q *search.Query, found *search.Result) []fhir.Value {
	seal := s.sealOf(x)
	first := withQuery(address, q.Self())
	self := first
	if q.Page.AsOf != 0 || q.Page.After != nil {
		self = withQuery(address, seal.Link(q, q.Page))
	}
	links := []fhir.Value{link("self", self), link("first", first)}
	for _, to := range []struct {
		relation string
		page     *search.Page
	}{{"previous", found.Previous}, {"next", found.Next}, {"last", found.Last}} {
		if to.page != nil {
			links = append(links, link(to.relation, withQuery(address, seal.Link(q, *to.page))))
		}
	}
	return links
}

// addMatches adds what was found and what was included, as far as the caller
// may read the included types.
func addMatches(b *bundleText, x *exchange, q *search.Query, found *search.Result) error {
	if q.Count == 0 || q.Summary == search.SummaryCount {
		return nil
	}
	add := func(versions []*fhir.Version, part subset, mode string) error {
		tail := fhir.Obj("search", fhir.Obj("mode", mode))
		for _, v := range versions {
			if (mode == "include" || v.Type != q.Type) && !x.maySome(v.Type, auth.Read) || !x.sees(v) {
				continue
			}
			x.show(v)
			if v.Damage != "" {
				b.entry("", damagedOutcome(v).JSON(), fhir.Obj("search", fhir.Obj("mode", "outcome")))
				continue
			}
			text, err := part.of(v.JSON)
			if err != nil {
				return err
			}
			b.entry(x.base+"/"+v.Ref(), text, tail)
		}
		return nil
	}
	part := subset{summary: q.Summary, elements: q.Elements}
	if err := add(found.Matches, part, "match"); err != nil {
		return err
	}
	return add(found.Included, subset{summary: q.Summary}, "include")
}
