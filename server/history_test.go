package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// _at is a date of any precision: it asks for what was current at some time of
// the period that it names.
func TestHistoryAt(t *testing.T) {
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	db, err := store.Open(mem.New(), store.Options{Clock: func() time.Time { return at }})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	h := newHandler(t, func(c *server.Config) { c.Repository = db })
	for i, day := range []int{1, 3, 3, 5} { // versions 1 to 4
		at = time.Date(2026, 3, day, 9, 0, 0, 0, time.UTC)
		require.Less(t, call(h, "PUT", "/fhir/Patient/p", fmt.Sprintf(`{"resourceType":"Patient","id":"p","birthDate":"2000-01-%02d"}`, i+1)).Code, 300)
	}
	for asked, want := range map[string][]string{
		"2026-02":                       nil,
		"2026-02-28":                    nil,
		"2026-03-01":                    {"1"},
		"2026-03-01T08:59:59Z":          nil,
		"2026-03-01T09:00Z":             {"1"},
		"2026-03-02":                    {"1"},
		"2026-03-03":                    {"3", "2", "1"},
		"2026-03-03T10:00:00.000+01:00": {"3"},
		"2026-03-04T00:00:00Z":          {"3"},
		"2026-03":                       {"4", "3", "2", "1"},
		"2026":                          {"4", "3", "2", "1"},
		"2027":                          {"4"},
		"ge2026-03-03&_at=le2026-03-04": {"3", "2", "1"},
		"ge2026-03-04&_at=lt2026-03-05": {"3"},
		"ge2026-03-04&_at=le2026-03-05": {"4", "3"},
		"gt2026-03-03":                  {"4", "3"},
		"le2026-03-03T09:00:00.000Z":    {"3", "2", "1"},
		"lt2026-03-03":                  {"1"},
		"lt2026-03-01":                  nil,
		"eq2026-03-02":                  {"1"},
	} {
		for _, level := range []string{"/fhir/_history", "/fhir/Patient/_history", "/fhir/Patient/p/_history"} {
			w := call(h, "GET", level+"?_at="+strings.ReplaceAll(asked, "+", "%2B"), "")
			bundle, err := fhir.Parse(w.Body.Bytes())
			require.NoError(t, err)
			var got []string
			for entry := range bundle.Get("entry").Items() {
				got = append(got, entry.Path("resource", "meta", "versionId").Text())
			}
			require.Equal(t, want, got, "%s?_at=%s", level, asked)
		}
	}
}

func TestHistoryAtRefuses(t *testing.T) {
	h := newHandler(t, nil)
	for _, asked := range []string{"ge2027&_at=le2026", "2026&_at=2027", "sa2026", "ge", "le2026&_at=2025"} {
		w := call(h, "GET", "/fhir/_history?_at="+asked, "")
		require.Equal(t, 400, w.Code, asked)
	}
}

// A history is turned backwards and to its end as it was when it was begun.
func TestHistoryLeadsBack(t *testing.T) {
	h := newHandler(t, nil)
	write := func(n int) {
		put(t, h, "/fhir/Patient/p", fmt.Sprintf(`{"resourceType":"Patient","id":"p","multipleBirthInteger":%d}`, n))
	}
	for n := range 8 {
		write(n)
	}
	for _, level := range []string{"/fhir/_history", "/fhir/Patient/_history", "/fhir/Patient/p/_history"} {
		follow := func(address string) (numbers string, links map[string]string) {
			w := call(h, "GET", address, "")
			require.Equal(t, 200, w.Code, w.Body)
			bundle, err := fhir.Parse(w.Body.Bytes())
			require.NoError(t, err)
			for entry := range bundle.Get("entry").Items() {
				numbers += " " + entry.Path("resource", "multipleBirthInteger").Text()
			}
			links = map[string]string{}
			for l := range bundle.Get("link").Items() {
				links[l.Get("relation").Text()] = l.Get("url").Text()
			}
			return numbers, links
		}
		one, links := follow(level + "?_count=3")
		require.Empty(t, links["previous"])
		write(9)
		two, links := follow(links["next"])
		end, last := follow(links["last"])
		three, links := follow(links["next"])
		require.Equal(t, three, end)
		require.Empty(t, last["next"])
		again, links := follow(links["previous"])
		require.Equal(t, two, again, level)
		first, links := follow(links["previous"])
		require.Equal(t, one, first, level)
		require.Empty(t, links["previous"])
		again, _ = follow(links["next"])
		require.Equal(t, two, again, level)
	}
}

// TestHistoryOrderAndTypes asks for histories of some types and for the oldest first, by pages.
func TestHistoryOrderAndTypes(t *testing.T) {
	h := newHandler(t, nil)
	for i := range 5 {
		require.Less(t, call(h, "PUT", "/fhir/Patient/p", fmt.Sprintf(`{"resourceType":"Patient","id":"p","birthDate":"2000-01-0%d"}`, i+1)).Code, 300)
		require.Less(t, call(h, "PUT", fmt.Sprintf("/fhir/Basic/b%d", i), fmt.Sprintf(`{"resourceType":"Basic","id":"b%d","code":{"text":"a"}}`, i)).Code, 300)
		require.Less(t, call(h, "PUT", fmt.Sprintf("/fhir/Group/g%d", i), fmt.Sprintf(`{"resourceType":"Group","id":"g%d","type":"person","actual":true}`, i)).Code, 300)
	}
	for asked, want := range map[string]string{
		"/fhir/Patient/p/_history?_count=2&_sort=_lastUpdated":            "p/1 p/2 p/3 p/4 p/5",
		"/fhir/Patient/p/_history?_count=2&_sort=-_lastUpdated":           "p/5 p/4 p/3 p/2 p/1",
		"/fhir/Basic/_history?_count=2&_sort=_lastUpdated":                "b0/1 b1/1 b2/1 b3/1 b4/1",
		"/fhir/_history?_type=Basic&_count=3":                             "b4/1 b3/1 b2/1 b1/1 b0/1",
		"/fhir/_history?_type=Basic,Patient&_count=4&_sort=_lastUpdated":  "p/1 b0/1 p/2 b1/1 p/3 b2/1 p/4 b3/1 p/5 b4/1",
		"/fhir/_history?_type=Patient&_type=Group&_count=4":               "g4/1 p/5 g3/1 p/4 g2/1 p/3 g1/1 p/2 g0/1 p/1",
		"/fhir/_history?_type=Claim":                                      "",
		"/fhir/_history?_type=Basic,Patient&_at=2020&_sort=_lastUpdated":  "",
		"/fhir/_history?_type=Patient&_at=ge2020&_sort=_lastUpdated":      "p/1 p/2 p/3 p/4 p/5",
		"/fhir/_history?_type=Patient&_since=2020&_count=1":               "p/5 p/4 p/3 p/2 p/1",
		"/fhir/_history?_type=Patient,Basic,Group&_count=7&_summary=true": "g4/1 b4/1 p/5 g3/1 b3/1 p/4 g2/1 b2/1 p/3 g1/1 b1/1 p/2 g0/1 b0/1 p/1",
	} {
		var got []string
		for next := asked; next != ""; {
			w := call(h, "GET", next, "")
			require.Equal(t, 200, w.Code, "%s: %s", next, w.Body)
			bundle, err := fhir.Parse(w.Body.Bytes())
			require.NoError(t, err)
			for entry := range bundle.Get("entry").Items() {
				got = append(got, entry.Path("resource", "id").Text()+"/"+entry.Path("resource", "meta", "versionId").Text())
			}
			next = ""
			for l := range bundle.Get("link").Items() {
				if l.Get("relation").Text() == "next" {
					address := l.Get("url").Text()
					next = address[strings.Index(address, "/fhir/"):]
				}
			}
		}
		require.Equal(t, want, strings.Join(got, " "), asked)
	}
	for asked, want := range map[string]string{
		"/fhir/_history?_type=Frog":               "R4 has no resource type of this name",
		"/fhir/_history?_sort=name":               "A history is in the order of time",
		"/fhir/Patient/_history?_type=Patient":    "This is the history of one type already",
		"/fhir/Patient/p/_history?_sort=-foo":     "A history is in the order of time",
		"/fhir/_history?_type=Patient,AuditEvent": "AuditEvents are not searched together with other types",
	} {
		w := call(h, "GET", asked, "")
		require.Equal(t, 400, w.Code, asked)
		require.Contains(t, w.Body.String(), want, asked)
	}
}
