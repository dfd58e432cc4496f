package server_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
)

// TestDefinitionOfParameters reads what an operation declares in its
// OperationDefinition, which is valid.
func TestDefinitionOfParameters(t *testing.T) {
	h := newHandler(t, func(c *server.Config) {
		c.Operations = []fhir.Operation{{Name: "act", Type: "Task", Instance: true, Doc: "Acts.",
			Handle: func(context.Context, *fhir.Call) (*fhir.Reply, error) { return &fhir.Reply{}, nil },
			Parameters: []fhir.Parameter{
				{Name: "reason", Kinds: []string{"valueCode", "valueCoding"}, Required: true, Doc: "Why."},
				{Name: "owner", Kinds: []string{"Organization"}},
				{Name: "item", Kinds: []string{"part"}, Repeated: true, Parts: []fhir.Parameter{
					{Name: "quantity", Kinds: []string{"valueQuantity"}}, {Name: "at", Kinds: []string{"valueDateTime"}}}},
			}}}
	})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/fhir/OperationDefinition/Task-act", http.NoBody))
	require.Equal(t, 200, w.Code, w.Body.String())
	r, err := fhir.Parse(w.Body.Bytes())
	require.NoError(t, err)
	for _, issue := range validator.Validate(t.Context(), r) {
		assert.False(t, issue.IsError(), "%s: %s", issue.Expression, issue.Text())
	}
	var got []string
	var read func(n fhir.Node, list, indent string)
	read = func(n fhir.Node, list, indent string) {
		for p := range n.Get(list).Items() {
			got = append(got, indent+p.Get("name").Text()+" "+p.Get("use").Text()+" "+p.Get("min").Text()+".."+p.Get("max").Text()+" "+p.Get("type").Text()+" "+p.Get("documentation").Text())
			read(p, "part", indent+"  ")
		}
	}
	read(r.Root(), "parameter", "")
	assert.Equal(t, []string{"reason in 1..1 Element Why.", "owner in 0..1 Organization ", "item in 0..*  ", "  quantity in 0..1 Quantity ", "  at in 0..1 dateTime ", "return out 0..1 Resource "}, got)
}

// The definitions that the CapabilityStatement names are found by their url,
// which is R4's own for an operation of R4.
func TestDefinitionsAreFound(t *testing.T) {
	h := newHandler(t, func(c *server.Config) {
		c.Operations = []fhir.Operation{
			{Name: "act", Type: "Task", Instance: true, Handle: func(context.Context, *fhir.Call) (*fhir.Reply, error) { return &fhir.Reply{}, nil }},
			{Name: "expand", Type: "ValueSet", Idempotent: true, Handle: func(context.Context, *fhir.Call) (*fhir.Reply, error) { return &fhir.Reply{}, nil }},
		}
	})
	statement, err := fhir.Parse(call(h, "GET", "/fhir/metadata", "").Body.Bytes())
	require.NoError(t, err)
	urls := map[string]bool{}
	for rest := range statement.Get("rest").Items() {
		for op := range rest.Get("operation").Items() {
			urls[op.Get("definition").Text()] = true
		}
		for resource := range rest.Get("resource").Items() {
			for op := range resource.Get("operation").Items() {
				urls[op.Get("definition").Text()] = true
			}
		}
	}
	require.Contains(t, urls, "http://hl7.org/fhir/OperationDefinition/Resource-validate")
	require.Contains(t, urls, "http://hl7.org/fhir/OperationDefinition/ValueSet-expand")
	require.Contains(t, urls, "http://hl7.org/fhir/OperationDefinition/Patient-everything")
	for url := range urls {
		found, err := fhir.Parse(call(h, "GET", "/fhir/OperationDefinition?url="+url, "").Body.Bytes())
		require.NoError(t, err)
		require.Equal(t, "1", found.Get("total").Text(), url)
		for entry := range found.Get("entry").Items() {
			require.Equal(t, url, entry.Path("resource", "url").Text())
			require.Equal(t, 200, call(h, "GET", "/fhir/OperationDefinition/"+entry.Path("resource", "id").Text(), "").Code)
			for _, issue := range validator.Validate(t.Context(), found) {
				assert.False(t, issue.IsError(), "%s: %s", issue.Expression, issue.Text())
			}
		}
	}
	counted, err := fhir.Parse(call(h, "GET", "/fhir/OperationDefinition?_count=0", "").Body.Bytes())
	require.NoError(t, err)
	require.Equal(t, strconv.Itoa(len(urls)), counted.Get("total").Text())
	require.Zero(t, counted.Get("entry").Len())
}
