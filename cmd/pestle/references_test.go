package main

import (
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestReferencesAreEnforced: unless told otherwise, a prescription is for a
// patient who is stored.
func TestReferencesAreEnforced(t *testing.T) {
	for references, kind := range map[string]fhir.Code{"": fhir.Processing, "enforced": fhir.Processing, "any": ""} {
		app, err := openApp(appConfig{Data: t.TempDir(), References: references}, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		r, err := fhir.Parse([]byte(`{"resourceType":"Invoice","status":"draft","subject":{"reference":"Patient/none"}}`))
		require.NoError(t, err)
		_, err = app.db.Commit(context.Background(), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Create, Type: "Invoice", Resource: r}}})
		if kind == "" {
			require.NoError(t, err)
		} else {
			require.Equal(t, kind, fhir.KindOf(err), references)
		}
		require.NoError(t, app.close())
	}
}
