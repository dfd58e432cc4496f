package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/inputs"
	"github.com/pestle-fhir/pestle/server"
)

// TestEveryOperation calls every operation of the server with each parameter
// that it declares and with others: what is declared is taken, a parameter that
// is not supported is refused by its name, anything else is refused, and the
// OperationDefinition says the same.
func TestEveryOperation(t *testing.T) {
	app, err := openApp(appConfig{Data: t.TempDir(), Profiles: profileOptions{Policy: "uk-core"}}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer func() { require.NoError(t, app.close()) }()
	operations := append(app.operations(), demoOperations()...)
	s, err := server.New(server.Config{Repository: app.repository, Validator: app.validator, Operations: operations, Secret: []byte("s")})
	require.NoError(t, err)
	send := func(method, target, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, target, strings.NewReader(body))
		if body != "" {
			r.Header.Set("Content-Type", "application/fhir+json")
		}
		r.Header.Set("X-Request-ID", "3d9a2e63-30a2-4a3c-a1c3-52b8b1c7a1de")
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		return w
	}
	validate := fhir.Operation{Name: "validate", Type: "Patient", Idempotent: true, Parameters: []fhir.Parameter{
		{Name: "resource", Kinds: []string{"Resource"}, Doc: "-"}, {Name: "mode", Kinds: []string{"valueCode", "valueString"}, Doc: "-"},
		{Name: "profile", Kinds: []string{"valueUri", "valueCanonical", "valueString"}, Repeated: true, Doc: "-"}}}
	seen := 0
	for _, op := range append(operations, validate) {
		path := "/fhir/" + strings.Trim(op.Type+map[bool]string{true: "/none"}[op.Instance]+"/$"+op.Name, "/")
		ask := func(parameters ...any) string {
			w := send(http.MethodPost, path, string(fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(parameters...)).JSON()))
			require.NotEqual(t, http.StatusInternalServerError, w.Code, "%s: %s", path, w.Body)
			return w.Body.String()
		}
		assert.Contains(t, ask(fhir.Obj("name", "undeclared", "valueString", "x")), "OP-1", path)
		w := send(http.MethodPost, path+"?undeclared=x", "")
		assert.Contains(t, w.Body.String(), "OP-1", path)
		assert.Equal(t, http.StatusBadRequest, w.Code, path)
		for _, p := range op.Parameters {
			assert.NotEmpty(t, p.Doc, "%s %s", path, p.Name)
			for _, kind := range p.Kinds {
				given := sampleOf(p, kind)
				said := ask(given)
				assert.NotContains(t, said, "OP-1", "%s %s %s", path, p.Name, kind)
				assert.NotContains(t, said, "OP-2", "%s %s %s", path, p.Name, kind)
				assert.Equal(t, p.Unsupported != "", strings.Contains(said, "OP-5"), "%s %s: %s", path, p.Name, said)
				assert.Equal(t, !p.Repeated, strings.Contains(ask(given, given), "OP-3"), "%s %s twice", path, p.Name)
				if (op.Idempotent || op.Query) && inputs.IsPrimitive(kind) {
					text := given.Resource().Get(kind).Text()
					said := send(http.MethodPost, path+"?"+p.Name+"="+url.QueryEscape(text), "").Body.String()
					assert.NotContains(t, said, "OP-1", "%s %s %s in the query string", path, p.Name, kind)
					assert.NotContains(t, said, "OP-2", "%s %s %s in the query string", path, p.Name, kind)
				}
				seen++
			}
			assert.Contains(t, ask(fhir.Obj("name", p.Name, "valueBase64Binary", "eA==")), "OP-2", "%s %s", path, p.Name)
		}
		if op.Instance { // the definition is that of the type
			continue
		}
		id := definitionIDs[op.Type+"/"+op.Name]
		if id == "" {
			id = strings.TrimPrefix(op.Type+"-"+op.Name, "-")
		}
		definition, err := fhir.Parse(send(http.MethodGet, "/fhir/OperationDefinition/"+id, "").Body.Bytes())
		require.NoError(t, err)
		var declared []string
		for p := range definition.Get("parameter").Items() {
			if p.Get("use").Text() == "in" {
				declared = append(declared, p.Get("name").Text()+" "+p.Get("min").Text()+".."+p.Get("max").Text())
			}
		}
		var want []string
		for _, p := range op.Parameters {
			want = append(want, p.Name+" "+map[bool]string{true: "1", false: "0"}[p.Required]+".."+map[bool]string{true: "*", false: "1"}[p.Repeated])
		}
		assert.Equal(t, want, declared, path)
		assert.False(t, slices.ContainsFunc(app.validator.Validate(t.Context(), definition), func(i fhir.Issue) bool { return i.IsError() }), path)
	}
	assert.Greater(t, seen, 200)
}

// definitionIDs are those that R4 gives and that do not follow from the address.
var definitionIDs = map[string]string{"/process-message": "MessageHeader-process-message", "/closure": "ConceptMap-closure", "Patient/validate": "Resource-validate"}

// sampleOf is a parameter with a value of a kind.
func sampleOf(p fhir.Parameter, kind string) fhir.Value {
	value, ok := map[string]any{
		"valueBoolean": false, "valueInteger": 1, "valueUnsignedInt": 1, "valuePositiveInt": 1, "valueDate": "2026-11-05", "valueDateTime": "2026-11-05T09:00:00Z",
		"valueInstant": "2026-11-05T09:00:00Z", "valueCoding": fhir.Obj("system", "urn:x", "code", "x"), "valueCodeableConcept": fhir.Obj("text", "x"),
		"valueIdentifier": fhir.Obj("value", "x"), "valueReference": fhir.Obj("display", "x"), "valueQuantity": fhir.Obj("value", 1),
	}[kind]
	switch {
	case kind == "part":
		var parts []any
		for _, q := range p.Parts {
			parts = append(parts, sampleOf(q, q.Kinds[0]))
		}
		return fhir.Obj("name", p.Name, "part", fhir.List(parts...))
	case kind == "Resource":
		return fhir.Obj("name", p.Name, "resource", fhir.Obj("resourceType", "Patient"))
	case !strings.HasPrefix(kind, "value"):
		return fhir.Obj("name", p.Name, "resource", fhir.Obj("resourceType", kind))
	case !ok && len(p.Only) > 0 && p.Unsupported == "":
		value = p.Only[0]
	case !ok:
		value = "x"
	}
	return fhir.Obj("name", p.Name, kind, value)
}
