package profiles

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/fhir/go/fhirversion"
	"github.com/google/fhir/go/jsonformat"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

// mutants is how many broken forms of each example are compared.
const mutants = 12

// TestOracleGoogle compares verdicts on form with google/fhir's Unmarshal, over
// the official examples and mutants of them. Each disagreement is of a kind
// named here.
func TestOracleGoogle(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(oracle.Dir(t), "examples/r4/*.json"))
	require.NoError(t, err)
	um, err := jsonformat.NewUnmarshaller("UTC", fhirversion.R4)
	require.NoError(t, err)
	v := New()
	rnd := rand.New(rand.NewPCG(1, 2))
	var verdicts tally
	kinds := map[string]int{}
	for _, f := range files {
		data, err := os.ReadFile(f)
		require.NoError(t, err)
		for i := range 1 + mutants {
			text, what := data, "as it is"
			if i > 0 {
				text, what = mutate(rnd, data)
			}
			r, err := fhir.Parse(text)
			if err != nil {
				continue
			}
			issues := v.Structure(context.Background(), r)
			_, theirs := um.UnmarshalR4(text)
			kind := "the same verdict"
			if fhir.HasErrors(issues) != (theirs != nil) {
				kind = disagreement(issues, theirs)
			}
			kinds[kind]++
			verdicts.add(filepath.Base(f)+" "+what, kind != "")
			if kind == "" {
				t.Logf("%s %s: google/fhir: %v; here: %s", filepath.Base(f), what, theirs, issueText(issues))
			}
		}
	}
	for kind, count := range kinds {
		t.Logf("%5d %s", count, kind)
	}
	oracle.Report(t, "google-form", verdicts.passed, verdicts.total, verdicts.misses)
}

var (
	colonInPath = regexp.MustCompile(`invalid (uri|url|canonical)`)
	noDiv       = regexp.MustCompile(`\.text\.div": missing required field "value"`)
)

// disagreement names the kind of a disagreement; "" when it is none of those
// known.
func disagreement(issues []fhir.Issue, theirs error) string {
	if theirs != nil {
		switch {
		case colonInPath.MatchString(theirs.Error()):
			return "google/fhir reads a uri by RFC 3986, where R4 allows all but white space"
		case noDiv.MatchString(theirs.Error()):
			return "an empty div is an invariant here (txt-2), no matter of form"
		}
		return ""
	}
	kind := ""
	for _, i := range issues {
		if !i.IsError() {
			continue
		}
		switch {
		case strings.Contains(i.Expression, ".contained["):
			kind = "google/fhir does not look into contained resources"
		case i.Rule == "json-type" && i.Found == "an object":
			kind = "google/fhir takes an object for a primitive"
		case i.Rule == "ele-1":
			kind = "google/fhir takes empty objects"
		case i.Rule == "empty-array", i.Rule == "empty-string":
			kind = "google/fhir takes empty arrays and strings"
		case i.Rule == "format" && (strings.Contains(i.Expected, "white space") || strings.Contains(i.Expected, "urn:") || strings.TrimSpace(i.Found) == ""):
			kind = "google/fhir takes white space in URIs, blank strings and malformed urn:uuid: and urn:oid:"
		case i.Rule == "code" && strings.Contains(i.Message, "not of the form"):
			kind = "google/fhir does not look at the form of MIME types and languages"
		case i.Rule == "reference":
			kind = "google/fhir takes any word for a resource type in a reference"
		default:
			return ""
		}
	}
	return kind
}

// breaks are what a mutation puts in the place of a value; the empty one adds a
// member to an object and wraps another value in an array.
var breaks = []string{`"x y"`, `[]`, `-1`, `{}`, `null`, ``, `true`, `1.5`, `"1"`, `"2020-02-30"`, `"2020-13"`, `"2020-01-01T25:00:00Z"`,
	`"Patient/1"`, `{"reference":"Nothing/1"}`, `{"id":"x"}`, `[null]`, `["a","b"]`, `"urn:uuid:1"`, `"#x"`, `""`, `" "`, `99999999999`, `{"value":"1"}`, `{"resourceType":"Patient"}`}

// mutate breaks one place of a resource.
func mutate(rnd *rand.Rand, data []byte) (out []byte, what string) {
	r, err := fhir.Parse(data)
	if err != nil {
		panic(err)
	}
	n := r.Node(1 + rnd.IntN(r.Nodes()-1))
	e := fhir.NewEdit(r)
	m := breaks[rnd.IntN(len(breaks))]
	switch {
	case m != "":
		e.Replace(n, m)
	case n.Kind() == fhir.Object:
		m = "unheardOf"
		e.Set(n, m, `"x"`)
	default:
		m = "[…]"
		e.Replace(n, "["+string(n.Raw())+"]")
	}
	return e.JSON(), fmt.Sprintf("with %s at %s", m, Expression(n))
}
