package server

import (
	"maps"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/server/auth"
)

// metaOfAll answers with the profiles, tags and labels of all resources of a type, or of
// every type that the caller may read: https://hl7.org/fhir/R4/resource-operation-meta.html
// It reads them all, as far as they have any.
func (s *Server) metaOfAll(c *gin.Context) error {
	x, ctx := exchangeOf(c), c.Request.Context()
	types := []string{x.resourceType}
	if x.resourceType == "" {
		types = nil
		for _, typ := range r4.ResourceTypes() {
			if typ != "AuditEvent" && x.maySome(typ, auth.Read) && x.maySome(typ, auth.Search) {
				types = append(types, typ)
			}
		}
		if types == nil {
			return lacking("system/*.rs")
		}
	}
	for _, typ := range types {
		for _, p := range []auth.Permission{auth.Read, auth.Search} {
			if err := x.permitSome(typ, p); err != nil {
				return err
			}
		}
	}
	if err := x.toil(ctx); err != nil {
		return err
	}
	union := metaUnion{}
	for _, typ := range types {
		q, _, err := search.Parse(typ, nil, search.Options{Own: x.own, Now: s.now(), DefaultCount: exportPage, MaxCount: exportPage})
		if err != nil {
			return err
		}
		var any [][]search.Clause
		for _, name := range []string{"_profile", "_tag", "_security"} {
			one, _, err := search.Parse(typ, map[string][]string{name + ":missing": {"false"}}, search.Options{Own: x.own, Now: s.now()})
			if err != nil {
				return err
			}
			any = append(any, one.Clauses)
		}
		q.Clauses, q.Total = append(q.Clauses, search.Clause{Any: any}), search.TotalNone
		for {
			found, err := s.config.Repository.Search(ctx, q)
			if err != nil {
				return overtime(searching, err)
			}
			if err := union.take(x, found.Matches); err != nil {
				return err
			}
			if found.Next == nil {
				break
			}
			q.Page = *found.Next
		}
	}
	answer := fhir.Obj("resourceType", "Parameters")
	if meta := union.meta(); meta.JSON() != nil && string(meta.JSON()) != "{}" { // FHIR has no empty elements
		answer = fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(fhir.Obj("name", "return", "valueMeta", meta)))
	}
	return s.send(c, 200, answer.JSON())
}

// metaUnion are lists of a meta, each item by what tells it from others.
type metaUnion map[string]map[string]fhir.Value

// take adds the meta of resources, as the caller is shown them.
func (u metaUnion) take(x *exchange, versions []*fhir.Version) error {
	for _, v := range versions {
		if v.Damage != "" || !x.sees(v) {
			continue
		}
		r, err := v.Resource()
		if err == nil && x.identity.Hidden != nil {
			var text []byte
			if text, err = x.identity.Hidden.Answer(v.JSON); err == nil {
				r, err = fhir.Parse(text)
			}
		}
		if err != nil {
			return err
		}
		for _, name := range metaLists {
			for n := range r.Root().Path("meta", name).Items() {
				key, item := n.Text(), fhir.Obj("system", n.Get("system").Text(), "code", n.Get("code").Text(), "display", n.Get("display").Text())
				if n.Kind() == fhir.Object {
					key = n.Get("system").Text() + "|" + n.Get("code").Text()
				} else {
					item = fhir.Value{}
				}
				if u[name] == nil {
					u[name] = map[string]fhir.Value{}
				}
				if _, there := u[name][key]; !there {
					u[name][key] = item
				}
			}
		}
	}
	return nil
}

func (u metaUnion) meta() fhir.Value {
	var pairs []any
	for _, name := range metaLists {
		keys := slices.Sorted(maps.Keys(u[name]))
		if name == "profile" {
			pairs = append(pairs, name, keys)
			continue
		}
		var list []fhir.Value
		for _, key := range keys {
			list = append(list, u[name][key])
		}
		pairs = append(pairs, name, list)
	}
	return fhir.Obj(pairs...)
}
