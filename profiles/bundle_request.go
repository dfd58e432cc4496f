package profiles

import (
	"net/url"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// request holds an entry of a batch or transaction to what its method needs
// (R4, RESTful API, batch and transaction).
func (w *walk) request(e *entry) {
	r := e.node.Get("request")
	method, target := r.Get("method").Text(), r.Get("url")
	typ, id := requestTarget(target.Text())
	switch method {
	case "POST", "PUT", "PATCH":
		if !e.resource.Exists() {
			w.add(e.node, requestIssue("A "+method+" needs a resource.", "resource", "none"))
			return
		}
	case "GET", "HEAD", "DELETE":
		if e.resource.Exists() {
			i := requestIssue("A "+method+" sends no resource.", "no resource", "one")
			i.Severity = fhir.Warning
			w.add(e.node, i)
		}
		return
	default:
		return
	}
	sent := e.resource.Get("resourceType").Text()
	if method == "PATCH" || typ == "" || strings.HasPrefix(id, "$") || !r4.IsResource(typ) {
		return
	}
	if sent != typ {
		w.add(target, requestIssue("The request is for another type than that of the resource.", sent, typ))
		return
	}
	if sentID := e.resource.Get("id").Text(); method == "PUT" && id != "" && sentID != id {
		w.add(target, requestIssue("The request is for another id than that of the resource.", sent+"/"+sentID, typ+"/"+id))
	}
}

func requestIssue(message, expected, found string) fhir.Issue {
	return fhir.Issue{Code: fhir.Invalid, Rule: "bundle-request", Message: message, Expected: expected, Found: found}
}

// requestTarget reads Type, Type/id or Type?query, also behind a base.
func requestTarget(text string) (typ, id string) {
	u, err := url.Parse(text)
	if err != nil {
		return "", ""
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	for i, p := range parts {
		if r4.IsResource(p) {
			if i+1 < len(parts) {
				return p, parts[i+1]
			}
			return p, ""
		}
	}
	return "", ""
}
