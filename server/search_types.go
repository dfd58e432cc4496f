package server

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/fhir/spelling"
	"github.com/pestle-fhir/pestle/server/auth"
)

// typesSearch is a search of several types at once: a query for each, all of one
// state of the database.
type typesSearch struct {
	s       *Server
	x       *exchange
	queries []*search.Query // in the order of their types
	size    int             // of a page
	asOf    fhir.Seq        // 0 for now
	address string
	self    url.Values // the parameters that were understood
	only    []string   // types that what is included is of; nil for all
	since   time.Time  // when what is included was written at the earliest
	notes   []fhir.Issue
	passing bool // matches are passed over: nothing is included
}

// searchSystem finds resources of several types, by GET or by POST of a form: those
// that _type names, else all that the caller may search.
// https://hl7.org/fhir/R4/search.html#all
func (s *Server) searchSystem(c *gin.Context) error {
	return s.searchAll(c, r4.ResourceTypes(), nil)
}

// searchCompartment finds resources of a type, or with * of all types, that belong to a
// resource: https://hl7.org/fhir/R4/search.html#2.21.1.2
func (s *Server) searchCompartment(c *gin.Context) error {
	x := exchangeOf(c)
	in := &search.Compartment{Type: c.Param("type"), ID: c.Param("id")}
	members, member := search.Members(in.Type), c.Param("member")
	if member == "*" {
		return s.searchAll(c, members, in)
	}
	x.resourceType = member
	if err := x.permitSome(member, auth.Search); err != nil {
		return err
	}
	return s.searchType(c, in)
}

// member checks the type of a compartment's resources that a path names.
func member(compartment, name string) error {
	members := search.Members(compartment)
	if name == "*" && members != nil || slices.Contains(members, name) {
		return nil
	}
	if name != "*" && !r4.IsResource(name) {
		return unknownType(name, "")
	}
	if members == nil {
		return fhir.E("search", fhir.NotFound, fhir.Issue{Message: "R4 defines no compartment of a " + compartment + ".", Expected: strings.Join(search.Compartments(), ", "), Found: compartment,
			Fix: "Search by a reference, such as " + name + "?subject=" + compartment + "/[id]."})
	}
	return fhir.E("search", fhir.NotFound, fhir.Issue{Message: "A " + name + " is in no compartment of a " + compartment + ".", Expected: strings.Join(members, ", "), Found: name})
}

func (s *Server) searchAll(c *gin.Context, types []string, in *search.Compartment) error {
	x := exchangeOf(c)
	params, err := s.searchParams(c)
	if err != nil {
		return err
	}
	types, err = x.searched(params["_type"], types)
	if err != nil {
		return err
	}
	own := cloned(params)
	delete(own, "_type")
	delete(own, pageParam)
	t := &typesSearch{s: s, x: x, address: x.base + strings.TrimPrefix(c.Request.URL.Path, x.prefix)}
	for _, typ := range types {
		if narrowed, err := s.narrowed(x, typ, params, own); narrowed || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		q, notes, err := search.Parse(typ, own, search.Options{
			Lenient: s.lenient(c.Request.Header), Own: x.own, Custom: x.custom, Now: s.now(), Within: in, Codes: s.codes(c.Request.Context()),
			DefaultCount: s.config.PageSize, MaxCount: s.config.MaxPageSize,
		})
		if err != nil {
			return err
		}
		if err := x.permitReached(q); err != nil {
			return err
		}
		if q.Explain {
			return fhir.E("search", fhir.NotSupported, fhir.Issue{Message: "A search of several types is not explained.", Expression: "_explain", Expected: "a search of one type", Found: `"_explain=true"`})
		}
		t.note(notes)
		t.queries = append(t.queries, q)
	}
	if err := t.sortable(); err != nil {
		return err
	}
	t.self = url.Values{}
	if len(t.queries) > 0 {
		t.size, t.self = t.queries[0].Count, t.queries[0].Self()
	}
	if list := params["_type"]; len(list) > 0 {
		t.self["_type"] = list
	}
	return t.send(c, params)
}

// narrowed reports whether a part of the business answers searches of a type alone,
// more narrowly than this one; it is an error where the type is asked for by its name.
func (s *Server) narrowed(x *exchange, typ string, params, own url.Values) (bool, error) {
	for _, n := range s.config.Narrowings {
		if n.Base != x.prefix || n.Type != typ {
			continue
		}
		if err := n.Check(own); err != nil {
			if params.Has("_type") {
				return true, err
			}
			return true, nil
		}
	}
	return false, nil
}

// searched are the types of a search that the caller may search: those that _type
// names, which it has to be allowed, else all of them. The audit log is not of a state
// of the database, and is searched by itself.
func (x *exchange) searched(lists, types []string) ([]string, error) {
	var named, out []string
	for _, list := range lists {
		for _, typ := range strings.Split(list, ",") {
			switch {
			case typ == "":
			case !r4.IsResource(typ):
				issue := fhir.Issue{Severity: fhir.Err, Code: fhir.ValueCode, Expression: "_type", Message: "R4 has no resource type of this name.", Expected: "resource types, separated by commas", Found: typ}
				if near := spelling.One(typ, r4.ResourceTypes()); near != "" {
					issue.Fix = "Did you mean " + near + "?"
				}
				return nil, fhir.E("search", fhir.Invalid, issue)
			default:
				if err := x.permitSome(typ, auth.Search); err != nil {
					return nil, err
				}
				named = append(named, typ)
			}
		}
	}
	for _, typ := range types {
		if slices.Contains(named, typ) || named == nil && typ != "AuditEvent" && x.maySome(typ, auth.Search) {
			out = append(out, typ)
		}
	}
	if len(out) == 0 && named == nil {
		return nil, x.lacks("*", auth.Search)
	}
	if len(out) > 1 && slices.Contains(out, "AuditEvent") {
		return nil, fhir.E("search", fhir.NotSupported, fhir.Issue{Expression: "_type", Message: "AuditEvents are not searched together with other types.", Expected: "_type=AuditEvent", Found: strings.Join(named, ","), Fix: "Search AuditEvent by itself."})
	}
	return out, nil
}

// note keeps a remark of several queries once.
func (t *typesSearch) note(notes []fhir.Issue) {
	for _, n := range notes {
		if !slices.ContainsFunc(t.notes, func(known fhir.Issue) bool { return known.Expression == n.Expression && known.Code == n.Code }) {
			t.notes = append(t.notes, n)
		}
	}
}

// sortable refuses sort keys that mean something else in each type.
func (t *typesSearch) sortable() error {
	for _, q := range t.queries {
		for _, by := range q.Sort {
			if by.Param != search.ID && by.Param != search.LastUpdated {
				return fhir.E("search", fhir.NotSupported, fhir.Issue{Expression: "_sort", Message: "Resources of several types are not sorted by " + by.Param + ".", Expected: "_lastUpdated or _id", Found: by.Param,
					Fix: "Search each type by itself to sort by its parameters."})
			}
		}
	}
	return nil
}
