package pharmacy_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
)

func TestUnservedIsRefused(t *testing.T) {
	for _, c := range []struct {
		body   string
		places []string // of the issues; none where it is taken
	}{
		{`{"resourceType":"Patient"}`, nil},
		{`{"resourceType":"SearchParameter","status":"active","url":"http://example.org/nick","code":"nick","base":["Patient"]}`, []string{"SearchParameter.status"}},
		{`{"resourceType":"SearchParameter","status":"draft","url":"http://example.org/name","code":"name","base":["Patient"]}`, []string{"SearchParameter.status"}},
		{`{"resourceType":"SearchParameter","status":"retired","url":"http://example.org/nick","code":"nick","base":["Patient"]}`, nil},
		{`{"resourceType":"SearchParameter","status":"active","url":"http://hl7.org/fhir/SearchParameter/Patient-name","code":"name","base":["Patient"]}`, nil},
	} {
		r, err := fhir.Parse([]byte(c.body))
		require.NoError(t, err)
		err = pharmacy.GuardUnserved(context.Background(), nil, &fhir.Transaction{}, nil, &fhir.Version{Type: r.Type(), ID: "a", Method: fhir.Create, JSON: r.JSON()})
		var e *fhir.Error
		var places []string
		if errors.As(err, &e) {
			require.Equal(t, fhir.BusinessRule, e.Kind)
			for _, issue := range e.Issues {
				places = append(places, issue.Expression)
			}
		}
		require.Equal(t, c.places, places, c.body)
	}
	require.NoError(t, pharmacy.GuardUnserved(context.Background(), nil, &fhir.Transaction{}, nil, &fhir.Version{Type: "SearchParameter", ID: "a", Method: fhir.Delete}))
}
