package server

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/server/auth"
)

// methods are what entries of a transaction may do, and what for a caller needs
// to be allowed.
var methods = map[string]struct {
	method     fhir.Method
	permission auth.Permission
}{
	http.MethodPost:   {fhir.Create, auth.Create},
	http.MethodPut:    {fhir.Update, auth.Update},
	http.MethodPatch:  {fhir.Update, auth.Update},
	http.MethodDelete: {fhir.Delete, auth.Delete},
}

// change turns an entry into a change of the commit. The issues are about an
// entry that cannot be part of a transaction; the error ends it at once: a lack
// of permission, or a patch that does not fit.
func (s *Server) change(c *gin.Context, e *entry) (fhir.Change, []fhir.Issue, error) {
	x := exchangeOf(c)
	if issue := s.misdirected(e); issue != nil {
		issue.Severity, issue.Expression, issue.Position = fhir.Err, e.expression+".request", e.node.Position()
		return fhir.Change{}, []fhir.Issue{*issue}, nil
	}
	if issues := e.unevaluated(); issues != nil {
		return fhir.Change{}, issues, nil
	}
	if slices.Contains(s.config.ReadOnly, e.typ) {
		return fhir.Change{}, nil, placed(s.unwritten(e.typ), e.expression)
	}
	if err := x.permitSome(e.typ, methods[e.method].permission); err != nil {
		return fhir.Change{}, nil, err
	}
	if e.method == http.MethodPatch { // see [Server.patch]
		if err := x.permitSome(e.typ, auth.Read); err != nil {
			return fhir.Change{}, nil, err
		}
	}
	change := fhir.Change{
		Method: methods[e.method].method, Type: e.typ, ID: e.id, Resource: e.resource,
		FullURL: e.fullURL, Expression: e.expression, Condition: e.query,
	}
	var err error
	switch e.method {
	case http.MethodPost:
		if change.Condition, err = ifNoneExist(e.header, e.typ); err != nil {
			return change, nil, placed(err, e.expression+".request.ifNoneExist")
		}
	case http.MethodPut:
		if change.IfNoneMatch, err = ifNoneMatch(e.header.Values("If-None-Match"), e.expression+".request.ifNoneMatch"); err != nil {
			return change, nil, err
		}
		change.ID = e.resource.ID()
	case http.MethodDelete:
		change.Resource = nil
	}
	if change.Condition != "" {
		if err := x.permitCondition(c.Request.Context(), e.typ, change.Condition); err != nil {
			return change, nil, err
		}
	}
	switch e.method {
	case http.MethodPut, http.MethodDelete:
		err = s.permitUpdate(c, change)
	case http.MethodPost:
		err = x.permitWritten(c.Request.Context(), change.Resource)
	}
	if err != nil {
		return change, nil, placed(err, e.expression)
	}
	if change.IfMatch, err = ifMatch(e.header.Values("If-Match"), e.expression+".request.ifMatch"); err != nil {
		return change, nil, err
	}
	if e.method == http.MethodPatch {
		change, err = s.patchedEntry(c.Request.Context(), e, change.IfMatch)
	}
	return change, nil, placed(err, e.expression)
}

// misdirected finds what is wrong with the address of an entry that writes.
func (s *Server) misdirected(e *entry) *fhir.Issue {
	found := e.method + " " + e.target()
	wrong := func(code fhir.Code, message, expected, found string) *fhir.Issue {
		return &fhir.Issue{Code: code, Message: message, Expected: expected, Found: found}
	}
	whole := e.method == http.MethodPost || e.method == http.MethodPut // it carries the whole resource
	switch {
	case strings.Contains(e.path, "$"):
		return wrong(fhir.NotSupported, "An operation cannot be part of a transaction.", "the operation as a request of its own, or in a batch", found)
	case !r4.IsResource(e.typ):
		return wrong(fhir.ValueCode, "The address names no resource type of R4.", "[type] or [type]/[id]", found)
	case strings.Count(e.path, "/") > 1 || e.id != "" && !fhir.IsID(e.id):
		return wrong(fhir.ValueCode, "The address of the entry is no place to write.", "[type] or [type]/[id]", found)
	case whole && e.resource.Type() != e.typ:
		return wrong(fhir.ValueCode, "The resource is not of the type that the address names.", e.typ, e.resource.Type())
	case e.method == http.MethodPost && (e.id != "" || e.query != ""):
		return wrong(fhir.ValueCode, "A create is posted to its type.", e.typ, found)
	case e.method == http.MethodPost && s.operations.intake(e.resource) != nil:
		return wrong(fhir.NotSupported, "This "+e.typ+" is a message to the pharmacy and cannot be part of a transaction.", "the message as a request of its own: POST "+e.typ, found)
	case e.method == http.MethodPut && e.id != "" && e.resource.ID() != e.id:
		return wrong(fhir.ValueCode, "An update carries the id of the address it is sent to.", e.id, e.resource.ID())
	case e.id != "" && e.query != "":
		return wrong(fhir.ValueCode, "The address names a resource and asks for a search.", e.typ+"/[id] or "+e.typ+"?[search]", found)
	case e.method != http.MethodPost && e.id == "" && e.query == "":
		return wrong(fhir.ValueCode, "The address does not say which resource.", e.typ+"/[id] or "+e.typ+"?[search]", found)
	}
	return nil
}

// patchedEntry applies the patch of an entry to the version that stands.
func (s *Server) patchedEntry(ctx context.Context, e *entry, match string) (fhir.Change, error) {
	apply, err := entryDifference(e.resource)
	if err != nil {
		return fhir.Change{}, err
	}
	id := e.id
	if id == "" {
		if id, err = s.findOne(ctx, e.typ, e.query); err != nil {
			return fhir.Change{}, err
		}
	}
	change, err := s.patched(ctx, e.typ, id, match, apply)
	change.Expression, change.Condition = e.expression, e.query // which must find it at the commit too
	return change, err
}

// placed says of which entry an error is, where it does not say so itself.
func placed(err error, expression string) error {
	var e *fhir.Error
	if !errors.As(err, &e) {
		return err
	}
	said := *e
	said.Issues = slices.Clone(e.Issues)
	for i := range said.Issues {
		if !strings.HasPrefix(said.Issues[i].Expression, "Bundle.") {
			said.Issues[i].Expression = expression
		}
	}
	var f *failure
	if errors.As(err, &f) {
		return &failure{&said, f.status, f.header}
	}
	return &said
}

// overlaps finds entries that write one resource twice, or share a fullUrl:
// what such a transaction means would depend on the order.
func overlaps(list []entry) (issues []fhir.Issue) {
	seen := map[string]string{}
	meet := func(e *entry, key, element, message string) {
		if first, ok := seen[key]; ok {
			issues = append(issues, fhir.Issue{
				Severity: fhir.Err, Code: fhir.Duplicate, Expression: e.expression + element, Position: e.node.Position(),
				Message: message, Found: strings.TrimSpace(key) + " in " + first + " too",
			})
		}
		seen[key] = e.expression
	}
	for i := range list {
		e := &list[i]
		if !e.writes() {
			continue
		}
		if e.fullURL != "" && e.method != http.MethodDelete {
			meet(e, " "+e.fullURL, ".fullUrl", "Two entries have the same fullUrl.")
		}
		if e.id != "" {
			meet(e, e.path, ".request.url", "A transaction writes each resource once.")
		}
	}
	return issues
}
