package pharmacy_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
)

// nicks is a state with one active SearchParameter, nick of Patient.
type nicks struct{ fhir.State }

func (nicks) Find(string, string) ([]string, error) { return []string{"one"}, nil }
func (nicks) Current(string, string) (*fhir.Version, error) {
	return &fhir.Version{Type: "SearchParameter", ID: "one", Method: fhir.Create, JSON: []byte(`{"resourceType":"SearchParameter","status":"active","url":"http://example.org/nick","code":"nick","type":"string","base":["Patient"],"expression":"Patient.name.given"}`)}, nil
}

func TestUnservedIsRefused(t *testing.T) {
	for _, c := range []struct {
		body   string
		places []string // of the issues; none where it is taken
	}{
		{`{"resourceType":"Patient"}`, nil},
		{`{"resourceType":"SearchParameter","status":"retired","url":"http://example.org/nick","code":"nick","base":["Patient"]}`, nil},
		{`{"resourceType":"SearchParameter","status":"draft","url":"http://example.org/nick","code":"nick","base":["Patient"]}`, nil},
		{`{"resourceType":"SearchParameter","status":"active","url":"http://hl7.org/fhir/SearchParameter/Patient-name","code":"name","base":["Patient"]}`, nil},
		{`{"resourceType":"SearchParameter","status":"active","url":"http://example.org/shoe","code":"shoe","type":"number","base":["Patient"],"expression":"Patient.extension('http://example.org/shoe').value.as(decimal)"}`, nil},
		{`{"resourceType":"SearchParameter","status":"active","url":"http://example.org/tag","code":"any-tag","type":"token","base":["Resource"],"expression":"Resource.meta.tag"}`, nil},
		{`{"resourceType":"SearchParameter","status":"active","url":"http://example.org/name","code":"name","type":"string","base":["Patient"],"expression":"Patient.name"}`, []string{"SearchParameter.code"}},
		{`{"resourceType":"SearchParameter","status":"active","url":"http://example.org/a","code":"_a.b","type":"special","base":["Frog"],"target":["Toad"]}`, []string{"SearchParameter.code", "SearchParameter.base", "SearchParameter.target", "SearchParameter.type"}},
		{`{"resourceType":"SearchParameter","status":"active","url":"http://example.org/a","code":"a","type":"string","base":["Patient"],"expression":"Patient.name.select(given)"}`, []string{"SearchParameter.expression"}},
		{`{"resourceType":"SearchParameter","status":"active","url":"http://example.org/a","code":"a","type":"string","base":["Patient"]}`, []string{"SearchParameter.expression"}},
		{`{"resourceType":"SearchParameter","status":"active","url":"http://example.org/a","code":"a","type":"date","base":["Patient"],"expression":"Patient.name"}`, []string{"SearchParameter.expression"}},
		{`{"resourceType":"SearchParameter","status":"active","url":"http://example.org/a","code":"a","type":"string","base":["Patient","Practitioner"],"expression":"Patient.name.given"}`, []string{"SearchParameter.expression"}},
		{`{"resourceType":"SearchParameter","status":"active","url":"http://example.org/a","code":"a","type":"composite","base":["Patient"],"expression":"Patient","component":[{"definition":"http://example.org/none","expression":"name"}]}`, []string{"SearchParameter.component"}},
		{`{"resourceType":"SearchParameter","status":"active","url":"http://example.org/nick","code":"nick","type":"token","base":["DomainResource"],"expression":"DomainResource.extension('http://example.org/nick').value.as(code)"}`, []string{"SearchParameter.code"}},
		{`{"resourceType":"SearchParameter","status":"active","url":"http://example.org/nick","code":"nick","type":"string","base":["Practitioner"],"expression":"Practitioner.name.given"}`, nil},
	} {
		r, err := fhir.Parse([]byte(c.body))
		require.NoError(t, err)
		err = pharmacy.GuardUnserved(context.Background(), nicks{}, &fhir.Transaction{}, nil, &fhir.Version{Type: r.Type(), ID: "a", Method: fhir.Create, JSON: r.JSON()})
		var e *fhir.Error
		var places []string
		if errors.As(err, &e) {
			require.Equal(t, fhir.BusinessRule, e.Kind)
			for _, issue := range e.Issues {
				require.Equal(t, "unserved", issue.Rule)
				places = append(places, issue.Expression)
			}
		}
		require.Equal(t, c.places, places, c.body)
	}
	require.NoError(t, pharmacy.GuardUnserved(context.Background(), nil, &fhir.Transaction{}, nil, &fhir.Version{Type: "SearchParameter", ID: "a", Method: fhir.Delete}))
}
