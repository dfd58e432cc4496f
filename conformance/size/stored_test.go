package size

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/conformance/process"
)

// stored is about what the database has much of, and what reads it.
func stored() []axis {
	get := func(form string) func(n, k int) request {
		return func(n, k int) request {
			path := strings.NewReplacer("%n", fmt.Sprint(n), "%k", fmt.Sprint(k)).Replace(form)
			return request{http.MethodGet, path, nil, nil, 200}
		}
	}
	return []axis{
		{name: "versions that are written", few: 400, heavy: true, most: 20_000, ask: versions},
		{name: "versions that are read", few: 50, short: 300, most: 1000, ready: func(t *testing.T, s *process.Server, n, k int) {
			versions(n, k).send(t, s, n)
		}, ask: get("/fhir/Patient/v-%n-%k/_history?_count=%n")},
		{name: "a page of the history, by the versions behind it", few: 50, short: 300, most: 20_000, ready: func(t *testing.T, s *process.Server, n, k int) {
			versions(n, k).send(t, s, n)
		}, ask: get("/fhir/Patient/v-%n-%k/_history?_count=10")},
		{name: "resources of a page", few: 100, short: 1000, most: 1000, ready: func(t *testing.T, s *process.Server, n, k int) {
			basics(n, k).send(t, s, n)
		}, ask: get("/fhir/Basic?code=urn:size|b-%n-%k&_count=%n")},
		{name: "resources that are sorted", few: 100, short: 1000, most: 8000, ready: func(t *testing.T, s *process.Server, n, k int) {
			basics(n, k).send(t, s, n)
		}, ask: get("/fhir/Basic?code=urn:size|b-%n-%k&_count=%n&_sort=created")},
		{name: "resources that are included", few: 100, short: 1000, most: 10_000, ready: func(t *testing.T, s *process.Server, n, k int) {
			basics(n, k).send(t, s, n)
			put(t, s, fmt.Sprintf("/fhir/Group/g-%d-%d", n, k), fmt.Sprintf(`{"resourceType":"Group","id":"g-%d-%d","type":"person","actual":true,"member":[`, n, k)+
				repeat(n, ",", with(fmt.Sprintf(`{"entity":{"reference":"Patient/b-%d-%d-%%d"}}`, n, k)))+`]}`)
		}, ask: get("/fhir/Group?_id=g-%n-%k&_include=Group:member")},
		{name: "resources that refer to one", few: 100, short: 1000, most: 10_000, ready: func(t *testing.T, s *process.Server, n, k int) {
			basics(n, k).send(t, s, n)
		}, ask: get("/fhir/Patient?_id=b-%n-%k-0&_revinclude=Basic:subject")},
		{name: "items that are told apart by FHIRPath", most: 20_000, ready: func(t *testing.T, s *process.Server, n, k int) {
			put(t, s, fmt.Sprintf("/fhir/Patient/f-%d-%d", n, k), fmt.Sprintf(`{"resourceType":"Patient","id":"f-%d-%d","name":[{"given":[`, n, k)+repeat(n, ",", with(`"g%d"`))+`]}]}`)
		}, ask: func(n, k int) request {
			return request{http.MethodPatch, fmt.Sprintf("/fhir/Patient/f-%d-%d", n, k), []byte(`{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"delete"},{"name":"path","valueString":"Patient.name.given.distinct().intersect(Patient.name.given | ('a')).exclude(Patient.name.given)"}]}]}`), []string{"Content-Type", jsonType}, 200}
		}},
		{name: "lines of NDJSON", heavy: true, most: 50_000, act: load},
		{name: "lines of an order", few: 250, most: 10_000, act: order},
	}
}

// versions is a batch that writes n versions of one resource.
func versions(n, k int) request {
	body := `{"resourceType":"Bundle","type":"batch","entry":[` + repeat(n, ",", with(fmt.Sprintf(`{"resource":{"resourceType":"Patient","id":"v-%d-%d","name":[{"text":"%%d"}]},"request":{"method":"PUT","url":"Patient/v-%d-%d"}}`, n, k, n, k))) + `]}`
	return request{http.MethodPost, "/fhir", []byte(body), []string{"Content-Type", jsonType}, 200}
}

// basics is a transaction that writes n resources of a code, each with a Patient;
// all of them refer to the first Patient.
func basics(n, k int) request {
	entry := fmt.Sprintf(`{"resource":{"resourceType":"Patient","id":"b-%d-%d-%%d"},"request":{"method":"PUT","url":"Patient/b-%d-%d-%%d"}},{"resource":{"resourceType":"Basic","created":"2026-01-01","code":{"coding":[{"system":"urn:size","code":"b-%d-%d"}]},"subject":{"reference":"Patient/b-%d-%d-0"}},"request":{"method":"POST","url":"Basic"}}`, n, k, n, k, n, k, n, k)
	body := `{"resourceType":"Bundle","type":"transaction","entry":[` + repeat(n, ",", with(entry)) + `]}`
	return request{http.MethodPost, "/fhir", []byte(body), []string{"Content-Type", jsonType}, 200}
}

// load gives a file to the server by the command line.
func load(t *testing.T, s *process.Server, n, _ int) {
	file := filepath.Join(t.TempDir(), "lines.ndjson")
	require.NoError(t, os.WriteFile(file, []byte(repeat(n, "\n", with(`{"resourceType":"Patient","name":[{"text":"%d"}]}`))), 0o600))
	path, err := process.Binary()
	require.NoError(t, err)
	out, err := exec.Command(path, "load", "--data", s.Data, file).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), fmt.Sprintf("%d resources", n))
}

// order sends a prescription of many lines, which is refused.
func order(t *testing.T, s *process.Server, n, _ int) {
	_, text, err := s.Send(http.MethodGet, "/fhir/$demo-order", nil)
	require.NoError(t, err)
	var message map[string]any
	require.NoError(t, json.Unmarshal(text, &message))
	entries := message["entry"].([]any)
	var line map[string]any
	for _, e := range entries {
		if r := e.(map[string]any)["resource"].(map[string]any); r["resourceType"] == "MedicationRequest" {
			line = r
		}
	}
	for i := range n {
		id := fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
		more := map[string]any{}
		for name, value := range line {
			more[name] = value
		}
		more["id"] = id
		entries = append(entries, map[string]any{"fullUrl": "urn:uuid:" + id, "resource": more})
	}
	message["entry"] = entries
	body, err := json.Marshal(message)
	require.NoError(t, err)
	request{http.MethodPost, "/fhir/$process-message", body, []string{"Content-Type", jsonType}, 400}.send(t, s, n)
}
