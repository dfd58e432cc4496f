package server_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
)

// between is a validator that lets something happen before its first answer.
type between struct {
	server.Validator
	happen func()
}

func (b between) Validate(ctx context.Context, r *fhir.Resource, profiles ...string) []fhir.Issue {
	b.happen()
	return b.Validator.Validate(ctx, r, profiles...)
}

// TestConditionalPatchIsExact: the condition of a patch finds one resource when
// the patch is read, and another one too when it is committed.
func TestConditionalPatchIsExact(t *testing.T) {
	const patch = `{"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
		{"name": "type", "valueCode": "add"}, {"name": "path", "valueString": "Patient"},
		{"name": "name", "valueString": "active"}, {"name": "value", "valueBoolean": true}]}]}`
	for name, send := range map[string]struct{ method, target, body string }{
		"alone": {"PATCH", "/fhir/Patient?family=Ames", patch},
		"entry": {"POST", "/fhir", `{"resourceType": "Bundle", "type": "transaction", "entry": [
			{"resource": ` + patch + `, "request": {"method": "PATCH", "url": "Patient?family=Ames"}}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			var second sync.Once
			var repository server.Repository
			write := func(id string) {
				r, err := fhir.Parse([]byte(`{"resourceType": "Patient", "id": "` + id + `", "name": [{"family": "Ames"}]}`))
				require.NoError(t, err)
				_, err = repository.Commit(t.Context(), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Update, Type: "Patient", ID: id, Resource: r}}})
				require.NoError(t, err)
			}
			h := newHandler(t, func(c *server.Config) {
				repository = c.Repository
				c.Validator = between{c.Validator, func() { second.Do(func() { write("b") }) }}
			})
			write("a")
			w := call(h, send.method, send.target, send.body)
			require.Equal(t, 412, w.Code, w.Body)
			require.Contains(t, w.Body.String(), "multiple-matches")
			require.NotContains(t, call(h, "GET", "/fhir/Patient/a", "").Body.String(), "active")
		})
	}
}
