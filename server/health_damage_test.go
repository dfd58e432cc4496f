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

// TestDamageIsAWarning: a server with damaged data is ready, and says what is
// damaged.
func TestDamageIsAWarning(t *testing.T) {
	s := &Server{config: Config{Damage: func() string { return "block 1 is damaged" }, Repository: receipts{}}}
	w := httptest.NewRecorder()
	s.healthReady(w, httptest.NewRequest(http.MethodGet, "/health/ready", nil))
	require.Equal(t, http.StatusOK, w.Code)
	require.JSONEq(t, `{"status":"warn","output":"block 1 is damaged"}`, w.Body.String())
}
