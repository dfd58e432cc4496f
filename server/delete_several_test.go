package server_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/server"
)

// TestDeleteSeveral deletes what a search finds, up to the limit that is set, all of it or none.
func TestDeleteSeveral(t *testing.T) {
	h := newHandler(t, func(c *server.Config) { c.DeleteAtMost = 5 })
	require.Contains(t, call(h, "GET", "/fhir/metadata", "").Body.String(), `"conditionalDelete":"multiple"`)
	put := func(n int, code string) {
		for i := range n {
			body := fmt.Sprintf(`{"resourceType":"Basic","id":"%s%d","code":{"coding":[{"system":"https://a.example","code":%q}]}}`, code, i, code)
			require.Less(t, call(h, "PUT", fmt.Sprintf("/fhir/Basic/%s%d", code, i), body).Code, 300)
		}
	}
	count := func(code string) string {
		text := call(h, "GET", "/fhir/Basic?_summary=count&code="+code, "").Body.String()
		_, text, _ = strings.Cut(text, `"total":`)
		total, _, _ := strings.Cut(text, ",")
		return total
	}
	put(5, "five")
	put(6, "six")
	w := call(h, "DELETE", "/fhir/Basic?code=six", "")
	require.Equal(t, 412, w.Code)
	require.Contains(t, w.Body.String(), "Expected: at most 5. Found: more than 5.")
	require.Equal(t, "6", count("six"))

	w = call(h, "DELETE", "/fhir/Basic?code=five", "", "If-Match", `W/"1"`)
	require.Equal(t, 412, w.Code, w.Body)
	w = call(h, "DELETE", "/fhir/Basic?code=five", "", "X-Request-ID", "once")
	require.Equal(t, 200, w.Code, w.Body)
	require.Contains(t, w.Body.String(), "5 resources are deleted: Basic/five0, Basic/five1, Basic/five2, Basic/five3, Basic/five4.")
	require.Equal(t, "0", count("five"))
	require.Contains(t, call(h, "DELETE", "/fhir/Basic?code=five", "").Body.String(), "There was nothing to delete")

	require.Equal(t, 204, call(h, "DELETE", "/fhir/Basic/six0", "", "Prefer", "return=minimal").Code)
	batch := `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"DELETE","url":"Basic?code=six"}}]}`
	require.Contains(t, call(h, "POST", "/fhir", batch).Body.String(), `"status":"200 OK"`)
	require.Equal(t, "0", count("six"))

	// Of resources so large that a page of a search has some of them alone, all or none are deleted.
	large := func(n int) {
		part := `{"url":"https://a.example/part","valueString":"` + strings.Repeat("large ", 160_000) + `"}`
		for i := range n {
			body := fmt.Sprintf(`{"resourceType":"Basic","id":"large%d","extension":[%s],"code":{"coding":[{"system":"https://a.example","code":"large"}]}}`, i, strings.TrimSuffix(strings.Repeat(part+",", 7), ","))
			require.Less(t, call(h, "PUT", fmt.Sprintf("/fhir/Basic/large%d", i), body).Code, 300)
		}
	}
	large(6)
	require.NotContains(t, call(h, "GET", "/fhir/Basic?code=large&_count=6", "").Body.String(), `"id":"large5"`, "a page has all of them: make them larger")
	require.Equal(t, 412, call(h, "DELETE", "/fhir/Basic?code=large", "").Code)
	require.Equal(t, "6", count("large"))
	require.Equal(t, 200, call(h, "DELETE", "/fhir/Basic/large5", "").Code)
	require.Contains(t, call(h, "DELETE", "/fhir/Basic?code=large", "").Body.String(), "5 resources are deleted")
	require.Equal(t, "0", count("large"))

	put(1, "one")
	require.Contains(t, call(h, "DELETE", "/fhir/Basic?code=one", "", "If-Match", `W/"2"`).Body.String(), "not at the version")
	require.Equal(t, "1", count("one"))
	require.Contains(t, call(h, "DELETE", "/fhir/Basic?code=one", "", "If-Match", `W/"1"`).Body.String(), "The resource is deleted")
	require.Equal(t, 412, call(h, "DELETE", "/fhir/Basic", "").Code, "without a condition")
	require.Equal(t, 400, call(h, "DELETE", "/fhir/Basic?cod=one", "").Code)
}

// TestDeleteSeveralMeanwhile deletes while others write to the same resources: each is
// deleted by one of the deletions, and none is left.
func TestDeleteSeveralMeanwhile(t *testing.T) {
	h := newHandler(t, func(c *server.Config) { c.DeleteAtMost = 100 })
	body := func(i int, text string) string {
		return fmt.Sprintf(`{"resourceType":"Basic","id":"b%d","code":{"coding":[{"system":"https://a.example","code":"x"}],"text":%q}}`, i, text)
	}
	for i := range 20 {
		require.Equal(t, 201, call(h, "PUT", fmt.Sprintf("/fhir/Basic/b%d", i), body(i, "a")).Code)
	}
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range 20 {
				call(h, "PUT", fmt.Sprintf("/fhir/Basic/b%d", i), body(i, fmt.Sprint("by ", worker)), "If-Match", `W/"1"`)
			}
		})
	}
	for range 3 {
		group.Go(func() {
			w := call(h, "DELETE", "/fhir/Basic?code=x", "")
			require.Contains(t, []int{200, 412}, w.Code, w.Body)
		})
	}
	group.Wait()
	require.Equal(t, 200, call(h, "DELETE", "/fhir/Basic?code=x", "").Code)
	require.Contains(t, call(h, "GET", "/fhir/Basic?_summary=count", "").Body.String(), `"total":0`)
}
