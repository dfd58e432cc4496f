package server_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/server"
)

const viewOfNames = `{"resourceType":"ViewDefinition","status":"active","resource":"Patient","select":[{"column":[{"name":"id","path":"id"}]},{"forEachOrNull":"name","column":[{"name":"family","path":"family"}]}]}`

func viewAsked(definition string, parameters ...string) string {
	list := append([]string{`{"name":"viewResource","resource":` + definition + `}`}, parameters...)
	return `{"resourceType":"Parameters","parameter":[` + strings.Join(list, ",") + `]}`
}

// Rows are made of the resources of the server or of those that are sent, in each format.
func TestView(t *testing.T) {
	h := newHandler(t, nil)
	for _, p := range []string{
		`{"resourceType":"Patient","id":"a","name":[{"family":"Smith"},{"family":"Jones"}]}`,
		`{"resourceType":"Patient","id":"b"}`,
		`{"resourceType":"Patient","id":"c","name":[{"family":"O, \"Neil\""}]}`,
	} {
		require.Equal(t, 201, call(h, "PUT", "/fhir/Patient/"+p[len(`{"resourceType":"Patient","id":"`):][:1], p).Code)
	}
	const csv = "id,family\r\na,Smith\r\na,Jones\r\nb,\r\nc,\"O, \"\"Neil\"\"\"\r\n"
	for _, path := range []string{"/fhir/$viewdefinition-run", "/fhir/$run", "/FHIR/R4/$run"} {
		w := call(h, "POST", path, viewAsked(viewOfNames))
		require.Equal(t, 200, w.Code, w.Body)
		require.Equal(t, "application/x-ndjson", w.Header().Get("Content-Type"))
		require.Equal(t, `{"id":"a","family":"Smith"}`+"\n"+`{"id":"a","family":"Jones"}`+"\n"+`{"id":"b","family":null}`+"\n"+`{"id":"c","family":"O, \"Neil\""}`+"\n", w.Body.String())
	}
	for _, c := range []struct {
		path, body, contentType, want string
		header                        []string
	}{
		{"?_format=csv", viewAsked(viewOfNames), "text/csv", csv, nil},
		{"?_format=text/csv", viewAsked(viewOfNames), "text/csv", csv, nil},
		{"", viewAsked(viewOfNames, `{"name":"_format","valueCode":"csv"}`), "text/csv", csv, nil},
		{"", viewAsked(viewOfNames), "text/csv", csv, []string{"Accept", "text/csv"}},
		{"?_format=csv&header=false", viewAsked(viewOfNames), "text/csv", strings.TrimPrefix(csv, "id,family\r\n"), nil},
		{"?_format=csv&_limit=2", viewAsked(viewOfNames), "text/csv", "id,family\r\na,Smith\r\na,Jones\r\n", nil},
		{"?_format=json&_limit=2", viewAsked(viewOfNames), "application/json", `[{"id":"a","family":"Smith"},{"id":"a","family":"Jones"}]`, nil},
		{"?_format=json&_since=2999-01-01", viewAsked(viewOfNames), "application/json", `[]`, nil},
		{"?_format=csv&_limit=0", viewAsked(viewOfNames), "text/csv", "id,family\r\n", nil},
		{"?_format=ndjson&_limit=0", viewAsked(viewOfNames), "application/x-ndjson", "", nil},
		{"?_format=csv", viewAsked(viewOfNames, `{"name":"patient","valueReference":{"reference":"Patient/c"}}`), "text/csv", "id,family\r\nc,\"O, \"\"Neil\"\"\"\r\n", nil},
		{"?_format=csv", viewAsked(viewOfNames, `{"name":"resource","resource":{"resourceType":"Patient","id":"z"}}`, `{"name":"resource","resource":{"resourceType":"Observation","id":"o"}}`), "text/csv", "id,family\r\nz,\r\n", nil},
	} {
		w := call(h, "POST", "/fhir/$run"+c.path, c.body, c.header...)
		require.Equal(t, 200, w.Code, "%s: %s", c.path, w.Body)
		require.Equal(t, c.contentType, w.Header().Get("Content-Type"), c.path)
		require.Equal(t, c.want, w.Body.String(), c.path)
	}
	for _, c := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"GET", "", "", 405, ""},
		{"POST", "?_format=parquet", viewAsked(viewOfNames), 400, "ndjson, json, csv"},
		{"POST", "?_limit=-1", viewAsked(viewOfNames), 400, "The limit is malformed"},
		{"POST", "?_since=yesterday", viewAsked(viewOfNames), 400, "The time is malformed"},
		{"POST", "?limit=1", viewAsked(viewOfNames), 400, "limit"},
		{"POST", "", `{"resourceType":"Parameters"}`, 400, "viewResource"},
		{"POST", "", "", 400, "viewResource"},
		{"POST", "", viewAsked(strings.Replace(viewOfNames, "Patient", "Frog", 1)), 422, "A view is of one type of resource"},
		{"POST", "", viewAsked(`{"resourceType":"ViewDefinition","resource":"Patient","select":[{"column":[{"name":"f","path":"name.family"}]}]}`), 422, "2 values in one row"},
		{"POST", "?_format=csv", viewAsked(`{"resourceType":"ViewDefinition","resource":"Patient","select":[{"column":[{"name":"f","path":"name.family","collection":true}]}]}`), 422, "is a collection"},
		{"POST", "", viewAsked(viewOfNames, `{"name":"viewReference","valueString":"x"}`), 400, "send it as viewResource"},
		{"POST", "", viewAsked(viewOfNames, `{"name":"patient","valueString":"Patient/none"}`), 404, "patient"},
	} {
		w := call(h, c.method, "/fhir/$run"+c.path, c.body)
		require.Equal(t, c.status, w.Code, "%s: %s", c.path, w.Body)
		require.Contains(t, w.Body.String(), "OperationOutcome")
		require.Contains(t, w.Body.String(), c.says)
	}
}

// A view shows no more than the caller's searches: it takes the rights of reading and
// searching its type, and what they confine.
func TestViewWithinScopes(t *testing.T) {
	h := scoped{newHandler(t, func(c *server.Config) { c.Authenticator = byScopes{} })}
	require.Equal(t, 201, h.as("system/*.cruds", "PUT", "/fhir/Patient/a", `{"resourceType":"Patient","id":"a"}`).Code)
	for scope, status := range map[string]int{"system/Patient.rs": 200, "system/Patient.r": 403, "system/Patient.s": 403, "system/Observation.rs": 403} {
		require.Equal(t, status, h.as(scope, "POST", "/fhir/$run", viewAsked(viewOfNames)).Code, scope)
	}
	own := viewAsked(viewOfNames, `{"name":"resource","resource":{"resourceType":"Patient","id":"z"}}`)
	require.Equal(t, 200, h.as("system/Observation.rs", "POST", "/fhir/$run", own).Code, "what they send they may have")
}

// Rows of many resources are sent as they are made.
func TestViewOfMany(t *testing.T) {
	h := newHandler(t, nil)
	const all = 3_000
	for i := 0; i < all; i += 500 {
		var entries []string
		for n := i; n < i+500; n++ {
			entries = append(entries, fmt.Sprintf(`{"resource":{"resourceType":"Patient","id":"p%d","name":[{"family":"F%d","text":"%s"}]},"request":{"method":"PUT","url":"Patient/p%d"}}`, n, n, strings.Repeat("x", 2000), n))
		}
		require.Equal(t, 200, call(h, "POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[`+strings.Join(entries, ",")+`]}`, "Prefer", "return=minimal").Code)
	}
	definition := strings.Replace(viewOfNames, `"path":"family"`, `"path":"text"`, 1)
	w := &counting{ResponseRecorder: httptest.NewRecorder()}
	r := httptest.NewRequest("POST", "/fhir/$run", strings.NewReader(viewAsked(definition)))
	r.Header.Set("Content-Type", "application/fhir+json")
	h.ServeHTTP(w, r)
	require.Equal(t, 200, w.Code)
	require.Equal(t, all, w.lines)
	require.Greater(t, w.bytes, 6_000_000)
	require.Less(t, w.largest, 256<<10, "in parts")
}

// counting counts what is sent, and the heap meanwhile.
type counting struct {
	*httptest.ResponseRecorder
	lines, bytes, largest int
}

func (c *counting) Write(b []byte) (int, error) {
	c.lines += strings.Count(string(b), "\n")
	c.bytes += len(b)
	c.largest = max(c.largest, len(b))
	return len(b), nil
}
