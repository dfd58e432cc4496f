package profiles

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/ucum"
	"github.com/pestle-fhir/pestle/internal/oracle"
	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/profiles/terminology"
)

// profiledCase is a case of the suite with what it says of profiles.
type profiledCase struct {
	suiteCase
	Profile *struct {
		Source     string
		Supporting []string
		Java       json.RawMessage
	}
}

// TestOracleValidatorProfiles runs the cases of the suite that bring profiles or
// other definitions along: with those loaded, and where the case says so held to
// its profile.
func TestOracleValidatorProfiles(t *testing.T) {
	dir := filepath.Join(oracle.Dir(t), "suites/validator")
	data, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	require.NoError(t, err)
	var manifest struct {
		Cases []profiledCase `json:"test-cases"`
	}
	require.NoError(t, json.Unmarshal(data, &manifest))
	var verdicts, places tally
	judge := func(name string, c profiledCase, java json.RawMessage, files []string, asked string) {
		want, count, apart := reported(t, dir, java)
		if apart != "" {
			t.Logf("%s: apart, %s", name, apart)
			return
		}
		got := c.profiled(t, dir, files, asked)
		ok := fhir.HasErrors(got) == (count > 0)
		verdicts.add(name, ok)
		if !ok {
			t.Logf("VERDICT %s (%s): the reference has %d errors, here:", name, c.File, count)
			for _, i := range got {
				if i.IsError() {
					t.Logf("    %s %s: %s", i.Rule, i.Expression, i.Text())
				}
			}
		}
		for _, e := range slices.Sorted(mapKeys(want)) {
			hit := slices.ContainsFunc(got, func(i fhir.Issue) bool {
				return i.IsError() && (i.Expression == e || e == "" && i.Severity == fhir.Fatal)
			})
			places.add(name+" "+e, hit)
			if !hit {
				t.Logf("PLACE %s %s: %s", name, e, want[e])
			}
		}
	}
	for _, c := range manifest.Cases {
		if c.setting() {
			t.Logf("%s: apart, a setting of the reference", c.Name)
			continue
		}
		files := slices.Concat(c.Supporting, c.Profiles)
		if len(files) > 0 {
			judge(c.Name, c, c.Java, files, "")
		}
		if c.Profile != nil {
			judge(c.Name+" profile", c, c.Profile.Java, slices.Concat(files, c.Profile.Supporting, []string{c.Profile.Source}), c.Profile.Source)
		}
	}
	oracle.Report(t, "validator-profiles-verdicts", verdicts.passed, verdicts.total, verdicts.misses)
	oracle.Report(t, "validator-profiles-places", places.passed, places.total, places.misses)
}

// reported gives the reference's errors by expression, how many it has, and why
// the case is left out.
func reported(t *testing.T, dir string, java json.RawMessage) (errs map[string]string, count int, apart string) {
	errs = map[string]string{}
	var file string
	if json.Unmarshal(java, &file) != nil {
		var inline struct {
			ErrorCount int
			Output     []string
		}
		require.NoError(t, json.Unmarshal(java, &inline))
		return errs, inline.ErrorCount, ""
	}
	data, err := os.ReadFile(filepath.Join(dir, "outcomes", file))
	require.NoError(t, err)
	var o outcome
	require.NoError(t, json.Unmarshal(data, &o))
	for _, i := range o.Issue {
		if i.Severity != "error" && i.Severity != "fatal" {
			continue
		}
		if ofTerminology.MatchString(i.Details.Text) {
			return nil, 0, "terminology: " + i.Details.Text
		}
		expression := ""
		if len(i.Expression) > 0 {
			expression = pathOfXML(comments.ReplaceAllString(i.Expression[0], ""))
			expression = strings.ReplaceAll(strings.TrimSuffix(expression, "/"), "/.", ".")
		}
		errs[expression] = i.Details.Text
	}
	return errs, len(errs), ""
}

// profiled validates the case's file with the definitions of files loaded, held
// to the profile in one of them.
func (c profiledCase) profiled(t *testing.T, dir string, files []string, asked string) []fhir.Issue {
	data, err := os.ReadFile(filepath.Join(dir, c.File))
	require.NoError(t, err)
	r, issues := decode(data, c.File)
	if r == nil {
		return issues
	}
	set, known := definition.NewSet(), library{}
	var profiles []string
	for _, file := range files {
		data, err := os.ReadFile(filepath.Join(dir, file))
		require.NoError(t, err)
		d, _ := decode(data, file)
		if d == nil {
			continue
		}
		known[d.Get("url").Text()] = d
		for _, each := range unpack(d) {
			_, err = set.Add(each, file)
			require.NoError(t, err)
		}
		if file == asked {
			profiles = []string{d.Get("url").Text()}
		}
	}
	l := NewLibrary(set, terminology.New(terminology.Config{Definitions: set, UCUM: ucum.Valid}))
	options := []Option{WithDefinitions(known), WithLibrary(l)}
	if c.SecurityChecks || c.NoHTML {
		options = append(options, RefuseHTML())
	}
	return append(issues, New(options...).Validate(context.Background(), r, profiles...)...)
}

// unpack gives the resources of a Bundle, or the one resource.
func unpack(r *fhir.Resource) (out []*fhir.Resource) {
	if r.Type() != "Bundle" {
		return []*fhir.Resource{r}
	}
	for e := range r.Get("entry").Items() {
		if n := e.Get("resource"); n.Exists() {
			out = append(out, r.Sub(n))
		}
	}
	return out
}
