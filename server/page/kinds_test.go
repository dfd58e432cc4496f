package page

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing/fstest"
)

// kinds are all kinds of pages, each made of what text returns for the name of a
// field; full says whether what may be there is.
var kinds = map[string]func(text func(string) string, full bool) ([]byte, error){
	"account": filled[Account], "consent": filled[Consent], "explorer": filled[Explorer], "front": filled[Front], "invitation": filled[Invitation],
	"payment": filled[Payment], "people": filled[People], "printed": filled[Printed], "refusal": filled[Refusal], "signin": filled[SignIn],
	"answer": answer(200, "Patient/1"), "answer-missing": answer(404, "Patient/1"), "answer-stranger": answer(401, "Task/1/_history/2"), "answer-bundle": answer(200, "Task"),
	"document": func(text func(string) string, full bool) ([]byte, error) {
		return Document(fill[Site](text, full), documents(text), "a.md")
	},
	"contents": func(text func(string) string, full bool) ([]byte, error) {
		return Document(fill[Site](text, full), documents(text), "")
	},
}

// filled writes a page of whose fields nobody forgets one.
func filled[P any](text func(string) string, full bool) ([]byte, error) {
	p := fill[P](text, full)
	return any(&p).(interface{ HTML() []byte }).HTML(), nil
}

func fill[P any](text func(string) string, full bool) (p P) {
	fillValue(reflect.ValueOf(&p).Elem(), reflect.TypeFor[P]().Name(), text, full)
	return p
}

func fillValue(v reflect.Value, name string, text func(string) string, full bool) {
	switch v.Kind() {
	case reflect.String:
		if full || name == "Name" || name == "Person" || name == "Heading" {
			v.SetString(text(name))
		}
	case reflect.Bool:
		v.SetBool(full)
	case reflect.Struct:
		for i := range v.NumField() {
			fillValue(v.Field(i), v.Type().Field(i).Name, text, full)
		}
	case reflect.Pointer:
		if full {
			v.Set(reflect.New(v.Type().Elem()))
			fillValue(v.Elem(), name, text, full)
		}
	case reflect.Uint8: // of an example: the text of a number
		v.SetUint('1')
	case reflect.Slice: // a full item, and one without what may be missing
		if full {
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
			fillValue(v.Index(0), name, text, true)
			fillValue(v.Index(1), name, text, false)
		}
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]any{"challenge": text(name)}))
	default:
		panic("a page has a field of an unknown kind: " + name)
	}
}

// documents are a document of everything that our Markdown has.
func documents(text func(string) string) fstest.MapFS {
	return fstest.MapFS{"a.md": {Data: []byte("# " + text("Title") + "\n\nWords " + text("Words") + " **" + text("Strong") + "** and `" + text("Code") + "`, [" + text("Link") + "](a.md), [" + text("Elsewhere") +
		"](https://example.org/" + text("Address") + "), [" + text("Nowhere") + "](none.md).\n\n## Second\n\n- " + text("Item") + "\n- two\n  lines\n\n1. one\n\n| a | " + text("Head") + " |\n|---|---|\n| 1 \\| 2 | " + text("Cell") +
		" |\n\n```\n" + text("Fenced") + "\n```\n\n    " + text("Indented") + "\n\nend\n")}}
}

func answer(status int, path string) func(func(string) string, bool) ([]byte, error) {
	return func(text func(string) string, full bool) ([]byte, error) {
		a := Answer{Site: fill[Site](text, full), Method: http.MethodGet, URL: &url.URL{Path: "/fhir/" + path}, Base: "/fhir", Self: "https://pestle.example/fhir", Status: status, Header: http.Header{}}
		if full {
			a.URL = &url.URL{Path: "/fhir/" + path + "/" + text("Path"), RawQuery: url.Values{"q": {text("Query")}}.Encode()}
			a.Header = http.Header{"Etag": {text("ETag")}, "Last-Modified": {text("Modified")}}
		}
		a.Text, _ = json.Marshal(resources(text)[path][status >= 400])
		return a.HTML(), nil
	}
}

func resources(text func(string) string) map[string]map[bool]any {
	type object = map[string]any
	outcome := object{"resourceType": "OperationOutcome", "issue": []any{
		object{"severity": text("Severity"), "code": text("Code"), "diagnostics": text("Diagnostics"), "expression": []any{text("Expression"), text("Expression")}}, object{"severity": "error", "code": "invalid"}}}
	patient := object{"resourceType": "Patient", "id": "1", "status": text("Status"), "active": true, "n": 1.50, "none": nil, "empty": []any{}, "name": []any{object{"text": text("Name")}}, "subject": object{"reference": text("Reference"), "display": text("Display")},
		text("Key"): text("Value"), "deep": []any{[]any{object{"url": text("URL")}}}, "extension": []any{object{"url": "https://example.org/x", "valueUri": "https://example.org/" + text("URI")}}}
	task := object{"resourceType": "Task", "id": "t", "meta": object{"versionId": "1", "lastUpdated": "2026-01-02T03:04:05.006Z"}, "status": "ready", "businessStatus": object{"text": text("Business")}, "code": object{"text": text("What")}, "for": object{"display": text("Who")}}
	bundle := object{"resourceType": "Bundle", "total": text("Total"), "link": []any{object{"relation": "self", "url": "https://pestle.example/fhir/Task"}, object{"relation": "next", "url": "https://pestle.example/fhir/Task?q=" + url.QueryEscape(text("Page"))}},
		"entry": []any{
			object{"fullUrl": "https://pestle.example/fhir/Task/t", "resource": task, "search": object{"mode": "match"}},
			object{"fullUrl": "https://pestle.example/fhir/Task/t", "resource": task, "search": object{"mode": text("Mode")}},
			object{"request": object{"method": "DELETE", "url": text("Deleted")}, "response": object{"status": text("Gone"), "lastModified": text("At")}},
			object{"resource": outcome},
		}}
	return map[string]map[bool]any{"Patient/1": {false: patient, true: outcome}, "Task/1/_history/2": {true: outcome}, "Task": {false: bundle}}
}

// same is a text for all fields.
func same(text string) func(string) string { return func(string) string { return text } }

// harmless is as long as a text and says nothing. It has the text's slashes and
// dollars, by which addresses are taken apart.
func harmless(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '/' || r == '$' {
			return r
		}
		return 'x'
	}, text)
}
