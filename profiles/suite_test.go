package profiles

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/ucum"
	"github.com/pestle-fhir/pestle/fhir/xml"
	"github.com/pestle-fhir/pestle/internal/oracle"
	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/profiles/terminology"
)

// suiteCase is a case of HL7's validator suite with what the reference
// validator, in Java, said of it.
type suiteCase struct {
	Name           string
	File           string
	Module         string
	Java           json.RawMessage
	Supporting     []string
	Profiles       []string
	SecurityChecks bool `json:"security-checks"`
	NoHTML         bool `json:"noHtmlInMarkdown"`
	// What the reference is told in a case and this validator cannot be told: to
	// refuse URLs of examples, to leave contained resources out, to hold an entry of
	// a Bundle to a profile.
	Examples         *bool
	ValidateContains string
	BundleParam      json.RawMessage `json:"bundle-param"`
}

// setting reports whether a case is about a setting that there is not here.
func (c suiteCase) setting() bool {
	return c.Examples != nil && !*c.Examples || c.ValidateContains == "IGNORE" || c.BundleParam != nil
}

type outcome struct {
	Issue []struct {
		Severity, Code string
		Expression     []string
		Details        struct{ Text string }
	}
}

// Which of the reference's errors this validator cannot be asked for: those
// that need a terminology server or licensed code systems, and those of a
// profile that is no part of base R4.
var (
	ofTerminology = regexp.MustCompile(`Wrong Display Name|Unknown code '[^']*' in the CodeSystem 'http://(?:snomed|loinc)|code system .* could not|` +
		`is not declared in the base CodeSystem|must be a valid code from the system|` +
		`The operation '.*' is not allowed for property|The signature`)
	ofProfile = regexp.MustCompile(`\(from http://(?:hl7\.org/fhir/StructureDefinition/bp|[^)]*\|[^4)]|hl7\.org/fhir/test)|in the profile |generating Snapshot|Obligation|obligation|` +
		`matching slice is required|in the 'in' profile|in the 'out' profile|extension-Patient\.animal|could not be found so is not allowed here|/5\.0/StructureDefinition|` +
		`The property '.*' has a .* differen|narrativeLink|is not marked as an obligation|has a different base|permitted maximum value of DecimalType`)
	comments = regexp.MustCompile(`/\*.*?\*/|\[url='[^']*'\]`)
)

// TestOracleValidator compares verdicts and the places of errors with those of
// the reference validator.
func TestOracleValidator(t *testing.T) {
	dir := filepath.Join(oracle.Dir(t), "suites/validator")
	data, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	require.NoError(t, err)
	var manifest struct {
		Cases []suiteCase `json:"test-cases"`
	}
	require.NoError(t, json.Unmarshal(data, &manifest))
	var verdicts, places tally
	for _, c := range manifest.Cases {
		if c.setting() {
			t.Logf("%s: apart, a setting of the reference", c.Name)
			continue
		}
		want, apart := expected(t, dir, c)
		got := c.run(t, dir)
		if apart != "" && len(want) == 0 {
			t.Logf("%s: apart, %s", c.Name, apart)
			continue
		}
		ok := fhir.HasErrors(got) == (len(want) > 0)
		verdicts.add(c.Name, ok)
		if !ok {
			t.Logf("VERDICT %s (%s): the reference has %d errors, here:", c.Name, c.File, len(want))
			for _, i := range got {
				if i.IsError() {
					t.Logf("    %s %s: %s", i.Rule, i.Expression, i.Text())
				}
			}
		}
		for _, e := range slices.Sorted(mapKeys(want)) {
			hit := slices.ContainsFunc(got, func(i fhir.Issue) bool {
				return i.IsError() && (i.Expression == e || i.Expression == fromZero(e, want[e]) || e == "" && i.Severity == fhir.Fatal)
			})
			places.add(c.Name+" "+e, hit)
			if !hit {
				t.Logf("PLACE %s %s: %s", c.Name, e, want[e])
			}
		}
	}
	oracle.Report(t, "validator-verdicts", verdicts.passed, verdicts.total, verdicts.misses)
	oracle.Report(t, "validator-places", places.passed, places.total, places.misses)
}

type tally struct {
	passed, total int
	misses        []string
}

func (y *tally) add(name string, ok bool) {
	y.total++
	if ok {
		y.passed++
	} else {
		y.misses = append(y.misses, name)
	}
}

func mapKeys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// expected gives the reference's errors by expression, and why some of them
// are left out.
func expected(t *testing.T, dir string, c suiteCase) (errs map[string]string, apart string) {
	errs = map[string]string{}
	var file string
	if json.Unmarshal(c.Java, &file) != nil {
		return errs, "" // an inline outcome: all of them say that there is no error
	}
	data, err := os.ReadFile(filepath.Join(dir, "outcomes", file))
	require.NoError(t, err)
	var o outcome
	require.NoError(t, json.Unmarshal(data, &o))
	for _, i := range o.Issue {
		if i.Severity != "error" && i.Severity != "fatal" {
			continue
		}
		expression := ""
		if len(i.Expression) > 0 {
			expression = comments.ReplaceAllString(i.Expression[0], "")
			expression = strings.ReplaceAll(strings.TrimSuffix(expression, "/"), "/.", ".")
		}
		expression = pathOfXML(expression)
		switch {
		case strings.HasPrefix(i.Details.Text, "The System URI could not be determined"):
			// said once more of a code that is not in its value set
		case ofTerminology.MatchString(i.Details.Text):
			apart = "terminology"
		case ofProfile.MatchString(i.Details.Text) || !ofBase(i.Details.Text):
			apart = "profile: " + i.Details.Text
		default:
			errs[expression] = i.Details.Text
		}
	}
	return errs, apart
}

// fromZero puts right the places of some rules on documents, for which the
// reference counts entries and items from 1.
func fromZero(expression, text string) string {
	if !countsFromOne.MatchString(text) {
		return expression
	}
	return index.ReplaceAllStringFunc(expression, func(s string) string {
		n, _ := strconv.Atoi(s[1 : len(s)-1])
		return "[" + strconv.Itoa(n-1) + "]"
	})
}

var (
	countsFromOne = regexp.MustCompile(`^(Can't find|Found \d+ matches|Entry '.*' isn't reachable)`)
	index         = regexp.MustCompile(`\[\d+\]`)
)

// ofBase reports whether the definition that a message names is one of R4's
// types.
func ofBase(text string) bool {
	_, from, ok := strings.Cut(text, "(from ")
	if !ok {
		return true
	}
	name, isCore := strings.CutPrefix(from, "http://hl7.org/fhir/StructureDefinition/")
	name, _, _ = strings.Cut(name, "|")
	return isCore && r4.TypeOf(name) != nil
}

// pathOfXML makes FHIRPath of the XPath that the reference gives for mistakes
// that only XML can have.
func pathOfXML(path string) string {
	if !strings.HasPrefix(path, "/f:") {
		return path
	}
	return strings.ReplaceAll(path[len("/f:"):], "/f:", ".")
}

// run validates the case's file as the suite asks.
func (c suiteCase) run(t *testing.T, dir string) []fhir.Issue {
	data, err := os.ReadFile(filepath.Join(dir, c.File))
	require.NoError(t, err)
	r, issues := decode(data, c.File)
	if r == nil {
		return issues
	}
	known := c.definitions(t, dir)
	set := definition.NewSet()
	for _, file := range slices.Sorted(maps.Keys(known)) {
		for _, each := range unpack(known[file]) {
			_, err := set.Add(each, file)
			require.NoError(t, err)
		}
	}
	l := NewLibrary(set, terminology.New(terminology.Config{Definitions: set, UCUM: ucum.Valid}))
	options := []Option{WithDefinitions(known), WithLibrary(l)}
	if c.SecurityChecks || c.NoHTML {
		options = append(options, RefuseHTML())
	}
	return append(issues, New(options...).Validate(context.Background(), r)...)
}

// library is the definitions that a case brings along.
type library map[string]*fhir.Resource

func (l library) Resource(_ context.Context, typ, canonical string) *fhir.Resource {
	bare, _, _ := strings.Cut(canonical, "|")
	if r := l[bare]; r != nil && r.Type() == typ {
		return r
	}
	return nil
}

func (c suiteCase) definitions(t *testing.T, dir string) library {
	l := library{}
	for _, file := range slices.Concat(c.Supporting, c.Profiles) {
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Logf("%s: %v", c.Name, err)
			continue
		}
		if r, _ := decode(data, file); r != nil {
			l[r.Get("url").Text()] = r
		}
	}
	return l
}

func decode(data []byte, file string) (*fhir.Resource, []fhir.Issue) {
	read := fhir.Parse
	if filepath.Ext(file) == ".xml" {
		read = xml.Decode
	}
	r, err := read(data)
	var e *fhir.Error
	if errors.As(err, &e) {
		return r, e.Issues
	}
	return r, nil
}
