package profiles

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

func patientWith(t *testing.T, names int, name string) *fhir.Resource {
	t.Helper()
	r, err := fhir.Parse([]byte(`{"resourceType":"Patient","name":[` + strings.TrimSuffix(strings.Repeat(name+",", names), ",") + `]}`))
	require.NoError(t, err)
	return r
}

func TestIssuesAreCounted(t *testing.T) {
	issues := New().Validate(context.Background(), patientWith(t, fhir.MaxListed+7, `{"familyName":"x"}`))
	require.Len(t, issues, fhir.MaxListed+1)
	assert.Equal(t, "7 more errors are not listed.", issues[fhir.MaxListed].Message)
	assert.Equal(t, "Patient.name[499]", issues[fhir.MaxListed-1].Expression)
}

// TestNotesHideNoError: however many notes come first, an error is counted and
// listed, wherever it is.
func TestNotesHideNoError(t *testing.T) {
	notes := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"url":"http://example.org/x%d","valueBoolean":true}`, i))
		}
		return `"extension":[` + strings.Join(list, ",") + `]`
	}
	for name, form := range map[string]string{
		"resource":  `{"resourceType":"Patient",%s,"birthDate":"x"}`,
		"backbone":  `{"resourceType":"Patient","contact":[{%s,"name":{"text":"x"},"gender":"x"}]}`,
		"contained": `{"resourceType":"Patient",%s,"generalPractitioner":[{"reference":"#p"}],"contained":[{"resourceType":"Practitioner","id":"p","birthDate":"x"}]}`,
		"entry":     `{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"urn:uuid:65d0a0f5-84f4-4c0c-8b9c-3a1c5bb6a3b1","resource":{"resourceType":"Basic","code":{"text":"x"},%s}},{"fullUrl":"urn:uuid:65d0a0f5-84f4-4c0c-8b9c-3a1c5bb6a3b2","resource":{"resourceType":"Patient","birthDate":"x"}}]}`,
		"parameter": `{"resourceType":"Parameters","parameter":[{"name":"a","resource":{"resourceType":"Basic","code":{"text":"x"},%s}},{"name":"b","valueDate":"x"}]}`,
		"invariant": `{"resourceType":"Patient",%s,"contact":[{"relationship":[{"text":"x"}]}]}`,
	} {
		for _, n := range []int{1, fhir.MaxListed - 1, fhir.MaxListed, fhir.MaxListed + 1, 20 * fhir.MaxListed} {
			r, err := fhir.Parse(fmt.Appendf(nil, form, notes(n)))
			require.NoError(t, err)
			issues := New().Validate(context.Background(), r)
			listed, counted := 0, map[fhir.Severity]int{}
			for _, i := range issues {
				counted[i.Severity] += i.Count()
				if i.IsError() && i.More == 0 {
					listed++
				}
			}
			assert.Equal(t, 1, listed, "%s after %d notes", name, n)
			assert.Equal(t, map[fhir.Severity]int{fhir.Err: 1, fhir.Information: n}, counted, "%s after %d notes", name, n)
			assert.LessOrEqual(t, len(issues), fhir.MaxListed+1)
		}
	}
}

// TestWorkPerIssue: describing an issue costs the same in a small and in a big
// text, on one line and on many. The ratio is generous; a count from the start
// of the text for each issue would make it hundreds.
func TestWorkPerIssue(t *testing.T) {
	perIssue := func(n int, between string) time.Duration {
		item := `{"resourceType":"Patient","gender":"x"}`
		r, err := fhir.Parse([]byte(`{"resourceType":"Bundle","type":"collection","entry":[` +
			strings.TrimSuffix(strings.Repeat(`{"resource":`+item+`},`+between, n), ","+between) + `]}`))
		require.NoError(t, err)
		best := time.Hour
		for range 3 {
			start := time.Now()
			for e := range r.Get("entry").Items() {
				require.Len(t, New().Validate(context.Background(), r.Sub(e.Get("resource"))), 1)
			}
			best = min(best, time.Since(start))
		}
		return best / time.Duration(n)
	}
	for name, between := range map[string]string{"one line": "", "indented": "\n  "} {
		small, big := perIssue(200, between), perIssue(16_000, between)
		assert.Less(t, big, 10*small, name)
	}
}

func TestAnEndedContextStopsTheWork(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	issues := New().Validate(ctx, patientWith(t, 5000, `{"family":"x"}`))
	require.True(t, fhir.HasErrors(issues))
	assert.Equal(t, fhir.Timeout, issues[len(issues)-1].Code)
}

func TestConcurrentUse(t *testing.T) {
	v := New()
	r := patientWith(t, 50, `{"family":"x","period":{"start":"2021","end":"2020"}}`)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { assert.Len(t, v.Validate(context.Background(), r), 50) })
	}
	wg.Wait()
}
