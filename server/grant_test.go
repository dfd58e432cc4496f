package server_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
)

const (
	guardedPatient = `{"resourceType":"Patient","id":"pa","identifier":[{"system":"urn:s","value":"a"}],"name":[{"family":"Hidden"}]}`
	everything     = "system/*.cruds system/StructureDefinition.cruds"
)

// guarded is a server with a Patient, an Observation and two Binaries, and with
// operations that answer with what they hold.
func guarded(t *testing.T, change func(*server.Config)) http.Handler {
	answer := func(r fhir.Value) func(context.Context, *fhir.Call) (*fhir.Reply, error) {
		return func(context.Context, *fhir.Call) (*fhir.Reply, error) {
			return &fhir.Reply{Resource: r.Resource()}, nil
		}
	}
	patient := fhir.Obj("resourceType", "Patient", "name", fhir.List(fhir.Obj("family", "Hidden")))
	bundle := fhir.Obj("resourceType", "Bundle", "type", "collection", "entry", fhir.List(fhir.Obj("resource", patient)))
	h := newHandler(t, func(c *server.Config) {
		c.Authenticator = byName{}
		c.Operations = []fhir.Operation{
			{Name: "process-message", Parameters: anyBody, Handle: answer(bundle), Events: []string{"prescription-order", "dispense-notification"}, Carries: []string{"MessageHeader", "Patient"}},
			{Name: "act", Type: "Task", Parameters: anyBody, Handle: answer(fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(fhir.Obj("name", "x", "part", fhir.List(fhir.Obj("name", "y", "resource", bundle))))))},
			{Name: "look", Type: "Task", Idempotent: true, Parameters: anyBody, Handle: answer(bundle)},
		}
		if change != nil {
			change(c)
		}
	})
	for target, body := range map[string]string{
		"/fhir/Patient/pa": guardedPatient,
		"/fhir/Patient/pb": `{"resourceType":"Patient","id":"pb","identifier":[{"system":"urn:s","value":"b"}]}`,
		"/fhir/Binary/of":  `{"resourceType":"Binary","id":"of","contentType":"text/plain","securityContext":{"reference":"Patient/pa"},"data":"SGlkZGVu"}`,
		"/fhir/Binary/odd": `{"resourceType":"Binary","id":"odd","contentType":"text/plain","securityContext":{"identifier":{"value":"x"}},"data":"SGlkZGVu"}`,
		"/fhir/Binary/all": `{"resourceType":"Binary","id":"all","contentType":"text/plain","data":"T3Blbg=="}`,
	} {
		require.Equal(t, 201, call(h, "PUT", target, body, "Authorization", everything).Code, target)
	}
	return h
}

func observation(subject string) string {
	return `{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"` + subject + `"}}`
}

func inBundle(kind, method, url, resource string) string {
	return `{"resourceType":"Bundle","type":"` + kind + `","entry":[{"resource":` + resource + `,"request":{"method":"` + method + `","url":"` + url + `"}}]}`
}

// TestConditionsAreSearches: what a conditional reference finds, or does not,
// is told to nobody who may not search, by whatever door it comes.
func TestConditionsAreSearches(t *testing.T) {
	h := guarded(t, nil)
	message := func(resource string) string {
		return `{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"urn:uuid:0d3c1a60-2f5b-4f0e-9c55-0a6f5f9d7f01","resource":` + resource + `}]}`
	}
	doors := map[string]struct{ scopes, method, target, body string }{
		"create":         {"system/Observation.c", "POST", "/fhir/Observation", "%"},
		"other base":     {"system/Observation.c", "POST", "/FHIR/R4/Observation", "%"},
		"update":         {"system/Observation.u", "PUT", "/fhir/Observation/o", strings.Replace("%", "%", "%id", 1)},
		"transaction":    {"system/Observation.c", "POST", "/fhir", inBundle("transaction", "POST", "Observation", "%")},
		"operation":      {"system/Task/$act", "POST", "/fhir/Task/$act", message("%")},
		"patch":          {"system/Observation.ru", "PATCH", "/fhir/Observation/there", `[{"op":"replace","path":"/subject/reference","value":"#"}]`},
		"batch":          {"system/Observation.c", "POST", "/fhir", inBundle("batch", "POST", "Observation", "%")},
		"cond. update":   {"system/Observation.us", "PUT", "/fhir/Observation?_id=none", "%"},
		"trans. update":  {"system/Observation.u", "POST", "/fhir", inBundle("transaction", "PUT", "Observation/o2", "%id2")},
		"if none exists": {"system/Observation.cs", "POST", "/fhir/Observation", "%"},
	}
	require.Equal(t, 201, call(h, "PUT", "/fhir/Observation/there", strings.Replace(observation("Patient/pa"), `"status"`, `"id":"there","status"`, 1), "Authorization", everything).Code)
	for name, door := range doors {
		for _, condition := range []string{"Patient?identifier=urn:s|a", "Patient?identifier=urn:s|none", "Patient?identifier=urn:s|", "Patient?organization.name=x"} {
			o := observation(condition)
			body := strings.NewReplacer("%id2", strings.Replace(o, `"status"`, `"id":"o2","status"`, 1), "%id", strings.Replace(o, `"status"`, `"id":"o","status"`, 1), "%", o, "#", condition).Replace(door.body)
			headers := []string{"Authorization", door.scopes, "Content-Type", "application/fhir+json"}
			if door.method == "PATCH" {
				headers[3] = "application/json-patch+json"
			}
			if name == "if none exists" {
				headers = append(headers, "If-None-Exist", "_id=none")
			}
			w := call(h, door.method, door.target, body, headers...)
			if name == "batch" {
				require.Contains(t, w.Body.String(), `"403 Forbidden"`, condition)
				continue
			}
			require.Equal(t, 403, w.Code, "%s %s: %s", name, condition, w.Body)
			require.Contains(t, w.Body.String(), "system/Patient.s", name)
			headers[1] += " system/Patient.s"
			w = call(h, door.method, door.target, body, headers...)
			require.Equal(t, strings.Contains(condition, "organization"), w.Code == 403, "%s %s: %s", name, condition, w.Body)
		}
	}
	// A Bundle that is kept as it is, is not resolved.
	require.Equal(t, 201, call(h, "POST", "/fhir/Bundle", message(observation("Patient?identifier=urn:s|a")), "Authorization", "system/Bundle.c").Code)
}

// TestPatchReads: whether a patch succeeds tells what the resource holds.
func TestPatchReads(t *testing.T) {
	h := guarded(t, nil)
	for _, family := range []string{"Hidden", "Guessed"} {
		test := `[{"op":"test","path":"/name/0/family","value":"` + family + `"}]`
		parameters := `{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"delete"},{"name":"path","valueString":"Patient.name.where(family='` + family + `')"}]}]}`
		entry := inBundle("transaction", "PATCH", "Patient/pa", parameters)
		for _, c := range []struct{ contentType, method, target, body string }{
			{"application/json-patch+json", "PATCH", "/fhir/Patient/pa", test},
			{"application/json-patch+json", "PATCH", "/fhir/Patient/absent", test},
			{"application/json-patch+json", "PATCH", "/fhir/Patient?_id=pa", test},
			{"application/fhir+json", "PATCH", "/fhir/Patient/pa", parameters},
			{"application/fhir+json", "POST", "/fhir", entry},
		} {
			w := call(h, c.method, c.target, c.body, "Authorization", "system/Patient.us", "Content-Type", c.contentType)
			require.Equal(t, 403, w.Code, "%s %s: %s", c.method, c.target, w.Body)
			require.Contains(t, w.Body.String(), "system/Patient.r")
			require.NotContains(t, w.Body.String(), "Hidden")
		}
	}
	w := call(h, "PATCH", "/fhir/Patient/pa", `[{"op":"test","path":"/name/0/family","value":"Hidden"}]`, "Authorization", "system/Patient.ru", "Content-Type", "application/json-patch+json")
	require.Equal(t, 200, w.Code)
	require.Contains(t, w.Body.String(), "Hidden")
}

// TestWritesAnswerReaders: the answer to a write holds a resource only for who
// may read it.
func TestWritesAnswerReaders(t *testing.T) {
	h := guarded(t, nil)
	secret := `{"resourceType":"Patient","identifier":[{"system":"urn:s","value":"a"}]}`
	for name, c := range map[string]struct {
		scopes, method, target, body, ifNoneExist string
		status                                    int
	}{
		"create":      {"system/Patient.c", "POST", "/fhir/Patient", `{"resourceType":"Patient","name":[{"family":"Hidden"}]}`, "", 201},
		"existing":    {"system/Patient.cs", "POST", "/fhir/Patient", secret, "identifier=urn:s|a", 200},
		"update":      {"system/Patient.u", "PUT", "/fhir/Patient/pa", guardedPatient, "", 200},
		"conditional": {"system/Patient.us", "PUT", "/fhir/Patient?identifier=urn:s|a", secret, "", 200},
		"transaction": {"system/Patient.u", "POST", "/fhir", inBundle("transaction", "PUT", "Patient/pa", guardedPatient), "", 200},
		"batch":       {"system/Patient.u", "POST", "/fhir", inBundle("batch", "PUT", "Patient/pa", guardedPatient), "", 200},
		"message":     {"system/*.cu", "POST", "/fhir/$process-message", "", "", 200},
		"operation":   {"system/Task.cu", "POST", "/fhir/Task/$act", "", "", 200},
		"idempotent":  {"system/Task.r", "GET", "/fhir/Task/$look", "", "", 403},
	} {
		for _, prefer := range []string{"", "return=representation", "return=OperationOutcome", "return=minimal"} {
			headers := []string{"Authorization", c.scopes}
			if prefer != "" {
				headers = append(headers, "Prefer", prefer)
			}
			if c.ifNoneExist != "" {
				headers = append(headers, "If-None-Exist", c.ifNoneExist)
			}
			w := call(h, c.method, c.target, c.body, headers...)
			require.Equal(t, c.status, w.Code, "%s %s: %s", name, prefer, w.Body)
			require.NotContains(t, w.Body.String(), "Hidden", "%s %s", name, prefer)
			require.NotContains(t, w.Body.String(), `"urn:s"`, "%s %s", name, prefer)
		}
		headers := []string{"Authorization", c.scopes + " system/Patient.r", "Prefer", "return=representation"}
		if c.ifNoneExist == "" && name != "conditional" {
			require.Contains(t, call(h, c.method, c.target, c.body, headers...).Body.String(), "Hidden", name)
		}
	}
	// The scope of an operation covers its answer.
	for target, scope := range map[string]string{"/fhir/Task/$act": "system/Task/$act", "/fhir/$process-message": "system/$process-message", "/fhir/Task/$look": "system/Task/$look"} {
		require.Contains(t, call(h, "POST", target, "", "Authorization", scope).Body.String(), "Hidden", target)
		require.Equal(t, 403, call(h, "POST", target, "", "Authorization", "system/Task/$other system/$other").Code, target)
	}
}

// TestMessageEvents: the scope of $process-message is for one event.
func TestMessageEvents(t *testing.T) {
	h := guarded(t, nil)
	message := func(event string) string {
		return `{"resourceType":"Bundle","type":"message","entry":[{"fullUrl":"urn:uuid:3d9a2e63-30a2-4a3c-a1c3-52b8b1c7a1de","resource":{"resourceType":"MessageHeader","eventCoding":{"system":"urn:e","code":"` + event + `"},"source":{"endpoint":"urn:x:y"}}}]}`
	}
	for event, status := range map[string]int{"prescription-order": 200, "dispense-notification": 403} {
		w := call(h, "POST", "/fhir/$process-message", message(event), "Authorization", "system/$process-message?event=prescription-order")
		require.Equal(t, status, w.Code, w.Body)
		if status == 403 {
			require.Contains(t, w.Body.String(), "system/$process-message?event=dispense-notification")
		}
	}
	for _, broken := range []string{`{"resourceType":"Bundle",`, `{"resourceType":"Bundle","type":"message"}`, `{"resourceType":"Patient"}`} {
		w := call(h, "POST", "/fhir/$process-message", broken, "Authorization", "system/$process-message?event=prescription-order")
		require.NotEqual(t, 403, w.Code, "who may send a message is told what is wrong with it: %s", w.Body)
		w = call(h, "POST", "/fhir/$process-message", broken, "Authorization", "system/$process-message?event=other")
		require.Equal(t, 403, w.Code, w.Body)
	}
}

// TestMessagesBringWhatTheirCallerMay: the scope of a message is none to create
// whatever is put into one.
func TestMessagesBringWhatTheirCallerMay(t *testing.T) {
	h := guarded(t, nil)
	for part, scope := range map[string]string{
		`{"resourceType":"Patient"}`:                                              "",
		`{"resourceType":"Basic","code":{"text":"x"}}`:                            "system/Basic.c",
		`{"resourceType":"ValueSet","url":"urn:x:y","status":"active"}`:           "system/ValueSet.c",
		`{"resourceType":"Consent","status":"active","contained":[]}`:             "system/Consent.c",
		`{"resourceType":"StructureDefinition","url":"urn:x:y","status":"draft"}`: "system/StructureDefinition.c",
	} {
		message := `{"resourceType":"Bundle","type":"message","entry":[{"fullUrl":"urn:uuid:0d3c1a60-2f5b-4f0e-9c55-0a6f5f9d7f01","resource":{"resourceType":"MessageHeader","eventCoding":{"system":"urn:e","code":"e"},"source":{"endpoint":"urn:x:y"}}},{"fullUrl":"urn:uuid:0d3c1a60-2f5b-4f0e-9c55-0a6f5f9d7f02","resource":` + part + `}]}`
		for _, own := range []string{"system/$process-message", "system/$process-message?event=e", "system/Patient.cruds system/$process-message system/*.rs"} {
			for _, base := range []string{"/fhir", "/FHIR/R4"} {
				w := call(h, "POST", base+"/$process-message", message, "Authorization", own)
				if scope == "" {
					require.Equal(t, 200, w.Code, "%s: %s", part, w.Body)
					continue
				}
				require.Equal(t, 403, w.Code, "%s: %s", part, w.Body)
				require.Contains(t, w.Body.String(), scope)
			}
		}
		require.NotEqual(t, 403, call(h, "POST", "/fhir/$process-message", message, "Authorization", "system/$process-message "+scope).Code, part)
	}
}

// TestBinaryConditions: whether a condition finds a Binary is told to nobody who
// may not read it.
func TestBinaryConditions(t *testing.T) {
	h := guarded(t, nil)
	const text, scopes = `{"resourceType":"Binary","contentType":"text/plain"}`, "system/Binary.cruds system/Observation.c"
	for _, id := range []string{"of", "all", "none"} {
		for name, c := range map[string]struct{ method, target, body, header string }{
			"create":      {"POST", "/fhir/Binary", text, "_id=" + id},
			"update":      {"PUT", "/fhir/Binary?_id=" + id, text, ""},
			"patch":       {"PATCH", "/fhir/Binary?_id=" + id, `{"contentType":"a/b"}`, ""},
			"delete":      {"DELETE", "/fhir/Binary?_id=" + id, "", ""},
			"transaction": {"POST", "/fhir", inBundle("transaction", "PUT", "Binary?_id="+id, text), ""},
			"reference":   {"POST", "/fhir/Observation", observation("Binary?_id=" + id), ""},
		} {
			headers := []string{"Authorization", scopes}
			if c.header != "" {
				headers = append(headers, "If-None-Exist", c.header)
			}
			if c.method == "PATCH" {
				headers = append(headers, "Content-Type", "application/merge-patch+json")
			}
			w := call(h, c.method, c.target, c.body, headers...)
			require.Equal(t, 403, w.Code, "%s %s: %s", name, id, w.Body)
			require.Contains(t, w.Body.String(), "system/*.r")
		}
	}
}

// TestBinaryIsOfItsContext: by every door, a Binary is for those who may read
// what its security context names.
func TestBinaryIsOfItsContext(t *testing.T) {
	h := guarded(t, nil)
	batch := `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Binary/of"}},{"request":{"method":"GET","url":"Binary?_id=of,all"}}]}`
	for _, c := range []struct{ method, target, body, accept string }{
		{"GET", "/fhir/Binary/of", "", "application/fhir+json"}, {"GET", "/fhir/Binary/of", "", "application/fhir+xml"},
		{"GET", "/fhir/Binary/of", "", "text/plain"}, {"GET", "/fhir/Binary/of", "", "*/*"},
		{"GET", "/fhir/Binary/of/_history/1", "", "*/*"}, {"GET", "/fhir/Binary/of/_history", "", "application/fhir+json"},
		{"GET", "/fhir/Binary?_id=of", "", "application/fhir+json"}, {"GET", "/fhir/Binary/_history", "", "application/fhir+json"},
		{"POST", "/fhir", batch, "application/fhir+json"}, {"GET", "/fhir/Binary/odd", "", "*/*"},
	} {
		for _, hidden := range []string{"system/Binary.cruds", "system/Binary.rs system/Observation.rs"} {
			w := call(h, c.method, c.target, c.body, "Authorization", hidden, "Accept", c.accept)
			require.NotContains(t, w.Body.String(), "SGlkZGVu", "%s %s", c.target, c.accept)
			require.NotContains(t, w.Body.String(), "Hidden", "%s %s", c.target, c.accept)
			require.NotContains(t, w.Body.String(), `"total":`, c.target)
		}
		if c.target != "/fhir/Binary/odd" {
			w := call(h, c.method, c.target, c.body, "Authorization", "system/Binary.rs system/Patient.r", "Accept", c.accept)
			require.Regexp(t, "SGlkZGVu|Hidden", w.Body.String(), "%s %s", c.target, c.accept)
		}
	}
	require.Equal(t, 403, call(h, "GET", "/fhir/Binary/of/$validate", "", "Authorization", "system/Binary.r").Code)
	require.Contains(t, call(h, "GET", "/fhir/Binary/odd", "", "Authorization", "system/*.r").Body.String(), "Hidden")
	require.Contains(t, call(h, "GET", "/fhir/Binary/all", "", "Authorization", "system/Binary.r").Body.String(), "Open")
	const mine = `{"resourceType":"Binary","id":"of","contentType":"text/plain","data":"T3Blbg=="}`
	for _, c := range []struct{ method, target, body, contentType string }{
		{"PUT", "/fhir/Binary/of", mine, "application/fhir+json"}, {"DELETE", "/fhir/Binary/of", "", ""}, {"DELETE", "/fhir/Binary?_id=of", "", ""},
		{"PATCH", "/fhir/Binary/of", `[{"op":"remove","path":"/securityContext"}]`, "application/json-patch+json"},
		{"POST", "/fhir", inBundle("transaction", "PUT", "Binary/of", mine), "application/fhir+json"},
	} {
		w := call(h, c.method, c.target, c.body, "Authorization", "system/Binary.cruds", "Content-Type", c.contentType)
		require.Equal(t, 403, w.Code, "%s %s: %s", c.method, c.target, w.Body)
	}
}

// TestHistoryOfEverything leaves out what a wildcard does not reach.
func TestHistoryOfEverything(t *testing.T) {
	h := guarded(t, nil)
	require.Equal(t, 201, call(h, "PUT", "/fhir/Consent/c", `{"resourceType":"Consent","id":"c","status":"active","scope":{"text":"x"},"category":[{"text":"x"}],"policyRule":{"text":"x"}}`, "Authorization", "system/Consent.u").Code)
	w := call(h, "GET", "/fhir/_history", "", "Authorization", "system/*.s")
	require.Equal(t, 200, w.Code)
	require.Contains(t, w.Body.String(), "Patient/pa")
	require.NotContains(t, w.Body.String(), "Consent/c")
	require.NotContains(t, w.Body.String(), `"total":`)
	require.Contains(t, call(h, "GET", "/fhir/_history", "", "Authorization", "system/*.s system/Consent.s").Body.String(), "Consent/c")
}

// TestDefinitionsAreGrantedByName: what everybody's resources are validated
// against is not changed by a right to write everything.
func TestDefinitionsAreGrantedByName(t *testing.T) {
	h := guarded(t, nil)
	const valueSet = `{"resourceType":"ValueSet","id":"v","url":"urn:v","status":"draft"}`
	for _, c := range []struct{ method, target, body string }{
		{"POST", "/fhir/ValueSet", strings.Replace(valueSet, `"id":"v",`, "", 1)}, {"PUT", "/fhir/ValueSet/v", valueSet}, {"DELETE", "/fhir/ValueSet/v", ""},
		{"POST", "/fhir", inBundle("transaction", "PUT", "ValueSet/v", valueSet)},
	} {
		require.Equal(t, 403, call(h, c.method, c.target, c.body, "Authorization", "system/*.cruds user/*.*").Code, c.target)
		require.Less(t, call(h, c.method, c.target, c.body, "Authorization", "system/ValueSet.cruds").Code, 300, c.target)
	}
}

// TestRefusalsAreBlind: the refusal of a write does not tell of what stands to
// who may not read it.
func TestRefusalsAreBlind(t *testing.T) {
	h := guarded(t, func(c *server.Config) { c.Repository = telling{c.Repository} })
	for _, c := range []struct{ method, target, body string }{
		{"PUT", "/fhir/Patient/told", `{"resourceType":"Patient","id":"told"}`}, {"DELETE", "/fhir/Patient/told", ""},
		{"POST", "/fhir", inBundle("transaction", "PUT", "Patient/told", `{"resourceType":"Patient","id":"told"}`)},
	} {
		w := call(h, c.method, c.target, c.body, "Authorization", "system/Patient.ud")
		require.Equal(t, 422, w.Code, w.Body)
		require.NotContains(t, w.Body.String(), "Hidden")
		require.Contains(t, call(h, c.method, c.target, c.body, "Authorization", "system/Patient.rud").Body.String(), "Hidden")
	}
}

// telling refuses writes of one id in the words of a guard.
type telling struct{ server.Repository }

func (r telling) Commit(ctx context.Context, tx *fhir.Transaction) (*fhir.Commit, error) {
	if tx.Changes[0].ID == "told" {
		return nil, fhir.E("guard", fhir.BusinessRule, fhir.Issue{Message: "No.", Expected: "Hidden", Found: "Hidden"})
	}
	return r.Repository.Commit(ctx, tx)
}

func TestCachesKeepNoPatients(t *testing.T) {
	h := guarded(t, nil)
	for target, want := range map[string]string{
		"/fhir/Patient/pa": "no-store", "/fhir/Patient": "no-store", "/fhir/Patient/absent": "no-store", "/fhir/_history": "no-store", "/fhir/Binary/of": "no-store",
		"/fhir/metadata": "private, no-cache", "/fhir/ValueSet": "private, no-cache",
	} {
		w := call(h, "GET", target, "", "Authorization", "system/*.cruds")
		require.Equal(t, want, w.Header().Get("Cache-Control"), target)
		require.Subset(t, w.Header().Values("Vary"), []string{"Accept", "Authorization"}, target)
	}
}

// TestIncludedIsNotKept: definitions may be kept, what is included with them not.
func TestIncludedIsNotKept(t *testing.T) {
	h := guarded(t, nil)
	const scopes = everything + " system/ValueSet.cruds"
	for target, body := range map[string]string{
		"/fhir/ValueSet/vs": `{"resourceType":"ValueSet","id":"vs","url":"urn:x:vs","status":"active"}`,
		"/fhir/Basic/about": `{"resourceType":"Basic","id":"about","code":{"text":"Hidden"},"subject":{"reference":"ValueSet/vs"}}`,
	} {
		require.Equal(t, 201, call(h, "PUT", target, body, "Authorization", scopes).Code)
	}
	w := call(h, "GET", "/fhir/ValueSet?_id=vs&_revinclude=Basic:subject", "", "Authorization", scopes)
	require.Contains(t, w.Body.String(), "Hidden")
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
}

// TestReferrersAreForReaders: a deletion that is refused names only what the
// caller may read.
func TestReferrersAreForReaders(t *testing.T) {
	h := guarded(t, func(c *server.Config) { c.Repository = referred{c.Repository} })
	for scopes, named := range map[string]bool{
		"system/Patient.d": false, "system/Patient.rd": false, "system/Patient.rd system/Task.r": false,
		"system/Patient.rd system/Task.r system/Claim.r": true, "system/*.rd": true,
	} {
		for _, c := range []struct{ method, target, body string }{
			{"DELETE", "/fhir/Patient/held", ""},
			{"POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"Patient/held"}}]}`},
		} {
			w := call(h, c.method, c.target, c.body, "Authorization", scopes)
			require.Equal(t, 409, w.Code, w.Body)
			require.Equal(t, named, strings.Contains(w.Body.String(), "Task/t"), "%s: %s", scopes, w.Body)
		}
	}
}

// referred refuses the deletion of Patient/held for what refers to it.
type referred struct{ server.Repository }

func (r referred) Commit(ctx context.Context, tx *fhir.Transaction) (*fhir.Commit, error) {
	if tx.Changes[0].ID == "held" {
		return nil, fhir.E("commit", fhir.Conflict, fhir.Issue{Message: "Others refer to it.", Expected: "no references to it", Found: "Task/t, Claim/c"})
	}
	return r.Repository.Commit(ctx, tx)
}

func TestMetricsNeedAGrant(t *testing.T) {
	h := guarded(t, nil)
	for scopes, status := range map[string]int{"": 401, "system/*.cruds": 403, "system/$metrics": 200} {
		w := call(h, "GET", "/metrics", "", "Authorization", scopes)
		require.Equal(t, status, w.Code, scopes)
		require.Equal(t, status == 200, strings.Contains(w.Body.String(), "pestle_requests_in_flight"))
		require.Equal(t, status == 401, w.Header().Get("WWW-Authenticate") != "")
	}
}

// TestLogNamesCallers names who asked, and holds nothing else that a client wrote.
func TestLogNamesCallers(t *testing.T) {
	var log strings.Builder
	h := guarded(t, func(c *server.Config) { c.Logger = jsonLogger(&log) })
	log.Reset()
	call(h, "GET", "/fhir/Patient/pa", "", "Authorization", "system/Patient.r", "X-Request-ID", "Hidden.Patient.1970-01-01")
	require.Contains(t, log.String(), `"caller":"u1","organisation":"A83008"`)
	require.NotContains(t, log.String(), "Hidden")
	log.Reset()
	call(h, "GET", "/fhir/Patient/pa", "", "Authorization", "system/Patient.r", "X-Request-ID", "0a2cc3a1-1d4e-4f7c-9f77-0c4e8b8f9a10")
	require.Contains(t, log.String(), `"request_id":"0a2cc3a1-1d4e-4f7c-9f77-0c4e8b8f9a10"`)
}
