package main

import (
	"errors"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
)

// TestIndexStatus: a stored SearchParameter tells how far its index is, and one by which
// nothing is searched is told so.
func TestIndexStatus(t *testing.T) {
	s := start(t, t.TempDir())
	defer s.stop()
	status, text := s.ask(http.MethodPut, "SearchParameter/shoe", `{"resourceType":"SearchParameter","id":"shoe","url":"https://e.example/shoe","name":"Shoe","status":"active","description":"d","code":"shoe","base":["Patient","Practitioner"],"type":"string","expression":"Patient.name.family | Practitioner.name.family"}`)
	require.Equal(t, http.StatusCreated, status, text)
	for !strings.Contains(text, `"answers"`) || strings.Contains(text, `"removing"`) || strings.Contains(text, `"indexing"`) {
		runtime.Gosched()
		status, text = s.ask(http.MethodGet, "SearchParameter/shoe/$status", "")
		require.Equal(t, http.StatusOK, status, text)
	}
	require.JSONEq(t, `{"resourceType":"Parameters","parameter":[
		{"name":"index","part":[{"name":"type","valueCode":"Patient"},{"name":"status","valueCode":"answers"},{"name":"percent","valueInteger":100}]},
		{"name":"index","part":[{"name":"type","valueCode":"Practitioner"},{"name":"status","valueCode":"answers"},{"name":"percent","valueInteger":100}]}]}`, text)
	status, text = s.ask(http.MethodGet, "SearchParameter/none/$status", "")
	require.Equal(t, http.StatusNotFound, status, text)
	status, text = s.ask(http.MethodPut, "SearchParameter/draft", `{"resourceType":"SearchParameter","id":"draft","url":"https://e.example/draft","name":"Draft","status":"draft","description":"d","code":"draft","base":["Patient"],"type":"string","expression":"Patient.name.family"}`)
	require.Equal(t, http.StatusCreated, status, text)
	status, text = s.ask(http.MethodGet, "SearchParameter/draft/$status", "")
	require.Equal(t, http.StatusBadRequest, status, text)
	require.Contains(t, text, "Nothing is searched by this SearchParameter.")
}

// TestIndexStatusOfParked: what stopped an index is told, but not what the log alone tells.
func TestIndexStatusOfParked(t *testing.T) {
	at := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	e := fhir.E("index", fhir.NoStore, fhir.Issue{Message: "The disk is full."})
	e.Err = errors.New("/var/lib/secret")
	x := store.Index{ID: "shoe", Name: "shoe", Type: "Patient", Percent: 25, Err: e, Tries: 2, Since: at, Next: at.Add(time.Second)}
	require.JSONEq(t, `{"name":"index","part":[{"name":"type","valueCode":"Patient"},{"name":"status","valueCode":"parked"},{"name":"percent","valueInteger":25},
		{"name":"reason","valueString":"The disk is full."},{"name":"tries","valueInteger":2},{"name":"since","valueInstant":"2026-11-30T09:00:00Z"},{"name":"next","valueInstant":"2026-11-30T09:00:01Z"}]}`, string(indexPart(x).JSON()))
	require.Equal(t, "The log has the reason.", whyParked(errors.New("/var/lib/secret")))
}
