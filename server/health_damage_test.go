package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// receipts is a repository that holds nothing.
type receipts struct{ Repository }

func (receipts) ReceiptFor(context.Context, string) (fhir.Receipt, bool, error) {
	return fhir.Receipt{}, false, nil
}

// TestWarnings: a server with damaged data is ready, and says what is damaged,
// and whatever else is wrong.
func TestWarnings(t *testing.T) {
	said := func(text string) func() string { return func() string { return text } }
	s := &Server{config: Config{Warnings: []func() string{said("Block 1 is damaged."), said(""), said("The backlog is full.")}, Repository: receipts{}}}
	w := httptest.NewRecorder()
	s.healthReady(w, httptest.NewRequest(http.MethodGet, "/health/ready", nil))
	require.Equal(t, http.StatusOK, w.Code)
	require.JSONEq(t, `{"status":"warn","output":"Block 1 is damaged. The backlog is full."}`, w.Body.String())
}
