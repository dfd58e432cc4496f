package openapi

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// interaction says what a row of the table of routes takes and answers.
type interaction struct {
	id, words  string   // "read", "Reads a resource."
	parameters []string // names of shared parameters
	searches   bool     // the parameters of a search of the type
	body       string   // "" for none, "type" for a resource of the type, or what it is
	answers    []answer
}

// answer is a status with what comes with it.
type answer struct {
	status string
	words  string
	body   string // "" for none, "type", or the name of a type
}

const (
	ownType = "type"
	patches = "patch"
	form    = "form"
)

var (
	ok         = answer{"200", "The resource.", ownType}
	created    = answer{"201", "It is stored; Location and ETag name the version. Prefer: return=minimal leaves out the body.", ownType}
	unchanged  = answer{"304", "What the client has is current.", ""}
	page       = answer{"200", "A page of what matches: a searchset with links to the next pages.", "Bundle"}
	historical = answer{"200", "A page of versions, newest first.", "Bundle"}
)

// interactions are those of http://hl7.org/fhir/restful-interaction, as the table of routes names them.
var interactions = map[string]interaction{
	"capabilities":       {id: "capabilities", words: "What the server can do.", parameters: []string{"mode", "_summary", "_elements", "_format", "_pretty"}, answers: []answer{{"200", "The CapabilityStatement.", "CapabilityStatement"}}},
	"read":               {id: "read", words: "Reads a resource, now or as it was at an instant.", parameters: []string{"_at", "_summary", "_elements", "_format", "_pretty", "If-None-Match", "If-Modified-Since"}, answers: []answer{ok, unchanged, {"410", "It was deleted.", "OperationOutcome"}}},
	"vread":              {id: "vread", words: "Reads a version of a resource.", parameters: []string{"_summary", "_elements", "_format", "_pretty", "If-None-Match"}, answers: []answer{ok, unchanged, {"410", "The version is a deletion.", "OperationOutcome"}}},
	"create":             {id: "create", words: "Creates a resource, with If-None-Exist only where none matches.", parameters: []string{"_format", "_pretty", "If-None-Exist", "Prefer", "X-Request-ID"}, body: ownType, answers: []answer{created, {"200", "One matches If-None-Exist: nothing was stored.", ownType}}},
	"update":             {id: "update", words: "Replaces a resource, or creates it under this id.", parameters: []string{"_format", "_pretty", "If-Match", "If-None-Match", "Prefer", "X-Request-ID"}, body: ownType, answers: []answer{ok, created}},
	"update-conditional": {id: "updateWhere", words: "Replaces the one resource that matches the query, or creates one where none does.", searches: true, parameters: []string{"_format", "_pretty", "If-Match", "Prefer", "X-Request-ID"}, body: ownType, answers: []answer{ok, created}},
	"patch":              {id: "patch", words: "Changes parts of a resource.", parameters: []string{"_format", "_pretty", "If-Match", "Prefer", "X-Request-ID"}, body: patches, answers: []answer{ok}},
	"patch-conditional":  {id: "patchWhere", words: "Changes parts of the one resource that matches the query.", searches: true, parameters: []string{"_format", "_pretty", "If-Match", "Prefer", "X-Request-ID"}, body: patches, answers: []answer{ok}},
	"delete":             {id: "delete", words: "Deletes a resource. Its versions remain.", parameters: []string{"_format", "_pretty", "If-Match", "Prefer", "X-Request-ID"}, answers: []answer{{"204", "It is deleted, or never was there.", ""}, {"200", "The same, with Prefer: return=OperationOutcome.", "OperationOutcome"}}},
	"delete-conditional": {id: "deleteWhere", words: "Deletes what matches the query.", searches: true, parameters: []string{"_format", "_pretty", "If-Match", "Prefer", "X-Request-ID"}, answers: []answer{{"204", "What matched is deleted.", ""}, {"200", "The same, with how many.", "OperationOutcome"}}},
	"history-instance":   {id: "history", words: "The versions of a resource.", parameters: []string{"_since", "_at", "_count", "_sort", "_format", "_pretty"}, answers: []answer{historical}},
	"history-type":       {id: "historyOfType", words: "The versions of all resources of the type.", parameters: []string{"_since", "_at", "_count", "_sort", "_format", "_pretty"}, answers: []answer{historical}},
	"history-system":     {id: "historyOfSystem", words: "The versions of all resources.", parameters: []string{"_since", "_at", "_count", "_sort", "_type", "_format", "_pretty"}, answers: []answer{historical}},
	"search-type":        {id: "search", words: "Searches.", searches: true, answers: []answer{page}},
	"search-system":      {id: "searchSystem", words: "Searches several types.", parameters: []string{"_type", "_count", "_format", "_pretty"}, answers: []answer{page}},
	"transaction":        {id: "transaction", words: "A transaction, which is done as a whole or not at all, or a batch, whose entries are done each by itself.", parameters: []string{"_format", "_pretty", "Prefer", "X-Request-ID"}, body: "Bundle", answers: []answer{{"200", "An answer to each entry, in their order.", "Bundle"}}},
	"job-status":         {id: "jobStatus", words: "How far a job is that was begun with Prefer: respond-async.", answers: []answer{{"200", "It is done: what came of it.", "Bundle"}, {"202", "It is being done; X-Progress says how far, Retry-After when to ask again.", ""}}},
	"job-delete":         {id: "jobDelete", words: "Ends a job, or deletes what came of it.", answers: []answer{{"202", "It is ended.", ""}}},
	"$export":            {id: "jobFile", words: "A file of an export.", answers: []answer{{"200", "A resource a line.", "ndjson"}}},
}

// add puts in all that is routed for a type, or for the system as a whole for "".
func (d *document) add(typ string) {
	for _, rt := range d.Routes {
		address, fits := d.address(rt, typ)
		if !fits {
			continue
		}
		p := d.at(address)
		action := d.action(rt, typ, p)
		p.actions = append(p.actions, strings.ToLower(rt.Method), action)
	}
}

// address is the template of a route for a type, and whether the type has it.
func (d *document) address(rt Route, typ string) (string, bool) {
	segments := strings.Split(rt.Path, "/")
	ofType := len(segments) > 1 && segments[1] == ":type"
	if ofType != (typ != "") {
		return "", false
	}
	if rt.Interaction == "operation" {
		if op, known := d.operation(rt, typ); known && (op == nil || rt.Method == "GET" && !op.Idempotent) {
			return "", false
		}
	}
	if d.writes(rt) && slices.Contains(d.ReadOnly, typ) {
		return "", false
	}
	for i, s := range segments {
		switch {
		case s == ":type":
			segments[i] = typ
		case s == ":member" && !slices.Contains(search.Compartments(), typ):
			return "", false
		case strings.HasPrefix(s, ":"):
			segments[i] = "{" + s[1:] + "}"
		}
	}
	address := strings.Join(segments, "/")
	if address == "" {
		address = "/"
	}
	return address, true
}

func (d *document) writes(rt Route) bool {
	switch strings.TrimSuffix(rt.Interaction, "-conditional") {
	case "create", "update", "patch", "delete":
		return true
	}
	return false
}

// action is what can be done by a method at an address.
func (d *document) action(rt Route, typ string, p *place) fhir.Value {
	if rt.Interaction == "operation" {
		return d.invoke(rt, typ, p)
	}
	in := interactions[rt.Interaction]
	id, parameters := in.id, pathParameters(p.address)
	for _, name := range in.parameters {
		parameters = append(parameters, shared(name))
	}
	words, body := in.words, in.body
	switch {
	case strings.Contains(rt.Path, ":member"):
		id, words = "searchCompartment", "Searches what belongs to one "+typ+": resources of a type, or * for all."
		parameters = append(parameters, resultParameters()...)
	case in.searches && rt.Method != "POST":
		parameters = append(parameters, d.searchParameters(typ, rt.Interaction == "search-type")...)
	}
	if strings.HasSuffix(rt.Path, "/_search") {
		if id += "UnderSearch"; rt.Method == "POST" {
			id, body = strings.TrimSuffix(id, "UnderSearch")+"ByForm", form
		}
	}
	members := []any{"operationId", id + typ, "tags", []string{tagOf(typ)}, "summary", words, "parameters", fhir.List(parameters...)}
	if body != "" {
		members = append(members, "requestBody", d.body(body, typ))
	}
	responses := []any{}
	for _, a := range in.answers {
		responses = append(responses, a.status, d.response(a, typ))
	}
	responses = append(responses, "default", fhir.Obj("$ref", "#/components/responses/Error"))
	return fhir.Obj(append(members, "responses", fhir.Obj(responses...))...)
}

func tagOf(typ string) string {
	if typ == "" {
		return systemTag
	}
	return typ
}

func (d *document) response(a answer, typ string) fhir.Value {
	members := []any{"description", a.words}
	switch a.body {
	case "":
	case "ndjson":
		members = append(members, "content", fhir.Obj("application/fhir+ndjson", fhir.Raw("{}")))
	case ownType:
		members = append(members, "content", d.content(typ, nil))
	default:
		members = append(members, "content", d.content(a.body, nil))
	}
	return fhir.Obj(members...)
}

// body is what a request carries.
func (d *document) body(what, typ string) fhir.Value {
	switch what {
	case form:
		return fhir.Obj("description", "The parameters of the search.", "content", fhir.Obj("application/x-www-form-urlencoded", fhir.Obj("schema", fhir.Obj("type", "object"))))
	case patches:
		var members []any
		for _, mime := range d.Patches {
			members = append(members, mime, fhir.Raw("{}"))
		}
		return fhir.Obj("required", true, "description", "JSON Patch, JSON Merge Patch, XML Patch, or Parameters of FHIRPath Patch.", "content", fhir.Obj(members...))
	case ownType:
		what = typ
	}
	return fhir.Obj("required", true, "content", d.content(what, d.Examples[what]))
}

// content is a resource of a type in each format, with an example of it, and what else
// there is besides.
func (d *document) content(typ string, example []byte, besides ...any) fhir.Value {
	return d.formats(d.schemas.need(typ), example, besides...)
}

func (d *document) formats(schema fhir.Value, example []byte, besides ...any) fhir.Value {
	var members []any
	for _, mime := range d.Formats {
		if !strings.Contains(mime, "json") {
			members = append(members, mime, fhir.Raw("{}"))
			continue
		}
		media := []any{"schema", schema}
		if example != nil {
			media = append(media, "examples", fhir.Obj("example", fhir.Obj("value", fhir.Raw(example))))
			example = nil // once is enough
		}
		members = append(members, mime, fhir.Obj(media...))
	}
	return fhir.Obj(append(members, besides...)...)
}

// searchParameters are all of a type, with those that shape the answer.
func (d *document) searchParameters(typ string, shaped bool) (list []any) {
	for _, p := range search.Params(typ) {
		name := typ + "." + p.Code
		if !slices.ContainsFunc(sharedOnes, func(s parameter) bool { return s.name == p.Code }) {
			list = append(list, shared(name))
		}
	}
	if !slices.Contains(d.searched, typ) {
		d.searched = append(d.searched, typ)
	}
	if shaped {
		list = append(list, resultParameters()...)
	}
	return list
}

// parameters are those of searches, by their type, and those of everything.
func (d *document) parameters() fhir.Value {
	members := sharedParameters()
	for _, typ := range d.searched {
		for _, p := range search.Params(typ) {
			words := "A parameter of type " + p.Type + "."
			if p.Expression != "" {
				words += " It is about " + within(typ, p) + "."
			}
			members = append(members, typ+"."+p.Code, fhir.Obj("name", p.Code, "in", "query", "description", words,
				"schema", fhir.Obj("type", "array", "items", fhir.Obj("type", "string"))))
		}
	}
	return fhir.Obj(members...)
}

// within is the part of an expression of several types that is about one.
func within(typ string, p *r4.SearchParam) string {
	var parts []string
	for part := range strings.SplitSeq(p.Expression, "|") {
		if part = strings.TrimSpace(part); strings.HasPrefix(strings.TrimLeft(part, "("), typ+".") {
			parts = append(parts, part)
		}
	}
	if parts == nil {
		return p.Expression
	}
	return strings.Join(parts, " | ")
}
