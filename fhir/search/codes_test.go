package search

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// colours are a value set of two codes and a hierarchy of three.
type colours struct{ many bool }

func (c colours) Members(valueSet string, most int) ([]Coding, error) {
	if valueSet != "urn:colours" {
		return nil, fhir.E("search", fhir.NotFound, fhir.Issue{Message: "No such set."})
	}
	if c.many {
		return make([]Coding, most+1), nil
	}
	return []Coding{{"urn:c", "red"}, {"http://hl7.org/fhir/observation-status", "final"}}, nil
}

func (colours) Related(system, code string, above bool, _ int) ([]Coding, error) {
	if above {
		return []Coding{{system, code}, {system, "colour"}}, nil
	}
	return []Coding{{system, code}, {system, "dark," + code}}, nil
}

func TestSearchesByCodes(t *testing.T) {
	for _, c := range []struct {
		query, body string
		holds       bool
	}{
		{"code:in=urn:colours", `{"resourceType":"Observation","code":{"coding":[{"system":"urn:c","code":"red"}]}}`, true},
		{"code:in=urn:colours", `{"resourceType":"Observation","code":{"coding":[{"system":"urn:d","code":"red"}]}}`, false},
		{"code:in=urn:colours", `{"resourceType":"Observation"}`, false},
		{"code:not-in=urn:colours", `{"resourceType":"Observation","code":{"coding":[{"system":"urn:c","code":"red"}]}}`, false},
		{"code:not-in=urn:colours", `{"resourceType":"Observation","code":{"coding":[{"system":"urn:c","code":"blue"}]}}`, true},
		{"status:in=urn:colours", `{"resourceType":"Observation","status":"final"}`, true},
		{"status:in=urn:colours", `{"resourceType":"Observation","status":"amended"}`, false},
		{"code:below=urn:c|blue", `{"resourceType":"Observation","code":{"coding":[{"system":"urn:c","code":"dark,blue"}]}}`, true},
		{"code:below=urn:c|blue,urn:c|green", `{"resourceType":"Observation","code":{"coding":[{"system":"urn:c","code":"green"}]}}`, true},
		{"code:below=urn:c|blue", `{"resourceType":"Observation","code":{"coding":[{"system":"urn:c","code":"colour"}]}}`, false},
		{"code:above=urn:c|blue", `{"resourceType":"Observation","code":{"coding":[{"system":"urn:c","code":"colour"}]}}`, true},
	} {
		values, err := url.ParseQuery(c.query)
		require.NoError(t, err)
		q, _, err := Parse("Observation", values, Options{Codes: colours{}})
		require.NoError(t, err, c.query)
		r, err := fhir.Parse([]byte(c.body))
		require.NoError(t, err)
		require.Equal(t, c.holds, q.Clauses[0].Holds("x", Values(r, q.Clauses[0].Param)), "%s of %s", c.query, c.body)
	}
	for _, c := range []struct {
		name, value string
		codes       Codes
		message     string
	}{
		{"code:in", "urn:none", colours{}, "No such set."},
		{"code:in", "urn:colours", colours{many: true}, "more codes than a search takes"},
		{"code:below", "blue", colours{}, "The code has no system"},
		{"code:in", "urn:colours", nil, "needs a terminology service"},
		{"_id:in", "urn:colours", colours{}, "none or one of :missing, :not."},
		{"identifier:below", "blue", colours{}, "The code has no system"},
		{"date:in", "urn:colours", colours{}, "not known for a parameter of type date"},
	} {
		_, _, err := Parse("Observation", url.Values{c.name: {c.value}}, Options{Codes: c.codes})
		require.ErrorContains(t, err, c.message, c.name)
	}
}
