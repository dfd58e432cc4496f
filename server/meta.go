package server

import (
	"bytes"
	"context"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/auth"
)

// metas are the operations on the profiles, tags and labels of a resource:
// https://hl7.org/fhir/R4/resource-operation-meta.html
func metas() []fhir.Operation {
	change := []fhir.Parameter{{Name: "meta", Kinds: []string{"valueMeta"}, Required: true, Doc: "The profiles, tags and security labels."}}
	return []fhir.Operation{
		{Name: "meta", Type: anyType, Instance: true, Idempotent: true, Doc: "Returns the meta of a resource: its profiles, tags and security labels."},
		{Name: "meta", Type: anyType, Idempotent: true, Doc: "Returns the profiles, tags and security labels that resources of the type have."},
		{Name: "meta", Idempotent: true, Doc: "Returns the profiles, tags and security labels that resources have."},
		{Name: "meta-add", Type: anyType, Instance: true, Parameters: change, Doc: "Adds profiles, tags and security labels to a resource, as a new version of it."},
		{Name: "meta-delete", Type: anyType, Instance: true, Parameters: change, Doc: "Takes profiles, tags and security labels from a resource, as a new version of it."},
	}
}

// meta answers with the meta of the current version.
func (s *Server) meta(c *gin.Context) error {
	x := exchangeOf(c)
	x.interaction = "$meta"
	if _, err := s.operationParams(c, nil); err != nil {
		return err
	}
	if c.Param("id") == "" {
		return s.metaOfAll(c)
	}
	if err := x.permitSome(x.resourceType, auth.Read); err != nil {
		return err
	}
	v, err := s.config.Repository.Read(c.Request.Context(), x.resourceType, c.Param("id"))
	if err != nil {
		return err
	}
	if err := x.permitVersion(v); err != nil {
		return err
	}
	x.show(v)
	if v.Deleted() {
		return s.gone(c.Request.Context(), v)
	}
	return s.sendMeta(c, v)
}

func (s *Server) sendMeta(c *gin.Context, v *fhir.Version) error {
	r, err := v.Resource()
	if err != nil {
		return err
	}
	exchangeOf(c).stamp(c.Writer.Header(), v)
	meta := r.Get("meta").Raw()
	return s.send(c, http.StatusOK, []byte(`{"resourceType":"Parameters","parameter":[{"name":"return","valueMeta":`+string(meta)+`}]}`))
}

// metaAdd and metaDelete change the meta of a resource as a patch would.
func (s *Server) metaAdd(c *gin.Context) error { return s.changeMeta(c, "$meta-add", added) }

func (s *Server) metaDelete(c *gin.Context) error { return s.changeMeta(c, "$meta-delete", deleted) }

func (s *Server) changeMeta(c *gin.Context, interaction string, change func(list, named []fhir.Node) [][]byte) error {
	x := exchangeOf(c)
	x.interaction = interaction
	if c.Request.Method != http.MethodPost {
		return s.methodNotAllowed(c, "POST")
	}
	if err := x.permitSome(x.resourceType, auth.Update); err != nil {
		return err
	}
	op := s.operations.find(interaction[1:], x.resourceType, true)
	body, err := s.needBody(c.Request)
	if err != nil {
		return err
	}
	if err := s.understood(c, op, body); err != nil {
		return err
	}
	named := body.Get("parameter").Item(0).Get("valueMeta")
	result, notes, err := s.applyOne(c, c.Param("id"), "", func(_ context.Context, r *fhir.Resource) (*fhir.Resource, error) {
		return withMeta(r, named, change)
	})
	if err != nil {
		return err
	}
	if !x.reads(result.Version) {
		return s.send(c, http.StatusOK, s.outcome(x, noted(notes)))
	}
	return s.sendMeta(c, result.Version)
}

// metaLists are what of a meta is changed.
var metaLists = []string{"profile", "security", "tag"}

// withMeta is a resource with the lists of its meta changed by those that are named.
func withMeta(r *fhir.Resource, named fhir.Node, change func(list, named []fhir.Node) [][]byte) (*fhir.Resource, error) {
	meta := r.Get("meta")
	members := map[string][]byte{}
	for _, name := range metaLists {
		before, want := slices.Collect(meta.Get(name).Items()), slices.Collect(named.Get(name).Items())
		if meta.Get("_"+name).Exists() && len(want) > 0 {
			return nil, fhir.E("meta", fhir.Processing, fhir.Issue{Message: "The list has extensions of its items, which the operation would put in the wrong place.", Expression: r.Type() + ".meta." + name, Fix: "Update or patch the resource."})
		}
		if len(before)+len(want) == 0 {
			continue
		}
		if items := change(before, want); len(items) > 0 {
			members[name] = append(append([]byte{'['}, bytes.Join(items, []byte{','})...), ']')
		} else {
			members[name] = nil
		}
	}
	text := []byte{'{'}
	member := func(name string, json []byte) {
		if len(text) > 1 {
			text = append(text, ',')
		}
		text = append(append(fhir.AppendString(text, name), ':'), json...)
	}
	for m := range meta.Members() {
		if own, changed := members[m.Name()]; !changed {
			member(m.Name(), m.Raw())
		} else if own != nil {
			member(m.Name(), own)
		}
		delete(members, m.Name())
	}
	for _, name := range metaLists {
		if own := members[name]; own != nil {
			member(name, own)
		}
	}
	e := fhir.NewEdit(r)
	e.Set(r.Root(), "meta", string(append(text, '}')))
	return e.Apply()
}

// sameItem reports whether two items of a list name the same: a profile by its URL, a
// coding by its system and code.
func sameItem(a, b fhir.Node) bool {
	if a.Kind() == fhir.String || b.Kind() == fhir.String {
		return a.Text() == b.Text()
	}
	return a.Get("system").Text() == b.Get("system").Text() && a.Get("code").Text() == b.Get("code").Text()
}

func added(list, named []fhir.Node) (out [][]byte) {
	kept := slices.Clone(list)
	for _, n := range named {
		if !slices.ContainsFunc(kept, func(known fhir.Node) bool { return sameItem(known, n) }) {
			kept = append(kept, n)
		}
	}
	for _, n := range kept {
		out = append(out, n.Raw())
	}
	return out
}

func deleted(list, named []fhir.Node) (out [][]byte) {
	for _, n := range list {
		if !slices.ContainsFunc(named, func(gone fhir.Node) bool { return sameItem(gone, n) }) {
			out = append(out, n.Raw())
		}
	}
	return out
}
