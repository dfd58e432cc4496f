package pharmacy_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
)

func TestAuditIsKept(t *testing.T) {
	event := func(method fhir.Method) *fhir.Version {
		return &fhir.Version{Type: "AuditEvent", ID: "a", Method: method}
	}
	ask := func(before, after *fhir.Version) error {
		return pharmacy.GuardAudit(context.Background(), nil, &fhir.Transaction{}, before, after)
	}
	require.NoError(t, ask(&fhir.Version{Type: "Patient"}, &fhir.Version{Type: "Patient"}))
	for _, method := range []fhir.Method{fhir.Create, fhir.Update, fhir.Delete} {
		require.Equal(t, fhir.Forbidden, fhir.KindOf(ask(event(fhir.Create), event(method))))
		require.Equal(t, fhir.Forbidden, fhir.KindOf(ask(nil, event(method))))
	}
}
