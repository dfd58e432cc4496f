package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
)

// running is a server over the database of a folder.
type running struct {
	t   *testing.T
	app *app
	*httptest.Server
}

func start(t *testing.T, data string) *running {
	app, err := openApp(appConfig{Data: data, Profiles: profileOptions{Policy: "uk-core"}}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	s, err := server.New(server.Config{Repository: app.repository, Validator: app.validator, Operations: app.operations(), Secret: []byte("s")})
	require.NoError(t, err)
	return &running{t, app, httptest.NewServer(s.Handler())}
}

func (r *running) stop() {
	r.Close()
	require.NoError(r.t, r.app.close())
}

// ask sends a request and gives status and body.
func (r *running) ask(method, path, body string) (int, string) {
	req, err := http.NewRequest(method, r.URL+"/fhir/"+path, strings.NewReader(body))
	require.NoError(r.t, err)
	req.Header.Set("Content-Type", "application/fhir+json")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(r.t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(r.t, err)
	return resp.StatusCode, string(text)
}

const (
	labelColours = `{"resourceType":"CodeSystem","id":"colours","url":"https://clinic.example/colours","name":"Colours","status":"active","caseSensitive":true,"content":"complete","concept":[{"code":"red","display":"Red"},{"code":"blue","display":"Blue"}]}`
	labels       = `{"resourceType":"ValueSet","id":"labels","url":"https://clinic.example/labels","name":"Labels","status":"active","compose":{"include":[{"system":"https://clinic.example/colours"}]}}`
	profile      = `{"resourceType":"StructureDefinition","id":"born","url":"https://clinic.example/born","name":"Born","status":"active","kind":"resource","abstract":false,"type":"Basic","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Basic","derivation":"constraint","differential":{"element":[{"id":"Basic.created","path":"Basic.created","min":1}]}}`
	basic        = `{"resourceType":"Basic","meta":{"profile":["https://clinic.example/born"]},"code":{"text":"x"}}`
)

// TestStoredDefinitions wants definitions to count from the answer to their
// write on, after a restart too, and no longer once they are deleted.
func TestStoredDefinitions(t *testing.T) {
	data := t.TempDir()
	s := start(t, data)
	status, _ := s.ask("POST", "Basic", basic)
	assert.Equal(t, 201, status, "a profile that nobody knows is no error")
	status, text := s.ask("GET", "ValueSet/$expand?url=https://clinic.example/labels", "")
	assert.Equal(t, 404, status, text)
	for typ, body := range map[string]string{"CodeSystem/colours": labelColours, "ValueSet/labels": labels, "StructureDefinition/born": profile} {
		status, text := s.ask("PUT", typ, body)
		require.Equal(t, 201, status, text)
	}
	expectDefined(t, s)
	s.stop()

	s = start(t, data)
	expectDefined(t, s)
	status, text = s.ask("PUT", "CodeSystem/colours", strings.Replace(labelColours, `"blue"`, `"green"`, 1))
	require.Equal(t, 200, status, text)
	_, text = s.ask("GET", "ValueSet/labels/$expand", "")
	assert.Contains(t, text, `"green"`)
	status, _ = s.ask("DELETE", "StructureDefinition/born", "")
	require.Less(t, status, 300)
	status, _ = s.ask("POST", "Basic", basic)
	assert.Equal(t, 201, status)
	s.stop()
}

func expectDefined(t *testing.T, s *running) {
	t.Helper()
	_, text := s.ask("GET", "ValueSet/$expand?url=https://clinic.example/labels", "")
	assert.Contains(t, text, `"blue"`)
	_, text = s.ask("GET", "CodeSystem/$lookup?system=https://clinic.example/colours&code=red", "")
	assert.Contains(t, text, `"Red"`)
	status, text := s.ask("POST", "Basic", basic)
	assert.Equal(t, 422, status, text)
	assert.Contains(t, text, "Basic.created")
}

// TestBuiltInDefinitions reads and searches definitions that nobody stored.
func TestBuiltInDefinitions(t *testing.T) {
	s := start(t, t.TempDir())
	defer s.stop()
	const patient = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient"
	for path, want := range map[string]string{
		"StructureDefinition?url=" + patient:                                        `"id":"UKCore-Patient"`,
		"StructureDefinition?url=" + patient + "&_summary=count":                    `"total":1`,
		"StructureDefinition/UKCore-Patient":                                        `"id":"Patient.identifier:nhsNumber.system"`,
		"StructureDefinition/UKCore-Patient/_history/1":                             `"versionId":"1"`,
		"StructureDefinition/Patient":                                               `"http://hl7.org/fhir/StructureDefinition/Patient"`,
		"StructureDefinition?url=https://clinic.example/none":                       `"total":0`,
		"StructureDefinition?name=UKCorePatient":                                    `"total":1`,
		"StructureDefinition?type=Patient&derivation=constraint&_elements=url":      patient,
		"ValueSet?url=http://hl7.org/fhir/ValueSet/administrative-gender":           `"system":"http://hl7.org/fhir/administrative-gender"`,
		"ValueSet/administrative-gender/$expand":                                    `"code":"female"`,
		"CodeSystem?url=http://hl7.org/fhir/administrative-gender":                  `"code":"female"`,
		"ConceptMap?url=http://hl7.org/fhir/ConceptMap/cm-administrative-gender-v3": `"equivalence"`,
	} {
		status, text := s.ask("GET", path, "")
		assert.Equal(t, 200, status, path)
		assert.Contains(t, text, want, path)
	}
	status, _ := s.ask("GET", "StructureDefinition/none", "")
	assert.Equal(t, 404, status)
}

// TestBuiltInPages wants pages to go on from stored definitions into built-in
// ones, each once.
func TestBuiltInPages(t *testing.T) {
	s := start(t, t.TempDir())
	defer s.stop()
	status, text := s.ask("PUT", "StructureDefinition/born", profile)
	require.Equal(t, 201, status, text)
	seen, pages := map[string]int{}, 0
	for path := "StructureDefinition?kind=resource&_count=40&_elements=url"; path != ""; pages++ {
		status, text := s.ask("GET", path, "")
		require.Equal(t, 200, status, text)
		path = ""
		entries := strings.Count(text, `"fullUrl"`)
		assert.LessOrEqual(t, entries, 40)
		for _, part := range strings.Split(text, `"fullUrl":"`)[1:] {
			seen[part[:strings.IndexByte(part, '"')]]++
		}
		if _, rest, ok := strings.Cut(text, `"relation":"next","url":"`); ok {
			path = strings.TrimPrefix(rest[:strings.IndexByte(rest, '"')], s.URL+"/fhir/")
			path = strings.ReplaceAll(path, `\u0026`, "&")
		}
		require.Less(t, pages, 50)
	}
	assert.Greater(t, pages, 5)
	assert.Greater(t, len(seen), 200)
	for url, n := range seen {
		assert.Equal(t, 1, n, url)
	}
	assert.Contains(t, seen, s.URL+"/fhir/StructureDefinition/born")
	assert.Contains(t, seen, s.URL+"/fhir/StructureDefinition/Basic")
}

// TestResponsesAreHeldToStoredQuestionnaires: the questionnaire counts once it is
// stored, in the version that is named.
func TestResponsesAreHeldToStoredQuestionnaires(t *testing.T) {
	s := start(t, t.TempDir())
	defer s.stop()
	const response = `{"resourceType":"QuestionnaireResponse","questionnaire":"https://clinic.example/asrs|1","status":"completed","item":[{"linkId":"q2","answer":[{"valueBoolean":true}]}]}`
	status, text := s.ask("POST", "QuestionnaireResponse", response)
	require.Equal(t, 201, status, text)
	status, text = s.ask("PUT", "Questionnaire/asrs", `{"resourceType":"Questionnaire","id":"asrs","url":"https://clinic.example/asrs","version":"1","status":"active","item":[{"linkId":"q1","type":"boolean","text":"Restless?"}]}`)
	require.Equal(t, 201, status, text)
	status, text = s.ask("POST", "QuestionnaireResponse", response)
	require.Equal(t, 422, status, text)
	assert.Contains(t, text, "q2")
	status, text = s.ask("POST", "QuestionnaireResponse", strings.Replace(response, "asrs|1", "asrs|2", 1))
	assert.Equal(t, 201, status, text)
	status, text = s.ask("POST", "QuestionnaireResponse", strings.Replace(response, "q2", "q1", 1))
	assert.Equal(t, 201, status, text)
}

// Stored and built-in definitions are sorted together, over all pages.
func TestDefinitionsAreSorted(t *testing.T) {
	s := start(t, t.TempDir())
	defer s.stop()
	status, text := s.ask("PUT", "CodeSystem/colours", labelColours)
	require.Equal(t, 201, status, text)
	id := "data-absent-reason"
	status, text = s.ask("GET", "CodeSystem/"+id+"/_history", "")
	require.Equal(t, 200, status, text)
	require.Contains(t, text, `"total":1`)
	status, text = s.ask("GET", "CodeSystem/"+id+"/_history?_at=2000", "")
	require.Equal(t, 200, status, text)
	require.NotContains(t, text, `"entry"`)
	status, _ = s.ask("GET", "CodeSystem/nobody/_history", "")
	require.Equal(t, 404, status)
	for _, order := range []string{"name", "-name", "-url,name"} {
		var names []string
		next := "CodeSystem?_elements=name,url&_count=400&_sort=" + order
		for next != "" {
			status, text := s.ask("GET", next, "")
			require.Equal(t, 200, status, text)
			bundle, err := fhir.Parse([]byte(text))
			require.NoError(t, err)
			for entry := range bundle.Get("entry").Items() {
				value := entry.Path("resource", strings.Split(strings.TrimPrefix(order, "-"), ",")[0]).Text()
				names = append(names, strings.ToLower(value))
			}
			next = ""
			for l := range bundle.Get("link").Items() {
				if l.Get("relation").Text() == "next" {
					_, next, _ = strings.Cut(l.Get("url").Text(), "/fhir/")
				}
			}
		}
		require.Greater(t, len(names), 400)
		if order == "name" {
			require.Contains(t, names, "colours")
		}
		sorted := slices.SortedFunc(slices.Values(names), func(a, b string) int {
			if order[0] == '-' {
				a, b = b, a
			}
			return strings.Compare(a, b)
		})
		require.Equal(t, sorted[0], names[0])
		require.Equal(t, sorted[len(sorted)-1], names[len(names)-1], order)
	}
}
