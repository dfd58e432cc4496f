package server

import (
	"context"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/server/auth"
)

// codes is the terminology of a search, for which a value set may be named by its
// address here too: Patient?… code:in=ValueSet/1.
type codes struct {
	search.Codes
	ctx context.Context
	s   *Server
}

func (s *Server) codes(ctx context.Context) search.Codes {
	if s.config.Codes == nil {
		return nil
	}
	return codes{s.config.Codes, ctx, s}
}

// Members lists the codes of a value set by its canonical URL, or by its address here.
func (c codes) Members(valueSet string, most int) ([]search.Coding, error) {
	x := exchangeIn(c.ctx)
	typ, id := search.Local(valueSet, x.own)
	if typ != "ValueSet" || strings.Contains(id, "/") {
		return c.Codes.Members(valueSet, most)
	}
	if err := x.permitSome(typ, auth.Read); err != nil {
		return nil, err
	}
	v, err := c.s.config.Repository.Read(c.ctx, typ, id)
	if err != nil {
		return nil, err
	}
	r, err := v.Resource()
	if err != nil || r == nil || r.Get("url").Text() == "" {
		return nil, fhir.E("search", fhir.NotFound, fhir.Issue{Message: "The value set has no url by which its codes are known.", Found: valueSet})
	}
	x.show(v)
	return c.Codes.Members(r.Get("url").Text(), most)
}
