package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

const provenanceBy = `{"resourceType":"Provenance","recorded":"2026-11-05T09:00:00Z","agent":[{"who":{"display":"%s"}}]}`

// TestProvenanceTooLarge: a header that is too large is refused in words, and
// nothing is stored.
func TestProvenanceTooLarge(t *testing.T) {
	h := newHandler(t, nil)
	put := func(size int) int {
		w := call(h, http.MethodPut, "/fhir/Patient/p", `{"resourceType":"Patient","id":"p"}`, "X-Provenance", fmt.Sprintf(provenanceBy, strings.Repeat("x", size)))
		if w.Code >= 300 {
			require.Contains(t, w.Body.String(), "too large")
		}
		return w.Code
	}
	require.Equal(t, 400, put(40_000))
	require.Equal(t, 404, call(h, "GET", "/fhir/Patient/p", "").Code)
	require.Equal(t, 201, put(30_000))
}

// TestProvenanceOfWritersAtOnce: each names the version that its own write made.
func TestProvenanceOfWritersAtOnce(t *testing.T) {
	h := newHandler(t, nil)
	var group sync.WaitGroup
	for i := range 100 {
		group.Go(func() {
			by := fmt.Sprint("writer ", i)
			call(h, "PUT", "/fhir/Patient/p", `{"resourceType":"Patient","id":"p","name":[{"text":"`+by+`"}]}`, "X-Provenance", fmt.Sprintf(provenanceBy, by))
		})
	}
	group.Wait()
	found, err := fhir.Parse(call(h, "GET", "/fhir/Provenance?_count=1000", "").Body.Bytes())
	require.NoError(t, err)
	require.Equal(t, 100, found.Get("entry").Len())
	for e := range found.Get("entry").Items() {
		p := e.Get("resource")
		about := call(h, "GET", "/fhir/"+p.Path("target").Item(0).Get("reference").Text(), "")
		require.Contains(t, about.Body.String(), `"`+p.Path("agent").Item(0).Path("who", "display").Text()+`"`)
	}
}
