package server_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/kvtest"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// TestDamagedResources: what cannot be read is named on each page in its place, in
// JSON and XML, the others are there, and total and links are as without damage. A
// read of it says what it is and what to do.
func TestDamagedResources(t *testing.T) {
	e := &kvtest.Damaged{Engine: mem.New()}
	db, err := store.Open(e, store.Options{})
	require.NoError(t, err)
	h := validated(t, newHandler(t, func(c *server.Config) { c.Repository = db }))
	for _, id := range []string{"a", "b", "c"} {
		require.Equal(t, 201, call(h, "PUT", "/fhir/Patient/"+id, `{"resourceType":"Patient","id":"`+id+`","active":true}`).Code)
	}
	require.Equal(t, 201, call(h, "PUT", "/fhir/Task/t", `{"resourceType":"Task","id":"t","status":"requested","intent":"order","for":{"reference":"Patient/b"}}`).Code)
	db, err = store.Open(e, store.Options{}) // one that has not read or written anything yet
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	h = validated(t, newHandler(t, func(c *server.Config) { c.Repository = db }))
	get := func(path string) string {
		t.Helper()
		w := call(h, "GET", path, "")
		require.Equal(t, 200, w.Code, w.Body.String())
		return w.Body.String()
	}
	e.Parts = []kv.Damage{{Where: "block 3 of the table 000001.sst", Low: []byte("vPatient\x00\x00\x00\x00\x00\x02"), High: []byte("vPatient\x00\x00\x00\x00\x00\x03")}}
	for _, path := range []string{"/fhir/Patient?active=true", "/FHIR/R4/Patient?_sort=-_id", "/fhir/Patient?_elements=active", "/fhir/Patient?_summary=true"} {
		text := get(path)
		require.Contains(t, text, `"total":3`)
		require.Equal(t, 2, strings.Count(text, `"mode":"match"`), path)
		require.Equal(t, 1, strings.Count(text, `"mode":"outcome"`), path)
		require.Contains(t, text, "Patient/b/_history/1 cannot be read: a part of the database is damaged (block 3 of the table 000001.sst)")
		require.Contains(t, text, "backup")
	}
	first := get("/fhir/Patient?_count=2&_sort=_id")
	require.Contains(t, first, `"relation":"next"`)
	require.Equal(t, 1, strings.Count(first, `"mode":"match"`))
	require.Contains(t, get("/fhir/Patient?_summary=count"), `"total":3`)
	included := get("/fhir/Task?_include=Task:patient")
	require.Equal(t, 1, strings.Count(included, `"mode":"match"`))
	require.Contains(t, included, "Patient/b/_history/1 cannot be read")
	for _, path := range []string{"/fhir/_history", "/fhir/Patient/_history", "/fhir/Patient/b/_history"} {
		text := get(path)
		require.Contains(t, text, `"status":"500 Internal Server Error"`, path)
		require.Contains(t, text, "Patient/b/_history/1 cannot be read", path)
	}
	require.Contains(t, get("/fhir/Patient?_format=xml"), `<mode value="outcome"/>`)
	require.Contains(t, get("/fhir/Patient/_history?_format=xml"), `<status value="500 Internal Server Error"/>`)

	w := call(h, "POST", "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient/b"}},{"request":{"method":"GET","url":"Patient/a"}},{"request":{"method":"GET","url":"Patient"}}]}`)
	require.Equal(t, 200, w.Code)
	require.Equal(t, 2, strings.Count(w.Body.String(), `"200 OK"`))
	for _, c := range [][3]string{
		{"GET", "/fhir/Patient/b"}, {"GET", "/fhir/Patient/b/_history/1"}, {"PUT", "/fhir/Patient/b", `{"resourceType":"Patient","id":"b"}`}, {"DELETE", "/fhir/Patient/b"},
	} {
		before := db.DamagedReads()
		w := call(h, c[0], c[1], c[2])
		require.Equal(t, 500, w.Code, c)
		require.Contains(t, w.Body.String(), "Patient/b", c)
		require.Contains(t, w.Body.String(), "cannot be read: a part of the database is damaged: block 3", c)
		require.Contains(t, w.Body.String(), "restore it from a backup", c)
		require.Greater(t, db.DamagedReads(), before)
	}
	require.Contains(t, get("/fhir/Patient/a"), `"active":true`)
}
