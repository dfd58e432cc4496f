package fhirpath

import (
	"context"
	stdxml "encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/xml"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

// suite is HL7's test file.
type suite struct {
	Groups []struct {
		Name  string      `xml:"name,attr"`
		Tests []suiteCase `xml:"test"`
	} `xml:"group"`
}

type suiteCase struct {
	Name       string `xml:"name,attr"`
	Input      string `xml:"inputfile,attr"`
	Predicate  bool   `xml:"predicate,attr"`
	CheckOrder bool   `xml:"checkOrderedFunctions,attr"`
	Unordered  string `xml:"ordered,attr"`
	Expr       struct {
		Text    string `xml:",chardata"`
		Invalid string `xml:"invalid,attr"`
	} `xml:"expression"`
	Outputs []struct {
		Type string `xml:"type,attr"`
		Text string `xml:",chardata"`
	} `xml:"output"`
}

// baseProfiles knows the definitions of the R4 types, which an instance of the
// type conforms to: all that the suite asks for.
type baseProfiles struct{}

func (baseProfiles) ConformsTo(_ context.Context, it Item, profile string) (conforms, known bool, err error) {
	t := r4.TypeOf(strings.TrimPrefix(profile, coreDefinitions))
	return t != nil && it.R4Type().Is(t.Name), t != nil, nil
}

func (baseProfiles) InSlice(context.Context, Item, string, string) (member, known bool, err error) {
	return false, false, nil
}

// TestOracleSuite runs the 935 tests. A case passes when the outputs have the
// types and values, in order, that it names. One that names an error passes
// when the error comes no later than it says: "syntax" from Compile, "semantic"
// from Check, "execution" from evaluation, all of which a caller may rely on.
func TestOracleSuite(t *testing.T) {
	dir := filepath.Join(oracle.Dir(t), "suites", "fhirpath")
	data, err := os.ReadFile(filepath.Join(dir, "tests-fhir-r4.xml"))
	require.NoError(t, err)
	var s suite
	require.NoError(t, stdxml.Unmarshal(data, &s))
	inputs := map[string]*fhir.Resource{}
	total, passed := 0, 0
	var misses []string
	for _, g := range s.Groups {
		for _, c := range g.Tests {
			total++
			r := inputs[c.Input]
			if r == nil && c.Input != "" {
				r = readInput(t, filepath.Join(dir, c.Input))
				inputs[c.Input] = r
			}
			if err := c.run(r); err != nil {
				misses = append(misses, c.Name)
				t.Logf("%s: %s: %v", c.Name, strings.TrimSpace(c.Expr.Text), err)
				continue
			}
			passed++
		}
	}
	oracle.Report(t, "fhirpath", passed, total, misses)
}

func readInput(t *testing.T, file string) *fhir.Resource {
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	read := fhir.Parse
	if strings.HasSuffix(file, ".xml") {
		read = xml.Decode
		data = inOrder(data)
	}
	r, err := read(data)
	require.NoError(t, err, file)
	return r
}

// inOrder puts the extension of observation-example.xml, which the file has
// behind the status, where the schema wants it.
func inOrder(data []byte) []byte {
	s := string(data)
	status, end := strings.Index(s, "<status value=\"final\"/>"), "</extension>"
	from, to := strings.Index(s, "<extension url"), strings.Index(s, end)
	if status < 0 || from < status {
		return data
	}
	to += len(end)
	return []byte(s[:status] + s[from:to] + s[status:from] + s[to:])
}

func (c *suiteCase) run(r *fhir.Resource) error {
	e, err := Compile(c.Expr.Text)
	if c.Expr.Invalid == "syntax" || err != nil {
		return expectError(c.Expr.Invalid != "", err)
	}
	var focus Item
	if r != nil {
		focus = ResourceItem(r)
	}
	issues := e.Check(focus.Type())
	if !c.CheckOrder {
		issues = slices.DeleteFunc(issues, func(i fhir.Issue) bool { return !i.IsError() })
	}
	switch {
	case c.Expr.Invalid == "semantic":
		return expectError(true, firstError(issues))
	case c.Expr.Invalid == "" && len(issues) > 0:
		return fmt.Errorf("check: %w", firstError(issues))
	}
	got, err := e.Eval(context.Background(), focus, &Env{Profiles: baseProfiles{}})
	if c.Expr.Invalid != "" || err != nil {
		return expectError(c.Expr.Invalid != "", err)
	}
	if c.Predicate {
		got = Collection{BooleanItem(len(got) > 0)}
	}
	return c.compare(got)
}

func firstError(issues []fhir.Issue) error {
	for _, i := range issues {
		return fmt.Errorf("%s", i.Text())
	}
	return nil
}

func expectError(wanted bool, err error) error {
	if !wanted {
		return err
	}
	if err == nil {
		return fmt.Errorf("no error")
	}
	return nil
}

func (c *suiteCase) compare(got Collection) error {
	if len(got) != len(c.Outputs) {
		return fmt.Errorf("%d items, not %d: %v", len(got), len(c.Outputs), texts(got))
	}
	rest := append(Collection(nil), got...)
	for i, want := range c.Outputs {
		at := -1
		for j := range rest {
			if matchesOutput(rest[j], want.Type, want.Text) {
				at = j
				break
			}
		}
		if at < 0 || at > 0 && c.Unordered != "false" {
			return fmt.Errorf("item %d is not %s %s: %v", i, want.Type, want.Text, texts(got))
		}
		rest = append(rest[:at], rest[at+1:]...)
	}
	return nil
}

func texts(c Collection) (out []string) {
	for _, it := range c {
		out = append(out, it.Type()+" "+it.String())
	}
	return out
}

// matchesOutput compares one item: the type by name, decimals by value and by
// digits where the type is not named, all else by text.
func matchesOutput(it Item, typ, text string) bool {
	name := strings.TrimPrefix(it.Type(), "System.")
	if it.Node().Exists() && typ != "" && name != typ {
		return false
	}
	if typ != "" && !strings.EqualFold(name, typ) {
		return false
	}
	got := it.String()
	if d, ok := it.Decimal(); ok {
		want, ok := parseDecimal(text)
		return ok && d.Equal(want) && (typ != "" || places(d) == places(want))
	}
	text = strings.TrimPrefix(strings.TrimPrefix(text, "@"), "T")
	return got == text
}
