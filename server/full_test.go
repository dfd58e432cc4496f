package server_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/kvtest"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// TestWritesRefused goes through every way to write while the disk is full, and
// after a failed write: 507 and 503 with Retry-After, an OperationOutcome and
// /health/ready with the reason; reads go on.
func TestWritesRefused(t *testing.T) {
	faulty := &kvtest.Faulty{Engine: mem.New()}
	db, err := store.Open(faulty, store.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	h := newHandler(t, func(c *server.Config) {
		c.Repository, c.Writable = db, db.Writable
	})
	const patient = `{"resourceType":"Patient","id":"a","active":true}`
	require.Equal(t, 201, call(h, "PUT", "/fhir/Patient/a", patient).Code)
	refused := func(status int, reason string) {
		t.Helper()
		for _, c := range [][3]string{
			{"POST", "/fhir/Patient", `{"resourceType":"Patient"}`},
			{"PUT", "/FHIR/R4/Patient/b", `{"resourceType":"Patient","id":"b"}`},
			{"PUT", "/fhir/Patient/a", `{"resourceType":"Patient","id":"a"}`},
			{"PUT", "/fhir/Patient?identifier=x%7Cy", `{"resourceType":"Patient"}`},
			{"DELETE", "/fhir/Patient/a", ""},
			{"DELETE", "/fhir/Patient?_id=a", ""},
			{"POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}}]}`},
		} {
			w := call(h, c[0], c[1], c[2])
			require.Equal(t, status, w.Code, c)
			require.Equal(t, "5", w.Header().Get("Retry-After"), c)
			require.Contains(t, w.Body.String(), `"no-store"`, c)
			require.Contains(t, w.Body.String(), reason, c)
		}
		w := call(h, "PATCH", "/fhir/Patient/a", `[{"op":"replace","path":"/active","value":false}]`, "Content-Type", "application/json-patch+json")
		require.Equal(t, status, w.Code)
		w = call(h, "POST", "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}},{"request":{"method":"GET","url":"Patient/a"}}]}`)
		require.Equal(t, 200, w.Code)
		require.Contains(t, w.Body.String(), `"no-store"`)
		require.Contains(t, w.Body.String(), `"200 OK"`)
		w = call(h, "GET", "/health/ready", "")
		require.Equal(t, 503, w.Code)
		require.Contains(t, w.Body.String(), reason)
		for _, path := range []string{"/health", "/health/live", "/fhir/Patient/a", "/fhir/Patient?_id=a", "/fhir/Patient/a/_history", "/metrics"} {
			require.Equal(t, 200, call(h, "GET", path, "").Code, path)
		}
	}
	faulty.Fill(true)
	refused(507, "The disk of the database is too full for writes.")
	faulty.Fill(false)
	require.Equal(t, 200, call(h, "GET", "/health/ready", "").Code)
	require.Equal(t, 201, call(h, "POST", "/fhir/Patient", `{"resourceType":"Patient"}`).Code)
	faulty.Fail(1)
	require.Equal(t, 503, call(h, "POST", "/fhir/Patient", `{"resourceType":"Patient"}`).Code)
	refused(503, "takes no more changes until the server is started anew")
}
