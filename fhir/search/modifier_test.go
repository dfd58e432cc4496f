package search

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// anyCodes is a terminology in which every value set and hierarchy has one code.
type anyCodes struct{}

func (anyCodes) Members(string, int) ([]Coding, error) { return []Coding{{"http://s", "c"}}, nil }
func (anyCodes) Related(string, string, bool, int) ([]Coding, error) {
	return anyCodes{}.Members("", 1)
}

// sampleValue is a value that a parameter takes with a modifier.
func sampleValue(param *r4.SearchParam, modifier string) string {
	switch {
	case modifier == "missing":
		return "true"
	case modifier == "of-type":
		return "http://s|c|v"
	case param.Type == "composite":
		var parts []string
		for _, c := range param.Components {
			parts = append(parts, sampleValue(r4.SearchParamByURL(c.Definition), ""))
		}
		return strings.Join(parts, "$")
	}
	return map[string]string{"token": "http://s|c", "string": "muler", "date": "2020", "reference": "http://e/Patient/1", "number": "1",
		"quantity": "1", "uri": "http://e", "special": "1|1"}[param.Type]
}

// TestModifiers asks for each parameter of each type that the modifiers which a message
// lists are those that are served, and that there is a list for each.
func TestModifiers(t *testing.T) {
	t.Parallel()
	known := []string{"above", "below", "contains", "exact", "identifier", "in", "missing", "not", "not-in", "of-type", "text", "iterate"}
	for _, typ := range r4.ResourceTypes() {
		for _, param := range Params(typ) {
			for _, terminology := range []bool{false, true} {
				o := testOptions
				if terminology {
					o.Codes = anyCodes{}
				}
				ask := func(modifier, value string) error {
					_, _, err := Parse(typ, url.Values{param.Code + ":" + modifier: {value}}, o)
					return err
				}
				listed := listedModifiers(t, ask("bogus", "x"))
				require.Contains(t, listed, "missing", "%s?%s", typ, param.Code)
				for _, modifier := range append(listed, known...) {
					value := sampleValue(param, modifier)
					if r4.IsResource(modifier) {
						value = "1"
					}
					if param.Code == ID && modifier != "missing" {
						value = "x"
					}
					err := ask(modifier, value)
					if slices.Contains(listed, modifier) {
						require.NoError(t, err, "%s?%s:%s=%s", typ, param.Code, modifier, value)
						continue
					}
					require.Equal(t, fhir.NotSupported, fhir.KindOf(err), "%s?%s:%s=%s is not listed: %v", typ, param.Code, modifier, value, listed)
				}
			}
		}
	}
}

// listedModifiers are those that the message about an unknown one has.
func listedModifiers(t *testing.T, err error) (out []string) {
	issues := issuesOf(err)
	require.Len(t, issues, 1)
	list, ok := strings.CutPrefix(issues[0].Expected, "none or one of :")
	require.True(t, ok, issues[0].Expected)
	return strings.Split(list, ", :")
}

// TestModifiersFind: a token that has no display, or is no identifier, has no rows that
// :text or :of-type would find, so it does not have these modifiers.
func TestModifiersFind(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"gender:text=male":               "none or one of :missing, :not",
		"gender:of-type=http://s|c|male": "none or one of :missing, :not",
		"language:of-type=http://s|c|v":  "none or one of :missing, :not, :text",
	} {
		values, err := url.ParseQuery(query)
		require.NoError(t, err)
		_, _, err = Parse("Patient", values, testOptions)
		require.Equal(t, want, issuesOf(err)[0].Expected, query)
	}
}

// TestDefinitionsOfSpecialNames: some parameters of R4 are indexed in a way of their own;
// a stored SearchParameter of their name, on a type on which R4 has none, is not.
func TestDefinitionsOfSpecialNames(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ code, kind, base, expression string }{
		{"near", "string", "Patient", "Patient.address.city"},
		{"phonetic", "token", "Medication", "Medication.code"},
	} {
		r, err := fhir.Parse([]byte(`{"resourceType":"SearchParameter","url":"http://e/x","status":"active","code":"` + test.code + `","base":["` + test.base +
			`"],"type":"` + test.kind + `","expression":"` + test.expression + `"}`))
		require.NoError(t, err)
		d, issues := ReadDefinition("x", r)
		require.Empty(t, issues)
		resource, err := fhir.Parse([]byte(`{"resourceType":"` + test.base + `","address":[{"city":"Leeds"}],"code":{"coding":[{"system":"http://s","code":"c"}]}}`))
		require.NoError(t, err)
		require.NotEmpty(t, NewCustom([]*Definition{d}).Extract(resource), test.code)
		_, _, err = Parse(test.base, url.Values{test.code + ":missing": {"false"}}, Options{Custom: NewCustom([]*Definition{d})})
		require.NoError(t, err)
	}
}
