package server_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// TestAsOf: _at is the state when the time that it names was over, on reads and
// on searches, and never a version of later.
func TestAsOf(t *testing.T) {
	first := time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC)
	now := first
	db, err := store.Open(mem.New(), store.Options{Clock: func() time.Time { return now }})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	n := named{t, newHandler(t, func(c *server.Config) { c.Repository = db })}
	write := func(at time.Time, method, body string) {
		now = at
		status, text := n.ask(method, "http://a.example/fhir/Patient/x", body)
		require.Less(t, status, 300, text)
	}
	day := 24 * time.Hour
	patient := func(gender string) string { return `{"resourceType":"Patient","id":"x","gender":"` + gender + `"}` }
	write(first, "PUT", patient("male"))
	write(first.Add(day), "PUT", patient("female"))
	write(first.Add(2*day), "DELETE", "")
	write(first.Add(3*day), "PUT", patient("other"))

	for _, x := range []struct{ at, version, gender string }{
		{"2020-01-01", "404", ""}, {"2024-02", "404", ""}, {"2024-03-01T11:59:59.999Z", "404", ""},
		{"2024-03-01T12:00:00.000Z", "1", "male"}, {"2024-03-01T12:00:00Z", "1", "male"}, {"2024-03-01", "1", "male"},
		{"2024-03-02T11:59Z", "1", "male"}, {"2024-03-02T14:00:00+02:00", "2", "female"}, {"2024-03-02", "2", "female"},
		{"2024-03-03", "410", ""}, {"2024-03-04", "4", "other"}, {"2024", "4", "other"}, {"2999-01-01", "4", "other"},
		{"2024-03-01T23:59:60Z", "1", "male"},
		{"soon", "400", ""}, {"2024-13", "400", ""},
	} {
		at := strings.ReplaceAll(x.at, "+", "%2B")
		status, body := n.ask("GET", "http://a.example/fhir/Patient/x?_at="+at, "")
		found, _ := n.ask("GET", "http://a.example/FHIR/R4/Patient?_at="+at, "")
		_, page := n.ask("GET", "http://a.example/FHIR/R4/Patient?_count=1&_total=accurate&_at="+at, "")
		switch x.version {
		case "400":
			require.Equal(t, []int{400, 400}, []int{status, found}, x.at)
		case "404", "410":
			require.Equal(t, x.version, strconv.Itoa(status), x.at)
			require.Contains(t, page, `"total":0`, x.at)
			require.NotContains(t, page, `"gender"`, x.at)
		default:
			require.Equal(t, 200, status, body)
			require.Contains(t, body, `"versionId":"`+x.version+`"`, x.at)
			require.Contains(t, page, `"total":1`, x.at)
			require.Contains(t, page, `"gender":"`+x.gender+`"`, x.at)
			require.Contains(t, page, "_at=", "the self link says what was asked")
		}
	}
	status, body := n.ask("GET", "http://a.example/fhir/Patient?gender=female&_at=2024-03-01", "")
	require.Equal(t, 200, status)
	require.Contains(t, body, `"total":0`)
	for _, refused := range []string{"/Patient/x/_history/1?_at=2024", "/Patient/x?_at=2024&_at=2023", "/Patient?_at=2024&_at=2023"} {
		status, body := n.ask("GET", "http://a.example/fhir"+refused, "")
		require.Equal(t, 400, status, body)
	}
}
