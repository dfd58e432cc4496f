package server

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/fhir/spelling"
)

// entry is one entry of a transaction or batch: a request within the request.
// https://hl7.org/fhir/R4/http.html#transaction
type entry struct {
	expression string    // Bundle.entry[3]
	node       fhir.Node // finding its position costs time, so it waits until it is asked for
	fullURL    string
	resource   *fhir.Resource
	method     string
	path       string // below the base, without a slash at its head: Patient/1
	typ, id    string // of the path, as far as it has them
	query      string // behind the question mark
	header     http.Header
	issues     []fhir.Issue // what is wrong with the request
}

// conditionHeaders are the conditions of entry.request as HTTP headers.
var conditionHeaders = map[string]string{
	"ifMatch": "If-Match", "ifNoneMatch": "If-None-Match", "ifNoneExist": "If-None-Exist", "ifModifiedSince": "If-Modified-Since",
}

// entries takes the Bundle apart. The issues are about the Bundle itself; those
// about a request are in its entry, and none are about the resources.
func entries(bundle *fhir.Resource, x *exchange) (list []entry, issues []fhir.Issue) {
	issues = strangers(bundle.Root(), "Bundle")
	place := 0
	for n := range bundle.Get("entry").Items() {
		e := entry{expression: fmt.Sprintf("Bundle.entry[%d]", place), node: n, fullURL: n.Get("fullUrl").Text(), header: http.Header{}}
		place++
		request := n.Get("request")
		e.issues = append(strangers(n, "Bundle.entry"), strangers(request, "Bundle.entry.request")...)
		e.method = request.Get("method").Text()
		if r := n.Get("resource"); r.Kind() == fhir.Object {
			e.resource = bundle.Sub(r)
		}
		e.aim(request, x)
		for member, header := range conditionHeaders {
			n := request.Get(member)
			if value := strings.TrimSpace(n.Text()); value != "" {
				e.header.Set(header, headerValue(member, value))
			} else if n.Exists() {
				e.issues = append(e.issues, fhir.Issue{
					Severity: fhir.Err, Code: fhir.ValueCode, Expression: e.expression + ".request." + member, Position: n.Position(),
					Message: "The condition says nothing.", Expected: "a condition, or no " + member,
				})
			}
		}
		list = append(list, e)
	}
	return list, issues
}

// headerValue is a condition as HTTP writes it: only times differ.
func headerValue(member, value string) string {
	if member == "ifModifiedSince" {
		if at, err := time.Parse(time.RFC3339Nano, value); err == nil {
			return at.UTC().Format(http.TimeFormat)
		}
	}
	return value
}

// strangers notes members that the type does not have. The Bundle is not
// stored, so nothing else would notice a misspelled element.
func strangers(n fhir.Node, typ string) (issues []fhir.Issue) {
	def := r4.TypeOf(typ)
	for m := range n.Members() {
		name := strings.TrimPrefix(m.Name(), "_")
		if name == "resourceType" || def.Property(name) != nil {
			continue
		}
		var names []string
		for _, p := range def.Properties() {
			names = append(names, p.JSON)
		}
		issue := fhir.Issue{
			Severity: fhir.Err, Code: fhir.Structure, Expression: m.Expression(), Position: m.Position(),
			Message: typ + " has no element of this name.", Found: m.Name(),
		}
		if near := spelling.One(name, names); near != "" {
			issue.Fix = "Did you mean " + near + "?"
		}
		issues = append(issues, issue)
	}
	return issues
}

var entryMethods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}

// aim reads method and url.
func (e *entry) aim(request fhir.Node, x *exchange) {
	wrong := func(code fhir.Code, element, message, expected, found string) {
		at := request.Get(element).Position()
		if at.IsZero() {
			at = e.node.Position()
		}
		e.issues = append(e.issues, fhir.Issue{
			Severity: fhir.Err, Code: code, Expression: e.expression + ".request." + element, Position: at,
			Message: message, Expected: expected, Found: found,
		})
	}
	if !slices.Contains(entryMethods, e.method) {
		wrong(fhir.Required, "method", "The entry does not say what to do.", strings.Join(entryMethods, ", "), e.method)
	}
	address := cmp.Or(request.Get("url").Text(), e.inferred())
	base := x.base
	path, query, _ := strings.Cut(x.relative(address), "?")
	if e.writes() {
		query = search.Selecting(query)
	}
	path = strings.Trim(path, "/")
	unescaped, err := url.PathUnescape(path)
	if _, queryErr := search.ReadQuery(query); err != nil || queryErr != nil || strings.Contains(path, "://") {
		wrong(fhir.ValueCode, "url", "The address of the entry cannot be used.", "an address relative to "+base+", such as Patient/1", address)
	}
	e.path, e.query = unescaped, query
	e.typ, e.id, _ = strings.Cut(unescaped, "/")
	e.id, _, _ = strings.Cut(e.id, "/")
	if address == "" {
		wrong(fhir.Required, "url", "The entry has no address.", "an address relative to "+base+", such as Patient/1", "")
	}
	if (e.method == http.MethodPost || e.method == http.MethodPut || e.method == http.MethodPatch) && e.resource == nil && !strings.Contains(e.path, "$") {
		wrong(fhir.Required, "method", e.method+" needs a resource in the entry.", "entry.resource", "none")
	}
}

// inferred is the address of an entry that has none, which its resource tells:
// clients leave it out that build a transaction of resources alone.
func (e *entry) inferred() string {
	switch {
	case e.resource == nil:
	case e.method == http.MethodPost:
		return e.resource.Type()
	case e.method == http.MethodPut && e.resource.ID() != "":
		return e.resource.Type() + "/" + e.resource.ID()
	}
	return ""
}

// writes reports whether the entry changes something.
func (e *entry) writes() bool { return e.method != http.MethodGet && e.method != http.MethodHead }

// target is the address with its query.
func (e *entry) target() string {
	if e.query == "" {
		return e.path
	}
	return e.path + "?" + e.query
}
