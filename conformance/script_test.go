package conformance

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fake answers as a server would whose ids and times are new each time.
func fake(id, at string) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", usualType)
		w.Header().Set("ETag", `W/"1"`)
		w.Header().Set("Location", "http://"+r.Host+"/fhir/Patient/"+id+"/_history/1")
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusCreated)
		}
		_, _ = w.Write([]byte(`{"resourceType":"Patient","id":"` + id + `","meta":{"lastUpdated":"` + at + `"},"language":"` + r.URL.Path[len("/fhir/"):] + `"}`))
	}))
}

func TestScriptsAreTheSameFromRunToRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.txtar")
	require.NoError(t, os.WriteFile(path, []byte("A script.\n-- one.req --\nPOST /Patient\n\n{}\n-- two.req --\nGET /Patient/{id:1}/{time:one}\n-- three.req*3 --\nGET /Patient/1\n"), 0o644))
	for i, server := range []*httptest.Server{fake("41", "2026-01-01T10:00:00.000Z"), fake("b7", "2026-02-01T10:00:00.000Z")} {
		script, err := Load(path)
		require.NoError(t, err)
		script.Run(t, server.URL+"/fhir", Options{Update: i == 0})
		script.Run(t, server.URL+"/fhir", Options{Loose: true})
		server.Close()
	}
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, `A script.
-- one.req --
POST /Patient

{}
-- one.res --
201 Created
ETag: W/"1"
Location: {base}/Patient/{id:1}/_history/1

{
  "resourceType": "Patient",
  "id": "{id:1}",
  "meta": {
    "lastUpdated": "{time}"
  },
  "language": "Patient"
}
-- two.req --
GET /Patient/{id:1}/{time:one}
-- two.res --
200 OK
ETag: W/"1"
Location: {base}/Patient/{id:1}/_history/1

{
  "resourceType": "Patient",
  "id": "{id:1}",
  "meta": {
    "lastUpdated": "{time}"
  },
  "language": "Patient/{id:1}/{time}"
}
-- three.req*3 --
GET /Patient/1
-- three.res --
3 x 200 OK
`, string(text))
}

func TestLoadRefuses(t *testing.T) {
	for _, text := range []string{
		"-- one.res --\n200 OK\n",
		"-- one.req --\nGET /\n-- two.res --\n200 OK\n",
		"-- one.req*x --\nGET /\n",
		"-- one.txt --\nGET /\n",
	} {
		path := filepath.Join(t.TempDir(), "a.txtar")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		_, err := Load(path)
		require.Error(t, err, text)
	}
}

func TestAResponseOfLaterCannotBeUsed(t *testing.T) {
	_, err := newNames("http://x/fhir").fill("GET /Patient/{id:7}")
	require.ErrorContains(t, err, "{id:7}")
}

func TestWordingOfRulesIsHidden(t *testing.T) {
	const issue = `{"resourceType":"OperationOutcome","issue":[{"extension":[{"url":"` + ruleURL + `","valueString":"r"}],"code":"invalid","diagnostics":"Words."},{"diagnostics":"Kept."}]}`
	require.Equal(t, strings.Replace(issue, "Words.", "{wording}", 1), string(hideWording([]byte(issue))))
	const xml = `<issue><extension url="` + ruleURL + `"><valueString value="r"/></extension><severity value="error"/><code value="code-invalid"/><diagnostics value="Words."/></issue><issue><diagnostics value="Kept."/></issue>`
	require.Equal(t, strings.Replace(xml, "Words.", "{wording}", 1), string(hideWording([]byte(xml))))
}
