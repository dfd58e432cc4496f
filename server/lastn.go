package server

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// lastN is the operation that finds the newest Observations of each code:
// https://hl7.org/fhir/R4/observation-operation-lastn.html
var lastN = fhir.Operation{Name: "lastn", Type: "Observation", Idempotent: true,
	Doc:        "Finds the newest Observations of each code among those that a search finds, which has to name a patient or subject.",
	Parameters: []fhir.Parameter{{Name: "max", Kinds: []string{"valuePositiveInt", "valueInteger"}, Doc: "How many of each code, 1 by default."}}}

// lastNLooked is how many Observations of a search are looked at.
const lastNLooked = 10_000

// lastn answers a search for Observations with the newest ones of each code. Two with
// a coding in common are of one code, and so are two without codings and with one text.
func (s *Server) lastn(c *gin.Context) error {
	x := exchangeOf(c)
	x.interaction = "$lastn"
	ctx := c.Request.Context()
	params, err := s.searchParams(c)
	if err != nil {
		return err
	}
	most := 1
	if text := params.Get("max"); text != "" {
		if most, err = strconv.Atoi(text); err != nil || most < 1 {
			return fhir.E("lastn", fhir.Invalid, fhir.Issue{Expression: "max", Message: "The number is malformed.", Expected: "a whole number from 1", Found: text})
		}
	}
	self := cloned(params)
	delete(params, "max")
	for name := range params {
		if base, _, _ := strings.Cut(name, ":"); strings.HasPrefix(base, "_") && base != search.ID && base != search.LastUpdated && base != "_has" && base != "_list" && base != "_at" {
			return fhir.E("lastn", fhir.NotSupported, fhir.Issue{Expression: name, Message: "$lastn takes search parameters of Observation and max.", Expected: "none that shape a result", Found: name})
		}
	}
	q, notes, err := search.Parse("Observation", params, search.Options{Lenient: s.lenient(c.Request.Header), Own: x.own, Custom: x.custom, Now: s.now(), Codes: s.codes(ctx), DefaultCount: s.config.MaxPageSize, MaxCount: s.config.MaxPageSize})
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(q.Clauses, func(c search.Clause) bool { return c.Param == "patient" || c.Param == "subject" }) {
		return fhir.E("lastn", fhir.Invalid, fhir.Issue{Code: fhir.Required, Expression: "patient", Message: "$lastn has to name whose Observations are asked for.", Expected: "patient or subject"})
	}
	q.Sort, q.Total = []search.Sort{{Param: "date", Descending: true}}, search.TotalNone
	if err := x.permitReached(q); err != nil {
		return err
	}
	if err := x.toil(ctx); err != nil {
		return err
	}
	groups := &codeGroups{most: most}
	for looked := 0; ; {
		found, err := s.config.Repository.Search(ctx, q)
		if err != nil {
			return overtime(searching, err)
		}
		for _, v := range found.Matches {
			if err := groups.take(v); err != nil {
				return err
			}
		}
		if looked += len(found.Matches); found.Next == nil {
			break
		} else if looked >= lastNLooked {
			return fhir.E("lastn", fhir.TooCostly, fhir.Issue{Message: "The search finds more Observations than are looked through.", Expected: "at most " + strconv.Itoa(lastNLooked), Fix: "Narrow it with category, code or date."})
		}
		q.Page = *found.Next
	}
	matches := groups.all()
	if err := x.hold(ctx, size(matches)*x.weight()); err != nil {
		return err
	}
	b := newBundle(s.bundleHead("searchset", len(matches), link("self", withQuery(x.base+"/Observation/$lastn", self))))
	if err := addMatches(b, x, q, &search.Result{Matches: matches}); err != nil {
		return err
	}
	if len(notes) > 0 {
		b.entry("", fhir.Outcome(notes).JSON(), fhir.Obj("search", fhir.Obj("mode", "outcome")))
	}
	return s.sendBundle(c, b)
}

// codeGroups are Observations by their codes, newest first.
type codeGroups struct {
	most   int
	groups []*codeGroup
	byCode map[string]*codeGroup
}

type codeGroup struct{ versions []*fhir.Version }

// take adds an Observation to the group that has one of its codings.
func (g *codeGroups) take(v *fhir.Version) error {
	if v.Damage != "" {
		return nil
	}
	r, err := v.Resource()
	if err != nil {
		return err
	}
	var names []string
	for coding := range r.Root().Path("code", "coding").Items() {
		names = append(names, coding.Get("system").Text()+"|"+coding.Get("code").Text())
	}
	if names == nil {
		names = []string{"text " + r.Root().Path("code", "text").Text()}
	}
	var group *codeGroup
	for _, name := range names {
		if known := g.byCode[name]; known != nil {
			group = known
			break
		}
	}
	if group == nil {
		group = &codeGroup{}
		g.groups = append(g.groups, group)
	}
	if g.byCode == nil {
		g.byCode = map[string]*codeGroup{}
	}
	for _, name := range names {
		if g.byCode[name] == nil {
			g.byCode[name] = group
		}
	}
	if len(group.versions) < g.most {
		group.versions = append(group.versions, v)
	}
	return nil
}

// all are the Observations of all groups, one group after the other.
func (g *codeGroups) all() (out []*fhir.Version) {
	for _, group := range g.groups {
		out = append(out, group.versions...)
	}
	return out
}
