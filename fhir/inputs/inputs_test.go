package inputs_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/inputs"
)

var count = &fhir.Operation{Name: "count", Idempotent: true, Parameters: []fhir.Parameter{
	{Name: "set", Kinds: []string{"ValueSet"}, Required: true},
	{Name: "limit", Kinds: []string{"valueInteger"}},
	{Name: "system", Kinds: []string{"valueUri"}, Repeated: true},
	{Name: "item", Kinds: []string{"part"}, Repeated: true, Parts: []fhir.Parameter{{Name: "code", Kinds: []string{"valueCode"}, Required: true}}},
	{Name: "async", Kinds: []string{"valueBoolean"}, Only: []string{"false"}},
	{Name: "date", Kinds: []string{"valueDateTime"}, Unsupported: "it counts now."},
}}

// TestCheck checks calls, and writes the rules that each breaks with their places.
func TestCheck(t *testing.T) {
	const set = `{"name":"set","resource":{"resourceType":"ValueSet"}}`
	for _, c := range []struct{ name, query, body, want string }{
		{"all good", "limit=5&system=urn:a&system=urn:b&async=false&_format=json", `{"resourceType":"ValueSet"}`, ""},
		{"as Parameters", "", set, ""},
		{"nothing", "", "", "OP-4 Parameters"},
		{"another resource", "", `{"resourceType":"Patient"}`, "OP-0 Patient, OP-4 Patient"},
		{"all at once", "limit=x&limt=1&async=true&date=2026&set=x", set + `,{"name":"sett"},{"name":"limit","valueString":"5"},` + set,
			"OP-5 async, OP-5 date, OP-2 limit, OP-1 limt, OP-1 set, OP-1 Parameters.parameter[1].name, OP-3 Parameters.parameter[2], OP-2 Parameters.parameter[2].valueString, OP-3 Parameters.parameter[3]"},
		{"in query and body", "limit=1", set + `,{"name":"limit","valueInteger":1}`, "OP-3 Parameters.parameter[1]"},
		{"parts", "", set + `,{"name":"item","part":[{"name":"cod","valueCode":"x"}]}`, "OP-1 Parameters.parameter[1].part[0].name, OP-4 Parameters.parameter[1]"},
		{"empty value", "limit=", set, ""},
		{"two values", "limit=1&limit=2", set, "OP-3 limit"},
		{"an extension", "", set + `,{"name":"limit","_valueInteger":{"id":"x"}}`, "OP-2 Parameters.parameter[1]._valueInteger"},
	} {
		query, err := url.ParseQuery(c.query)
		require.NoError(t, err)
		delete(query, "_format")
		call := &fhir.Call{Params: query}
		if strings.HasPrefix(c.body, `{"name`) {
			c.body = `{"resourceType":"Parameters","parameter":[` + c.body + `]}`
		}
		if c.body != "" {
			call.Body, err = fhir.Parse([]byte(c.body))
			require.NoError(t, err)
		}
		var got []string
		for _, i := range inputs.Check(count, call, false) {
			got = append(got, i.Rule+" "+i.Expression)
		}
		assert.Equal(t, c.want, strings.Join(got, ", "), c.name)
	}
}

// TestRefusal: the kind of the error says where the problem is.
func TestRefusal(t *testing.T) {
	op := &fhir.Operation{Name: "act", Parameters: []fhir.Parameter{{Name: "reason", Kinds: []string{"valueCode"}}}}
	check := func(call *fhir.Call) error { return inputs.Refuse(op, call, false) }
	require.NoError(t, check(&fhir.Call{}))
	err := check(&fhir.Call{Params: url.Values{"reason": {"x"}}})
	require.Equal(t, fhir.Invalid, fhir.KindOf(err), "in the query string, where the operation reads nothing")
	require.ErrorContains(t, err, "in the body")
	err = check(&fhir.Call{Body: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(fhir.Obj("name", "reson", "valueCode", "x"))).Resource()})
	require.Equal(t, fhir.BusinessRule, fhir.KindOf(err))
	require.ErrorContains(t, err, "Did you mean reason?")
}
