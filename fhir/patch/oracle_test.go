package patch

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/xml"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

func suite(t *testing.T, name string) []byte {
	data, err := os.ReadFile(filepath.Join(oracle.Dir(t), "suites", "patch", name))
	require.NoError(t, err)
	return data
}

// loose is a resource in a form to compare, its narrative without indentation
// and entities, in which the suite is not exact.
func loose(r *fhir.Resource) string {
	e := fhir.NewEdit(r)
	if div := r.Root().Path("text", "div"); div.Exists() {
		e.ReplaceString(div, strings.Join(strings.Fields(strings.ReplaceAll(div.Text(), "&quot;", `"`)), " "))
	}
	return oracle.Sorted(e.JSON())
}

func TestOracleJSONPatch(t *testing.T) {
	var cases []struct {
		Comment, Error       string
		Doc, Patch, Expected json.RawMessage
	}
	require.NoError(t, json.Unmarshal(suite(t, "json-patch-tests.json"), &cases))
	passed := 0
	var misses []string
	for _, c := range cases {
		doc, err := fhir.Parse(c.Doc)
		require.NoError(t, err)
		got, err := JSON(doc, c.Patch)
		ok := err != nil
		if c.Error == "" && err == nil {
			want, perr := fhir.Parse(c.Expected)
			require.NoError(t, perr)
			ok = oracle.Sorted(got.JSON()) == oracle.Sorted(want.JSON())
		} else if c.Error == "" {
			ok = false
		}
		if ok {
			passed++
			continue
		}
		t.Logf("%s: %v", c.Comment, err)
		misses = append(misses, c.Comment)
	}
	oracle.Report(t, "json-patch", passed, len(cases), misses)
}

var (
	caseTag = regexp.MustCompile(`(?s)<case name="([^"]*)".*?</case>`)
)

// within is the content of the first element of a name in a piece of XML.
func within(text, name string) (string, bool) {
	m := regexp.MustCompile(`(?s)<` + name + `(?:\s[^>]*)?(?:/>|>(.*?)</` + name + `>)`).FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	return strings.TrimSpace(m[1]), true
}

func TestOracleFHIRPathPatch(t *testing.T) {
	cases := caseTag.FindAllStringSubmatch(string(suite(t, "fhir-patch-tests.xml")), -1)
	passed := 0
	var misses []string
	for _, c := range cases {
		input, _ := within(c[0], "input")
		diff, _ := within(c[0], "diff")
		resource, err := xml.Decode([]byte(input))
		require.NoError(t, err)
		params, err := xml.Decode([]byte(diff))
		require.NoError(t, err)
		got, err := FHIRPath(t.Context(), resource, params)
		output, succeeds := within(c[0], "output")
		ok := succeeds == (err == nil)
		if ok && succeeds {
			want, err := xml.Decode([]byte(output))
			require.NoError(t, err)
			ok = loose(want) == loose(got)
			if !ok {
				t.Logf("%s: %s\n%s", c[1], loose(want), loose(got))
			}
		}
		if ok {
			passed++
			continue
		}
		t.Logf("%s: %v", c[1], err)
		misses = append(misses, c[1])
	}
	oracle.Report(t, "fhirpath-patch", passed, len(cases), misses)
}

// canonical writes a document without white space between its nodes.
func canonical(n *node) string {
	var b strings.Builder
	for _, c := range n.children {
		switch {
		case c.blank():
		case c.kind == xml.Start:
			var attrs []string
			for _, a := range append(slices.Clone(c.attrs), c.decls...) {
				attrs = append(attrs, a.name+"="+a.value)
			}
			slices.Sort(attrs)
			b.WriteString("<{" + c.space + "}" + c.local + " " + strings.Join(attrs, " ") + ">" + canonical(c) + "</>")
		case c.kind == xml.Comment:
			b.WriteString("<!--" + c.text + "-->")
		default:
			b.WriteString(c.text)
		}
	}
	return b.String()
}

func TestOracleXMLPatch(t *testing.T) {
	text := regexp.MustCompile(`(?s)<!--\s*(no need for this)?\s*<case.*?-->`).ReplaceAllString(string(suite(t, "xml-patch-tests.xml")), "")
	cases := caseTag.FindAllStringSubmatch(text, -1)
	passed := 0
	var misses []string
	for _, c := range cases {
		target, _ := within(c[0], "target")
		diff := regexp.MustCompile(`(?s)<patch.*?</patch>`).FindString(c[0])
		got, err := patchXML([]byte(target), []byte(diff))
		want, succeeds := within(c[0], "patched")
		ok := succeeds == (err == nil)
		if ok && succeeds {
			a, err := parseXML([]byte(want))
			require.NoError(t, err)
			b, err := parseXML(got)
			require.NoError(t, err)
			if ok = canonical(a) == canonical(b); !ok {
				t.Logf("%s\n%s", canonical(a), canonical(b))
			}
		}
		if ok {
			passed++
			continue
		}
		t.Logf("%s: %v", c[1], err)
		misses = append(misses, c[1])
	}
	oracle.Report(t, "xml-patch", passed, len(cases), misses)
}
