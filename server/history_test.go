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
