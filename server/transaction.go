package server

import (
	"net/http"
	"runtime"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/errgroup"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/server/auth"
)

// transaction carries out all entries together or none: one commit for what
// writes, and then the reads, which see it.
// https://hl7.org/fhir/R4/http.html#trules
func (s *Server) transaction(c *gin.Context, list []entry) error {
	x := exchangeOf(c)
	var changes []fhir.Change
	var places []int
	var issues []fhir.Issue
	for _, i := range inOrder(list) {
		if !list[i].writes() {
			continue
		}
		change, wrong, err := s.change(x, &list[i])
		if err != nil {
			return err
		}
		issues = append(issues, wrong...)
		changes, places = append(changes, change), append(places, i)
	}
	issues = append(issues, overlaps(list)...)
	if issues != nil {
		return &fhir.Error{Op: "transaction", Kind: fhir.Invalid, Issues: fhir.SortIssues(issues)}
	}
	notes, err := s.checkAll(c, list)
	if err != nil {
		return err
	}
	done := &fhir.Commit{}
	if len(changes) > 0 {
		done, err = s.Repository.Commit(c.Request.Context(), &fhir.Transaction{
			Changes: changes, Requester: x.identity.Requester, RequestID: x.requestID,
		})
		if err != nil {
			return err
		}
	}
	results := make([]*fhir.Result, len(list))
	for k, i := range places {
		results[i] = &done.Results[k]
	}
	b := newBundle(s.bundleHead("transaction-response", -1))
	for i := range list {
		if results[i] == nil {
			s.answerEntry(c, b, &list[i], s.request(c, &list[i]))
			continue
		}
		writtenEntry(c, b, results[i], notes[i])
	}
	return s.send(c, http.StatusOK, b.close())
}

// change turns an entry into a change of the commit. The error is a lack of
// permission, the issues are what cannot be part of a transaction.
func (s *Server) change(x *exchange, e *entry) (fhir.Change, []fhir.Issue, error) {
	change := fhir.Change{Type: e.typ, ID: e.id, Resource: e.resource, FullURL: e.fullURL, Expression: e.expression}
	wrong := func(code fhir.Code, message, expected, found string) (fhir.Change, []fhir.Issue, error) {
		return change, []fhir.Issue{{
			Severity: fhir.Err, Code: code, Expression: e.expression + ".request", Position: e.node.Position(), Message: message, Expected: expected, Found: found,
		}}, nil
	}
	found := e.method + " " + e.target()
	if strings.Contains(e.path, "$") {
		return wrong(fhir.NotSupported, "An operation cannot be part of a transaction.", "the operation as a request of its own, or in a batch", found)
	}
	if !r4.IsResource(e.typ) {
		return wrong(fhir.ValueCode, "The address names no resource type of R4.", "[type] or [type]/[id]", found)
	}
	if strings.Count(e.path, "/") > 1 || e.id != "" && !isID(e.id) {
		return wrong(fhir.ValueCode, "The address of the entry is no place to write.", "[type] or [type]/[id]", found)
	}
	if e.resource != nil && e.method != http.MethodDelete && e.resource.Type() != e.typ {
		return wrong(fhir.ValueCode, "The resource is not of the type that the address names.", e.typ, e.resource.Type())
	}
	var permission auth.Permission
	switch e.method {
	case http.MethodPost:
		change.Method, permission = fhir.Create, auth.Create
		change.ID, change.Condition = "", condition(e.header.Get("If-None-Exist"))
		if e.id != "" || e.query != "" {
			return wrong(fhir.ValueCode, "A create is posted to its type.", e.typ, found)
		}
		if s.operations.intake(e.resource) != nil {
			return wrong(fhir.NotSupported, "This "+e.typ+" is a message to the pharmacy and cannot be part of a transaction.", "the message as a request of its own: POST "+e.typ, found)
		}
	case http.MethodPut:
		change.Method, permission = fhir.Update, auth.Update
		change.Condition = e.query
		change.IfAbsent = e.header.Get("If-None-Match") == "*"
		if e.id == "" {
			change.ID = e.resource.ID()
		} else if e.resource.ID() != e.id {
			return wrong(fhir.ValueCode, "An update carries the id of the address it is sent to.", e.id, e.resource.ID())
		}
	case http.MethodDelete:
		change.Method, permission = fhir.Delete, auth.Delete
		change.Condition, change.Resource = e.query, nil
	default:
		return wrong(fhir.NotSupported, "The method cannot be part of a transaction.", "GET, POST, PUT or DELETE", e.method)
	}
	if change.Method != fhir.Create && e.id == "" && e.query == "" {
		return wrong(fhir.ValueCode, "The address does not say which resource.", e.typ+"/[id] or "+e.typ+"?[search]", found)
	}
	version, err := ifMatch(e.header.Get("If-Match"), e.expression+".request.ifMatch")
	if err != nil {
		return change, nil, err
	}
	change.IfMatch = version
	if err := x.permit(e.typ, permission); err != nil {
		return change, nil, err
	}
	if change.Condition != "" {
		return change, nil, x.permit(e.typ, auth.Search)
	}
	return change, nil, nil
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

// checkAll holds every resource of the transaction to its rules, several at a
// time. The issues of all come together, placed within the Bundle.
func (s *Server) checkAll(c *gin.Context, list []entry) ([][]fhir.Issue, error) {
	found := make([][]fhir.Issue, len(list))
	g, ctx := errgroup.WithContext(c.Request.Context())
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range list {
		e := &list[i]
		if !e.writes() || e.resource == nil || e.method == http.MethodDelete {
			continue
		}
		g.Go(func() (err error) {
			defer func() {
				if p := recover(); p != nil {
					err = panicked(p)
				}
			}()
			found[i] = within(e, s.Validator.Validate(ctx, e.resource))
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var all []fhir.Issue
	for _, issues := range found {
		all = append(all, issues...)
	}
	if fhir.HasErrors(all) {
		return nil, &fhir.Error{Op: "validate", Kind: fhir.Processing, Issues: all}
	}
	return found, nil
}

// within moves issues about a resource to its place in the Bundle.
func within(e *entry, issues []fhir.Issue) []fhir.Issue {
	for i := range issues {
		if rest, ok := strings.CutPrefix(issues[i].Expression, e.resource.Type()); ok {
			issues[i].Expression = e.expression + ".resource" + rest
		}
	}
	return issues
}

// appliedStatus is the status that each result would have had by itself.
var appliedStatus = map[fhir.Applied]string{
	fhir.Created: "201 Created", fhir.Updated: "200 OK", fhir.Matched: "200 OK",
	fhir.Removed: "204 No Content", fhir.Unchanged: "204 No Content",
}

// writtenEntry writes what came of a change.
func writtenEntry(c *gin.Context, b *bundleText, result *fhir.Result, notes []fhir.Issue) {
	pairs := []any{"status", appliedStatus[result.Applied]}
	v := result.Version
	if v == nil {
		b.entry("", nil, fhir.Obj("response", fhir.Obj(pairs...)))
		return
	}
	base := exchangeOf(c).base
	if !v.Deleted() {
		pairs = append(pairs, "location", base+"/"+versionPath(v))
	}
	pairs = append(pairs, "etag", etag(v.VersionID), "lastModified", v.LastUpdated.UTC().Format(time.RFC3339Nano))
	var text []byte
	switch prefer(c.Request.Header).back {
	case outcomeOnly:
		pairs = append(pairs, "outcome", fhir.Outcome(noted(notes)))
	case representation:
		text = v.JSON
	}
	b.entry(base+"/"+v.Ref(), text, fhir.Obj("response", fhir.Obj(pairs...)))
}
