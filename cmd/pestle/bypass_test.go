package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBypasses asks in every way that is known to have led past the authorisation of
// a FHIR server: about what another organisation has, and the same about what there
// is not. Both are answered alike, under both bases and in XML too, and nothing of
// what is another's is in the answer. The table is docs/access.md, Ways around it.
func TestBypasses(t *testing.T) {
	w := newOrgWorld(t)
	own := w.made("EVIL99", request{"POST", "/fhir/Patient", somebody("", "1", "Own"), nil})
	patient := w.made("X99CL", request{"POST", "/fhir/Patient", somebody("", "47110815", "Secret"), nil})
	made := map[string]string{
		"{patient}":     patient,
		"{observation}": w.made("X99CL", request{"POST", "/fhir/Observation", observation(patient, "47110815"), nil}),
		"{device}":      w.made("X99CL", request{"POST", "/fhir/Device", `{"resourceType":"Device","patient":{"reference":"Patient/` + patient + `"}}`, nil}),
		"{task}":        w.order("X99CL", "X99PH", "9990001006"),
		"{binary}":      w.made("X99CL", request{"POST", "/fhir/Binary", `{"resourceType":"Binary","contentType":"text/plain","securityContext":{"reference":"Patient/` + patient + `"},"data":"U2VjcmV0"}`, nil}),
		"{deleted}":     w.made("X99CL", request{"POST", "/fhir/Patient", somebody("", "5", "Secret"), nil}),
		"{number}":      "47110815", "{name}": "Secret",
	}
	w.made("X99CL", request{"DELETE", "/fhir/Patient/" + made["{deleted}"], "", nil})
	absent := map[string]string{"{number}": "97110815", "{name}": "Nobody"}
	for name := range made {
		if absent[name] == "" {
			absent[name] = fmt.Sprintf("0a0b0c0d-1111-4222-8333-%012d", len(absent))
		}
	}
	bundle := func(kind, method, url, resource string) string {
		if resource != "" {
			resource = `"resource":` + resource + `,`
		}
		return `{"resourceType":"Bundle","type":"` + kind + `","entry":[{` + resource + `"request":{"method":"` + method + `","url":"` + url + `"}}]}`
	}
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	jsonPatch := []string{"Content-Type", "application/json-patch+json"}
	match := func(query string) string {
		return strings.Replace(observation("x", "1"), "Patient/x", "Patient?"+query, 1)
	}
	for name, r := range map[string]request{
		"13 include":                         {"GET", "/fhir/Observation?_id={observation}&_include=Observation:subject", "", nil},
		"13 include of an own resource":      {"GET", "/fhir/Device?_include=Device:patient", "", nil},
		"14 revinclude":                      {"GET", "/fhir/Patient?_id={patient}&_revinclude=Observation:subject", "", nil},
		"15 iterate":                         {"GET", "/fhir/Patient?_id={patient}&_revinclude=Observation:subject&_revinclude:iterate=Provenance:target", "", nil},
		"16 wildcard":                        {"GET", "/fhir/Patient?_id={patient}&_revinclude=*&_include=*", "", nil},
		"20 chain":                           {"GET", "/fhir/Observation?subject:Patient.family={name}", "", nil},
		"20 chain on an identifier":          {"GET", "/fhir/Task?patient.identifier=https://clinic.example/id|{number}", "", nil},
		"21 has":                             {"GET", "/fhir/Patient?_has:Observation:subject:value-string={number}", "", nil},
		"21 has on a directory":              {"GET", "/fhir/PractitionerRole?_has:MedicationRequest:requester:subject=Patient/{patient}", "", nil},
		"23 sort":                            {"GET", "/fhir/Patient?family={name}&_sort=birthdate", "", nil},
		"24 count":                           {"GET", "/fhir/Patient?family={name}&_summary=count", "", nil},
		"24 total":                           {"GET", "/fhir/Patient?family={name}&_total=accurate&_count=1", "", nil},
		"25 compartment":                     {"GET", "/fhir/Patient/{patient}/Observation", "", nil},
		"26 post of a search":                {"POST", "/fhir/Patient/_search?_id={patient}", "family={name}", form},
		"27 absolute reference":              {"GET", "/fhir/Observation?subject=http://pharmacy.test/fhir/Patient/{patient}", "", nil},
		"28 repeated parameter":              {"GET", "/fhir/Observation?patient={patient}&patient=Patient/{patient}", "", nil},
		"29 system search":                   {"GET", "/fhir?_type=Patient&_id={patient}", "", nil},
		"30 device":                          {"GET", "/fhir/Device/{device}", "", nil},
		"30 device by patient":               {"GET", "/fhir/Device?patient=Patient/{patient}", "", nil},
		"32 elements":                        {"GET", "/fhir/Patient?_id={patient}&_elements=name", "", nil},
		"33 identifier":                      {"GET", "/fhir/Patient?identifier=https://clinic.example/id|{number}", "", nil},
		"34 history of a type":               {"GET", "/fhir/Device/_history", "", nil},
		"35 version":                         {"GET", "/fhir/Patient/{patient}/_history/1", "", nil},
		"35 version that there is not":       {"GET", "/fhir/Patient/{patient}/_history/9", "", nil},
		"36 history":                         {"GET", "/fhir/Patient/{patient}/_history", "", nil},
		"36 deleted":                         {"GET", "/fhir/Patient/{deleted}", "", nil},
		"36 deleted, its history":            {"GET", "/fhir/Patient/{deleted}/_history", "", nil},
		"36 deleted, its version":            {"GET", "/fhir/Patient/{deleted}/_history/2", "", nil},
		"38 conditional update":              {"PUT", "/fhir/Patient?_id={patient}&family={name}&active=true", `{"resourceType":"Patient","id":"{patient}"}`, nil},
		"38 conditional delete":              {"DELETE", "/fhir/Patient?family={name}", "", nil},
		"38 conditional patch":               {"PATCH", "/fhir/Patient?family={name}", `[{"op":"test","path":"/gender","value":"female"}]`, jsonPatch},
		"39 match in a transaction":          {"POST", "/fhir/", bundle("transaction", "POST", "Observation", match("family={name}")), nil},
		"39 match in a resource":             {"POST", "/fhir/Observation", match("identifier=https://clinic.example/id|{number}"), nil},
		"40 put over another's":              {"PUT", "/fhir/Patient/{patient}", `{"resourceType":"Patient","id":"{patient}"}`, nil},
		"41 patch":                           {"PATCH", "/fhir/Patient/{patient}", `[{"op":"test","path":"/gender","value":"female"}]`, jsonPatch},
		"42 batch":                           {"POST", "/fhir/", bundle("batch", "GET", "Patient/{patient}", ""), nil},
		"42 delete in a batch":               {"POST", "/fhir/", bundle("batch", "DELETE", "Patient/{patient}", ""), nil},
		"42 put in a transaction":            {"POST", "/fhir/", bundle("transaction", "PUT", "Patient/{patient}", `{"resourceType":"Patient","id":"{patient}"}`), nil},
		"43 id of a deleted one":             {"PUT", "/fhir/Patient/{deleted}", `{"resourceType":"Patient","id":"{deleted}"}`, nil},
		"45 reference":                       {"POST", "/fhir/MedicationRequest", `{"resourceType":"MedicationRequest","status":"active","intent":"plan","medicationCodeableConcept":{"text":"x"},"subject":{"reference":"Patient/{patient}"}}`, nil},
		"45 absolute reference":              {"POST", "/fhir/MedicationRequest", `{"resourceType":"MedicationRequest","status":"active","intent":"plan","medicationCodeableConcept":{"text":"x"},"subject":{"reference":"http://pharmacy.test/fhir/Patient/{patient}"}}`, nil},
		"46 if-match":                        {"PUT", "/fhir/Patient/{patient}", `{"resourceType":"Patient","id":"{patient}"}`, []string{"If-Match", `W/"7"`}},
		"46 if-match of the right version":   {"DELETE", "/fhir/Patient/{patient}", "", []string{"If-Match", `W/"1"`}},
		"46 if-none-match: *":                {"PUT", "/fhir/Patient/{patient}", `{"resourceType":"Patient","id":"{patient}"}`, []string{"If-None-Match", "*"}},
		"46 if-none-match":                   {"GET", "/fhir/Patient/{patient}", "", []string{"If-None-Match", `W/"1"`}},
		"46 if-modified-since":               {"GET", "/fhir/Patient/{patient}", "", []string{"If-Modified-Since", "Wed, 01 Jan 2098 00:00:00 GMT"}},
		"47 everything":                      {"GET", "/fhir/Patient/{patient}/$everything", "", nil},
		"47 timeline":                        {"GET", "/fhir/Patient/{patient}/$timeline", "", nil},
		"49 match":                           {"POST", "/fhir/Patient/$match", `{"resourceType":"Parameters","parameter":[{"name":"resource","resource":{"resourceType":"Patient","name":[{"family":"{name}"}]}}]}`, nil},
		"51 validate":                        {"GET", "/fhir/Patient/{patient}/$validate", "", nil},
		"51 validate a deletion":             {"GET", "/fhir/Patient/{patient}/$validate?mode=delete", "", nil},
		"52 operation on a Task":             {"POST", "/fhir/Task/{task}/$accept", "", nil},
		"52 cancel":                          {"POST", "/fhir/Task/{task}/$cancel", `{"resourceType":"Parameters","parameter":[{"name":"reason","valueCode":"0003"}]}`, nil},
		"52 operation in a batch":            {"POST", "/fhir/", bundle("batch", "POST", "Task/{task}/$return", `{"resourceType":"Parameters"}`), nil},
		"54 binary":                          {"GET", "/fhir/Binary/{binary}", "", []string{"Accept", "text/plain"}},
		"56 slashes":                         {"GET", "//fhir//Patient/{patient}/", "", nil},
		"56 escaped":                         {"GET", "/fhir/Patient/%7Bpatient%7D", "", nil},
		"57 head":                            {"HEAD", "/fhir/Patient/{patient}", "", nil},
		"57 method override":                 {"POST", "/fhir/Patient/{patient}", "", []string{"X-HTTP-Method-Override", "GET"}},
		"57 options":                         {"OPTIONS", "/fhir/Patient/{patient}", "", nil},
		"58 two types":                       {"PUT", "/fhir/Patient/{patient}", `{"resourceType":"Basic","resourceType":"Patient","id":"{patient}"}`, nil},
		"60 read":                            {"GET", "/fhir/Patient/{patient}", "", nil},
		"60 delete":                          {"DELETE", "/fhir/Patient/{patient}", "", nil},
		"60 own resource about another's":    {"POST", "/fhir/Observation", strings.Replace(observation("x", "1"), "Patient/x", "Patient/{patient}", 1), nil},
		"60 search of own that refer to it":  {"GET", "/fhir/Observation?subject=Patient/{patient}&subject:Patient.gender=female", "", nil},
		"60 include of it from an own one":   {"GET", "/fhir/Observation?subject=Patient/{patient}&_include=Observation:subject", "", nil},
		"60 patch of own with a condition":   {"PATCH", "/fhir/Patient/" + own, `[{"op":"add","path":"/link","value":[{"other":{"reference":"Patient?family={name}"},"type":"seealso"}]}]`, jsonPatch},
		"63 caches":                          {"GET", "/fhir/Patient/{patient}", "", []string{"Cache-Control", "only-if-cached"}},
		"38 if-none-exist of another's name": {"POST", "/fhir/Patient", somebody("", "8", "New"), []string{"If-None-Exist", "family={name}&active=true"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, door := range []struct{ base, accept string }{{"/fhir", ""}, {"/FHIR/R4", ""}, {"/fhir", "application/fhir+xml"}} {
				ask := func(values map[string]string) (int, string) {
					q := request{r.method, strings.Replace(r.path, "/fhir", door.base, 1), r.body, append([]string{}, r.headers...)}
					for from, to := range values {
						q.path, q.body = strings.ReplaceAll(q.path, from, to), strings.ReplaceAll(q.body, from, to)
						for i := range q.headers {
							q.headers[i] = strings.ReplaceAll(q.headers[i], from, to)
						}
					}
					if door.accept != "" {
						q.headers = append(q.headers, "Accept", door.accept)
					}
					rec := w.ask("EVIL99", q)
					if rec.Code < 300 && rec.Code != http.StatusNoContent {
						require.NotContains(t, strings.ReplaceAll(rec.Body.String(), "family=Secret", ""), "Secret")
					}
					text := rec.Body.String()
					for from, to := range values {
						text = strings.ReplaceAll(text, to, from)
					}
					w.alias = map[string]string{}
					rec.Body.Reset()
					rec.Body.WriteString(text)
					return rec.Code, w.told(rec)
				}
				_, hidden := ask(made)
				_, none := ask(absent)
				require.Equal(t, none, hidden)
			}
		})
	}
	for _, ref := range []string{"Patient/" + patient, "Observation/" + made["{observation}"], "Task/" + made["{task}"]} {
		require.Contains(t, w.ask("X99CL", request{"GET", "/fhir/" + ref + "/_history", "", nil}).Body.String(), `"total":1`, "nothing was changed")
	}
}

// TestLinksAreTheirCallers (19): a page link, and the receipt of a request, are of
// who has them.
func TestLinksAreTheirCallers(t *testing.T) {
	w := newOrgWorld(t)
	for i := range 3 {
		w.made("X99CL", request{"POST", "/fhir/Patient", somebody("", string(rune('1'+i)), "Secret"), nil})
	}
	for _, path := range []string{"/fhir/Patient?_count=1", "/fhir/Patient/_history?_count=1", "/fhir/_history?_count=1"} {
		next := nextLink(w.ask("X99CL", request{"GET", path, "", nil}).Body.String())
		require.NotEmpty(t, next)
		require.Equal(t, 200, w.ask("X99CL", request{"GET", next, "", nil}).Code)
		other := w.ask("EVIL99", request{"GET", next, "", nil})
		require.Equal(t, 400, other.Code, path)
		broken := next[:len(next)-4] + "AAAA"
		forged := w.ask("EVIL99", request{"GET", broken, "", nil})
		_, token, _ := strings.Cut(next, "_page=")
		_, none, _ := strings.Cut(broken, "_page=")
		require.Equal(t, strings.ReplaceAll(forged.Body.String(), none, token), other.Body.String(), path)
	}
	task := w.order("X99CL", "FA565", "9990001006")
	accept := request{"POST", "/fhir/Task/" + task + "/$accept", "", []string{"X-Request-ID", "11111111-2222-4333-8444-555555555555"}}
	require.Equal(t, 200, w.ask("FA565", accept).Code)
	require.Equal(t, 200, w.ask("FA565", accept).Code, "a repeat")
	require.Equal(t, 404, w.ask("EVIL99", accept).Code, "no repeat")
	accept.path = "/fhir/Task/none/$accept"
	require.Equal(t, 404, w.ask("EVIL99", accept).Code, "and not told of the first")
}
