package search

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestRepeatedConditionsAreOne: the same condition, however often it is sent, is
// looked up once.
func TestRepeatedConditionsAreOne(t *testing.T) {
	const name = "_has:Observation:patient:code"
	for _, n := range []int{1, 1000, 100_000} {
		values := make([]string, n)
		for i := range values {
			values[i] = "8867-4"
		}
		q, _, err := Parse("Patient", url.Values{name: values, "gender": {"male", "male"}}, Options{})
		require.NoError(t, err)
		require.Len(t, q.Clauses, 2)
		require.Equal(t, url.Values{name: {"8867-4"}, "gender": {"male"}}, q.Self())
	}
}

func TestCostOfAQueryIsBounded(t *testing.T) {
	many := func(name string, n int) url.Values {
		q := url.Values{}
		for i := range n {
			q.Add(name, fmt.Sprint(i))
		}
		return q
	}
	deep := func(n int) url.Values {
		return url.Values{"_has:Observation:patient:" + strings.Repeat("patient.", n-2) + "patient.name": {"a"}}
	}
	for _, c := range []struct {
		what    string
		query   func(int) url.Values
		most    int
		message string
	}{
		{"conditions", func(n int) url.Values { return many("name", n) }, maxClauses, "too many conditions"},
		{"chained conditions", func(n int) url.Values { return many("organization.name", n) }, maxChained, "too many chained conditions"},
		{"reverse chains", func(n int) url.Values { return many("_has:Observation:patient:code", n) }, maxChained, "too many chained conditions"},
		{"steps", deep, maxSteps, "too many steps"},
		{"values within texts", func(n int) url.Values {
			return url.Values{"name:contains": {strings.Repeat("a,", n-1) + "a"}}
		}, maxScanned, "too many values within texts"},
	} {
		_, _, err := Parse("Patient", c.query(c.most), Options{Lenient: true})
		if err != nil {
			require.NotContains(t, err.Error(), c.message, c.what)
		}
		for _, n := range []int{c.most + 1, 1000} {
			_, _, err = Parse("Patient", c.query(n), Options{Lenient: true})
			require.ErrorContains(t, err, c.message, c.what)
			require.Equal(t, fhir.TooCostly, fhir.KindOf(err), c.what)
		}
		_, err = ParseCondition("Patient", c.query(c.most+1).Encode(), Options{})
		require.ErrorContains(t, err, c.message, "a condition is a query")
	}
}
