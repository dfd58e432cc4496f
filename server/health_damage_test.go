package server

import (
	"cmp"
	"context"
	"log/slog"
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

// TestWrongAnswers: a server whose answers may be wrong is not ready, whatever
// else there is to say.
func TestWrongAnswers(t *testing.T) {
	said := func(text string) func() string { return func() string { return text } }
	for why, code := range map[string]int{"": http.StatusOK, "An index row is missing.": http.StatusServiceUnavailable} {
		s := &Server{config: Config{Warnings: []func() string{said("Block 1 is damaged.")}, Wrong: said(why), Repository: receipts{}, Logger: slog.New(slog.DiscardHandler)}}
		w := httptest.NewRecorder()
		s.healthReady(w, httptest.NewRequest(http.MethodGet, "/health/ready", nil))
		require.Equal(t, code, w.Code)
		require.Contains(t, w.Body.String(), cmp.Or(why, "Block 1 is damaged."))
	}
}

// TestAllThatIsWrong: one failing disk stops writes and the audit log, and both are told.
func TestAllThatIsWrong(t *testing.T) {
	said := func(text string) func() string { return func() string { return text } }
	s := &Server{config: Config{Warnings: []func() string{said("Nothing of patients is shown.")}, Wrong: said("An index row is missing."), Repository: receipts{}, Logger: slog.New(slog.DiscardHandler),
		Writable: func() error {
			return fhir.E("commit", fhir.NoStore, fhir.Issue{Message: "An earlier write failed."})
		}}}
	w := httptest.NewRecorder()
	s.healthReady(w, httptest.NewRequest(http.MethodGet, "/health/ready", nil))
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.JSONEq(t, `{"status":"fail","output":"An earlier write failed. An index row is missing. Nothing of patients is shown."}`, w.Body.String())
}

// TestLabelledFigures: a gauge with a label has as many values as there are now.
func TestLabelledFigures(t *testing.T) {
	found := map[string]float64{}
	m := newMetrics([]Counter{{Name: "pestle_store_finding", Help: "Found.", Gauge: true, Label: "resource", Values: func() map[string]float64 { return found }}})
	require.NotContains(t, figuresOf(t, m), "pestle_store_finding")
	found["Patient/a"] = 2
	require.Equal(t, map[string]float64{"Patient/a": 2}, figuresOf(t, m)["pestle_store_finding"])
}

func figuresOf(t *testing.T, m *metrics) map[string]map[string]float64 {
	families, err := m.registry.Gather()
	require.NoError(t, err)
	out := map[string]map[string]float64{}
	for _, f := range families {
		for _, metric := range f.GetMetric() {
			if len(metric.GetLabel()) == 1 && metric.GetGauge() != nil {
				if out[f.GetName()] == nil {
					out[f.GetName()] = map[string]float64{}
				}
				out[f.GetName()][metric.GetLabel()[0].GetValue()] = metric.GetGauge().GetValue()
			}
		}
	}
	return out
}
