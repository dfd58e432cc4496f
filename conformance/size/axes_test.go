package size

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/conformance/process"
)

const jsonType = "application/fhir+json"

// prepare stores what requests refer to.
func prepare(t *testing.T, s *process.Server) {
	for path, body := range map[string]string{
		"/fhir/Patient/size":                    `{"resourceType":"Patient","id":"size"}`,
		"/fhir/Organization/size":               `{"resourceType":"Organization","id":"size","name":"Size"}`,
		"/fhir/StructureDefinition/size-slices": slices,
	} {
		status, answer, err := s.Send(http.MethodPut, path, []byte(body), "Content-Type", jsonType)
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, status, "%s", answer)
	}
}

// slices is a profile with slices by value.
const slices = `{"resourceType":"StructureDefinition","id":"size-slices","url":"https://example.org/size-slices","name":"SizeSlices","status":"active",
"kind":"resource","abstract":false,"type":"Patient","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient","derivation":"constraint","differential":{"element":[
{"id":"Patient.identifier","path":"Patient.identifier","slicing":{"discriminator":[{"type":"value","path":"system"}],"rules":"open"}},
{"id":"Patient.identifier:a","path":"Patient.identifier","sliceName":"a","min":0,"max":"*"},
{"id":"Patient.identifier:a.system","path":"Patient.identifier.system","min":1,"fixedUri":"urn:a"},
{"id":"Patient.identifier:b","path":"Patient.identifier","sliceName":"b","min":0,"max":"*"},
{"id":"Patient.identifier:b.system","path":"Patient.identifier.system","min":1,"fixedUri":"urn:b"}]}}`

// axes are all things of which there can be many; what has a format is tried in
// one of them, or in every one.
func axes(every bool) (all []axis) {
	all = append(all, resources(every)...)
	all = append(all, bundles(every)...)
	all = append(all, queries()...)
	all = append(all, patches()...)
	all = append(all, definitions()...)
	return append(all, stored()...)
}

// resources have much of one thing, and are validated and stored.
func resources(every bool) (all []axis) {
	for _, r := range []struct {
		name      string
		kind      string
		body      func(n, k int) string
		bad       bool // it is refused
		mostItems int
	}{
		{"names", "Patient", patient(`"name":[`, same(`{"family":"a","given":["b"]}`), `]`), false, 0},
		{"values of an array", "Patient", patient(`"name":[{"given":[`, same(`"a"`), `]}]`), false, 0},
		{"identifiers", "Patient", patient(`"identifier":[`, with(`{"system":"urn:size","value":"%d"}`), `]`), false, 0},
		{"extensions", "Patient", patient(`"extension":[`, with(`{"url":"https://example.org/x","valueString":"%d"}`), `]`), false, 0},
		{"extensions, each another", "Patient", patient(`"extension":[`, with(`{"url":"https://example.org/x%d","valueString":"%d"}`), `]`), false, 0},
		{"issues", "Patient", patient(`"name":[`, same(`{"use":"x"}`), `]`), true, 0},
		{"issues of dates", "Patient", patient(`"contact":[`, same(`{"period":{"start":"2021-02-30"}}`), `]`), true, 0},
		{"issues of invariants", "Patient", patient(`"contact":[`, same(`{"gender":"male"}`), `]`), true, 0},
		{"contained resources", "Patient", patient(`"contained":[`, with(`{"resourceType":"Organization","id":"c%d","name":"x"}`), `]`, `"generalPractitioner":[`, with(`{"reference":"#c%d"}`), `]`), false, 20_000},
		{"contained resources not referred to", "Patient", patient(`"contained":[`, with(`{"resourceType":"Organization","id":"c%d","name":"x"}`), `]`), true, 50_000},
		{"references", "Group", func(n, k int) string {
			return `{"resourceType":"Group","type":"person","actual":true,"member":[` + repeat(n, ",", same(`{"entity":{"reference":"Patient/size"}}`)) + `]}`
		}, false, 0},
		{"tags", "Patient", patient(`"meta":{"tag":[`, with(`{"system":"urn:size","code":"t%d"}`), `]}`), false, 0},
		{"slices' values", "Patient", patient(`"meta":{"profile":["https://example.org/size-slices"]},"identifier":[`, with(`{"system":"urn:b","value":"%d"}`), `]`), false, 0},
		{"codings", "Observation", func(n, k int) string {
			return `{"resourceType":"Observation","status":"final","code":{"coding":[` + repeat(n, ",", with(`{"system":"urn:size","code":"c%d"}`)) + `]}}`
		}, false, 0},
		{"components", "Observation", func(n, k int) string {
			return `{"resourceType":"Observation","status":"final","code":{"text":"x"},"component":[` + repeat(n, ",", with(`{"code":{"coding":[{"system":"urn:size","code":"c%d"}]},"valueQuantity":{"value":%d,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"}}`)) + `]}`
		}, false, 20_000}, // each has several combinations in the index, of 100,000 in all
		{"codes of a ValueSet", "ValueSet", func(n, k int) string {
			return fmt.Sprintf(`{"resourceType":"ValueSet","url":"https://example.org/v%d-%d","status":"active","compose":{"include":[{"system":"urn:size","concept":[`, n, k) + repeat(n, ",", with(`{"code":"c%d"}`)) + `]}]}}`
		}, false, 0},
		{"codes of a CodeSystem", "CodeSystem", func(n, k int) string {
			return fmt.Sprintf(`{"resourceType":"CodeSystem","url":"https://example.org/c%d-%d","status":"active","content":"complete","concept":[`, n, k) + repeat(n, ",", with(`{"code":"c%d","display":"d%d"}`)) + `]}`
		}, false, 0},
		{"items of a Questionnaire", "Questionnaire", func(n, k int) string {
			return `{"resourceType":"Questionnaire","status":"active","item":[` + repeat(n, ",", with(`{"linkId":"%d","text":"x","type":"string"}`)) + `]}`
		}, false, 0},
		{"answers of a QuestionnaireResponse", "QuestionnaireResponse", func(n, k int) string {
			return `{"resourceType":"QuestionnaireResponse","status":"completed","item":[` + repeat(n, ",", with(`{"linkId":"%d","answer":[{"valueString":"x"}]}`)) + `]}`
		}, false, 0},
		{"sections of a Composition", "Composition", func(n, k int) string {
			return `{"resourceType":"Composition","status":"final","type":{"text":"x"},"date":"2026-01-01","author":[{"display":"x"}],"title":"x","section":[` + repeat(n, ",", same(`{"title":"x","entry":[{"reference":"Patient/size"}]}`)) + `]}`
		}, false, 0},
		{"inputs of a Task", "Task", func(n, k int) string {
			return `{"resourceType":"Task","status":"draft","intent":"proposal","input":[` + repeat(n, ",", with(`{"type":{"text":"x"},"valueString":"%d"}`)) + `]}`
		}, false, 0},
		{"entries of a collection", "Bundle", func(n, k int) string {
			return `{"resourceType":"Bundle","type":"collection","entry":[` + repeat(n, ",", with(`{"fullUrl":"https://example.org/Patient/%d","resource":{"resourceType":"Patient","id":"%d"}}`)) + `]}`
		}, false, 0},
		{"references between entries", "Bundle", func(n, k int) string {
			return `{"resourceType":"Bundle","type":"collection","entry":[` + repeat(n, ",", with(`{"fullUrl":"https://example.org/Patient/p%d","resource":{"resourceType":"Patient","id":"p%d","link":[{"other":{"reference":"Patient/p%d"},"type":"seealso"}]}}`)) + `]}`
		}, false, 50_000},
		{"parameters", "Parameters", func(n, k int) string {
			return `{"resourceType":"Parameters","parameter":[` + repeat(n, ",", with(`{"name":"p%d","valueString":"x"}`)) + `]}`
		}, false, 0},
		{"characters of a string", "Patient", func(n, k int) string {
			return `{"resourceType":"Patient","name":[{"text":"` + strings.Repeat("ab ", n) + `"}]}`
		}, false, 300_000},
		{"nodes of a narrative", "Patient", func(n, k int) string {
			return `{"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">` + strings.Repeat("<p>a</p>", n) + `</div>"}}`
		}, false, 0},
	} {
		a := axis{name: r.name, most: r.mostItems, every: every, heavy: r.name == "components"}
		status := http.StatusCreated
		if r.bad {
			status = http.StatusUnprocessableEntity
		}
		all = append(all, inFormats(a, http.MethodPost, "/fhir/"+r.kind, status, r.body)...)
	}
	return all
}

// patient makes a Patient with members of n items: text before, item, text after,
// for each member.
func patient(parts ...any) func(n, k int) string {
	return func(n, k int) string {
		out := `{"resourceType":"Patient"`
		for i := 0; i < len(parts); i += 3 {
			out += "," + parts[i].(string) + repeat(n, ",", parts[i+1].(func(int) string)) + parts[i+2].(string)
		}
		return out + "}"
	}
}

// bundles have many entries.
func bundles(every bool) (all []axis) {
	for _, b := range []struct {
		name, kind, entry string
		status            int
		most              int
	}{
		{"creates of a transaction", "transaction", `{"resource":{"resourceType":"Basic","code":{"text":"x"}},"request":{"method":"POST","url":"Basic"}}`, 200, 20_000},
		{"creates of a batch", "batch", `{"resource":{"resourceType":"Basic","code":{"text":"x"}},"request":{"method":"POST","url":"Basic"}}`, 200, 20_000},
		{"references in a transaction", "transaction", `{"fullUrl":"urn:uuid:00000000-0000-4000-8000-%u","resource":{"resourceType":"Basic","code":{"text":"x"},"subject":{"reference":"urn:uuid:00000000-0000-4000-8000-%u"}},"request":{"method":"POST","url":"Basic"}}`, 200, 20_000},
		{"If-None-Exist conditions", "transaction", `{"resource":{"resourceType":"Patient","identifier":[{"system":"urn:size","value":"%k-%d"}]},"request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=urn:size|%k-%d"}}`, 200, 20_000},
		{"conditional updates", "transaction", `{"resource":{"resourceType":"Patient","identifier":[{"system":"urn:size","value":"u%k-%d"}]},"request":{"method":"PUT","url":"Patient?identifier=urn:size|u%k-%d"}}`, 200, 20_000},
		{"conditional references", "transaction", `{"resource":{"resourceType":"Basic","code":{"text":"x"},"subject":{"reference":"Organization?name=Size&_id=size"}},"request":{"method":"POST","url":"Basic"}}`, 200, 20_000},
		{"reads of a batch", "batch", `{"request":{"method":"GET","url":"Patient/size"}}`, 200, 20_000},
		{"issues of a transaction", "transaction", `{"resource":{"resourceType":"Patient","gender":"x"},"request":{"method":"POST","url":"Patient"}}`, 422, 0},
		{"reads of nothing", "batch", `{"request":{"method":"GET","url":"Patient/none"}}`, 200, 0},
		{"bad entries of a message", "message", `{"fullUrl":"urn:uuid:00000000-0000-4000-8000-%u","resource":{"resourceType":"MedicationRequest","status":"active"}}`, 400, 0},
	} {
		path := "/fhir"
		if b.kind == "message" {
			path = "/fhir/$process-message"
		}
		all = append(all, inFormats(axis{name: b.name, most: b.most, every: every, heavy: true}, http.MethodPost, path, b.status, func(n, k int) string {
			entry := strings.ReplaceAll(b.entry, "%k", fmt.Sprint(n, "-", k))
			return `{"resourceType":"Bundle","type":"` + b.kind + `","entry":[` + repeat(n, ",", func(i int) string {
				return with(strings.ReplaceAll(entry, "%u", fmt.Sprintf("%012d", i)))(i)
			}) + `]}`
		})...)
	}
	return all
}

// queries have many clauses and values.
func queries() (all []axis) {
	form := func(name string, few, most int, path string, status int, body func(n int) string) axis {
		return axis{name: name, few: few, most: most, ask: func(n, k int) request {
			return request{http.MethodPost, path, []byte(body(n)), []string{"Content-Type", "application/x-www-form-urlencoded"}, status}
		}}
	}
	return append(all,
		form("values of a clause", 0, 40_000, "/fhir/Patient/_search", 200, func(n int) string { return "identifier=" + repeat(n, ",", with("urn:none|%d")) }),
		form("ids of a clause", 0, 100_000, "/fhir/Patient/_search", 200, func(n int) string { return "_id=" + repeat(n, ",", with("n%d")) }),
		form("names of a clause", 0, 100_000, "/fhir/Patient/_search", 200, func(n int) string { return "name=" + repeat(n, ",", with("n%d")) }),
		form("clauses", 40, 160, "/fhir/Patient/_search", 200, func(n int) string { return repeat(n, "&", with("name=n%d")) }),
		form("equal clauses", 0, 100_000, "/fhir/Patient/_search", 200, func(n int) string { return repeat(n, "&", same("name=none")) }),
		form("too many clauses", 0, 80_000, "/fhir/Patient/_search", 400, func(n int) string { return repeat(n, "&", with("name=n%d")) }),
		form("sort keys that are unknown", 0, 80_000, "/fhir/Patient/_search", 400, func(n int) string { return "_sort=" + repeat(n, ",", with("s%d")) }),
		axis{name: "query of an address", few: 500, short: 2000, most: 10_000, ask: func(n, k int) request {
			return request{http.MethodGet, "/fhir/Patient?_id=" + url.QueryEscape(repeat(n, ",", with("n%d"))), nil, nil, 200}
		}},
		axis{name: "levels of JSON that are too deep", ask: func(n, k int) request {
			return request{http.MethodPost, "/fhir/Patient", []byte(`{"resourceType":"Patient","extension":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}"), []string{"Content-Type", jsonType}, 400}
		}},
		axis{name: "levels of extensions", few: 10, short: 40, most: 40, ask: func(n, k int) request {
			return request{http.MethodPost, "/fhir/Patient", []byte(`{"resourceType":"Patient",` + strings.Repeat(`"extension":[{"url":"https://example.org/x",`, n) + `"valueString":"x"` + strings.Repeat("}]", n) + "}"), []string{"Content-Type", jsonType}, 201}
		}},
		axis{name: "levels of XML that are too deep", ask: func(n, k int) request {
			return request{http.MethodPost, "/fhir/Patient", []byte(`<Patient xmlns="http://hl7.org/fhir">` + strings.Repeat("<a>", n) + strings.Repeat("</a>", n) + "</Patient>"), []string{"Content-Type", "application/fhir+xml"}, 400}
		}},
	)
}

// patches have many operations, and expressions of many steps.
func patches() []axis {
	json := func(name, contentType string, most int, body func(n, k int) string) axis {
		return axis{name: name, most: most, ask: func(n, k int) request {
			return request{http.MethodPatch, "/fhir/Patient/size", []byte(body(n, k)), []string{"Content-Type", contentType}, 200}
		}}
	}
	return []axis{
		json("operations of a JSON Patch", "application/json-patch+json", 50_000, func(n, k int) string {
			return `[` + repeat(n, ",", same(fmt.Sprintf(`{"op":"add","path":"/language","value":"x%d"}`, k))) + `,{"op":"remove","path":"/language"}]`
		}),
		json("operations of a FHIRPath Patch", jsonType, 20_000, func(n, k int) string {
			return `{"resourceType":"Parameters","parameter":[` + repeat(n, ",", with(`{"name":"operation","part":[{"name":"type","valueCode":"add"},{"name":"path","valueString":"Patient"},{"name":"name","valueString":"active"},{"name":"value","valueBoolean":true}]},{"name":"operation","part":[{"name":"type","valueCode":"delete"},{"name":"path","valueString":"Patient.active"}]}`)) + `]}`
		}),
		{name: "steps of a FHIRPath expression", few: 500, short: 2000, most: 4500, ask: func(n, k int) request {
			body := `{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"delete"},{"name":"path","valueString":"Patient.active` + strings.Repeat(".where(true)", n) + `"}]}]}`
			return request{http.MethodPatch, "/fhir/Patient/size", []byte(body), []string{"Content-Type", jsonType}, 200}
		}},
	}
}
