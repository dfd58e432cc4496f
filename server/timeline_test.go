package server_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// A timeline has every version of what is or was a patient's, and of nothing else, the
// newest first, page by page of one state.
func TestTimeline(t *testing.T) {
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	db, err := store.Open(mem.New(), store.Options{Clock: func() time.Time { return at }})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	h := newHandler(t, func(c *server.Config) { c.Repository = db })
	put := func(ref, members string) {
		typ, id, _ := strings.Cut(ref, "/")
		at = at.Add(time.Minute)
		w := call(h, "PUT", "/fhir/"+ref, `{"resourceType":"`+typ+`","id":"`+id+`"`+members+`}`)
		require.Less(t, w.Code, 300, w.Body)
	}
	of := func(p string) string { return `"subject":{"reference":"Patient/` + p + `"}` }
	flag := `,"status":"active","code":{"text":"x"},`
	put("Patient/a", `,"gender":"female"`)                                                  // 09:01
	put("Patient/b", "")                                                                    // 09:02
	put("Flag/moved", flag+of("a"))                                                         // 09:03
	put("Flag/moved", flag+of("b"))                                                         // 09:04
	put("Task/t", `,"status":"draft","intent":"order","for":{"reference":"Patient/a"}`)     // 09:05
	put("Task/t", `,"status":"requested","intent":"order","for":{"reference":"Patient/a"}`) // 09:06
	put("Flag/ended", flag+of("a"))                                                         // 09:07
	at = at.Add(time.Minute)
	require.Less(t, call(h, "DELETE", "/fhir/Flag/ended", "").Code, 300)                                 // 09:08
	put("Patient/a", `,"gender":"female","link":[{"other":{"reference":"Patient/b"},"type":"seealso"}]`) // 09:09
	put("Basic/ours", `,"code":{"text":"x"},"author":{"reference":"Patient/a"},`+of("b"))                // 09:10
	read := func(target string) (list []string, next string) {
		w := call(h, "GET", target, "")
		require.Equal(t, 200, w.Code, "%s: %s", target, w.Body)
		b, err := fhir.Parse(w.Body.Bytes())
		require.NoError(t, err)
		require.Equal(t, "history", b.Get("type").Text())
		for e := range b.Get("entry").Items() {
			line := strings.TrimPrefix(e.Get("fullUrl").Text(), "http://example.com/fhir/") + " " + strings.Trim(e.Path("response", "etag").Text(), `W/"`)
			if !e.Get("resource").Exists() {
				line += " " + e.Path("request", "method").Text()
			}
			list = append(list, line)
		}
		for l := range b.Get("link").Items() {
			if l.Get("relation").Text() == "next" {
				next = strings.TrimPrefix(l.Get("url").Text(), "http://example.com")
			}
		}
		return list, next
	}
	all := []string{"Basic/ours 1", "Patient/a 2", "Flag/ended 2 DELETE", "Flag/ended 1", "Task/t 2", "Task/t 1", "Flag/moved 1", "Patient/a 1"}
	for query, want := range map[string][]string{
		"":                                        all,
		"?_type=Flag,Task":                        {"Flag/ended 2 DELETE", "Flag/ended 1", "Task/t 2", "Task/t 1", "Flag/moved 1"},
		"?_since=2026-03-01T09:07:00Z":            all[:4],
		"?_at=le2026-03-01T09:05:30.000Z":         all[5:],
		"?_at=2026-03-01T09:05:30.000Z":           {"Task/t 1", "Patient/a 1"},
		"?_at=2026-03-01T09:07:30.000Z":           {"Flag/ended 1", "Task/t 2", "Patient/a 1"},
		"?_type=Patient&_at=2026-03-01T09:00:00Z": nil,
	} {
		got, _ := read("/fhir/Patient/a/$timeline" + query)
		require.Equal(t, want, got, query)
	}
	var paged, flags []string
	for next := "/fhir/Patient/a/$timeline?_count=2&_type=Flag,Task"; next != ""; {
		var list []string
		list, next = read(next)
		flags = append(flags, list...)
	}
	require.Equal(t, all[2:7], flags)
	for next := "/fhir/Patient/a/$timeline?_count=3"; next != ""; {
		var list []string
		list, next = read(next)
		paged = append(paged, list...)
		put("Flag/"+strings.ToLower(strings.ReplaceAll(list[0][:5], "/", "")), flag+of("a")) // on no page: it came later
	}
	require.Equal(t, all, paged)

	w := call(h, "POST", "/fhir/Patient/a/$timeline", `{"resourceType":"Parameters","parameter":[{"name":"_type","valueCode":"Task"},{"name":"_count","valueInteger":1}]}`, "Accept", "application/fhir+xml")
	require.Equal(t, 200, w.Code, w.Body)
	require.Contains(t, w.Body.String(), `<status value="requested"`)
	for target, want := range map[string]string{
		"/fhir/Patient/none/$timeline":                 "404 not-found",
		"/fhir/Patient/$timeline":                      "404 not-found",
		"/fhir/Task/t/$timeline":                       "404 not-found",
		"/fhir/Patient/a/$timeline?_type=Tsk":          "400 value _type",
		"/fhir/Patient/a/$timeline?_type=AuditEvent":   "400 not-supported _type",
		"/fhir/Patient/a/$timeline?_type=Organization": "400 not-supported _type",
		"/fhir/Patient/a/$timeline?_since=yesterday":   "400 invalid _since",
		"/fhir/Patient/a/$timeline?_at=noon":           "400 invalid _at",
		"/fhir/Patient/a/$timeline?gender=male":        "400 not-supported gender",
		"/fhir/Patient/a/$timeline?_count=many":        "400 value _count",
	} {
		w := call(h, "GET", target, "")
		r, err := fhir.Parse(w.Body.Bytes())
		require.NoError(t, err)
		issue := r.Get("issue").Item(0)
		found := strings.TrimSpace(strings.Join([]string{w.Result().Status[:3], issue.Get("code").Text(), issue.Get("expression").Item(0).Text()}, " "))
		assert.Equal(t, want, found, "%s: %s", target, w.Body)
	}
}
