package fhir

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/oracle"
)

var r1970 = time.Unix(0, 0)

func position(p Position) string { return fmt.Sprintf("%d:%d", p.Line, p.Column) }

func parse(t testing.TB, s string) *Resource {
	t.Helper()
	r, err := Parse([]byte(s))
	require.NoError(t, err)
	return r
}

func TestNode(t *testing.T) {
	r := parse(t, `{
  "resourceType": "Patient",
  "contact": [
    {"name": {"given": ["Ann", "B\u00e9a"]}},
    {"gender": "female"}
  ]
}`)
	bea := r.Get("contact").Item(0).Path("name", "given").Item(1)
	assert.Equal(t, "Béa", bea.Text())
	assert.Equal(t, `"B\u00e9a"`, string(bea.Raw()))
	assert.Equal(t, "Patient.contact[0].name.given[1]", bea.Expression())
	assert.Equal(t, "4:32", position(bea.Position()))
	assert.Equal(t, "female", r.Get("contact").Get("gender").Text(), "Get looks into the items of an array")
	assert.Equal(t, "5:6", position(r.Get("contact").Get("gender").Position()))
	assert.Equal(t, 2, r.Get("contact").Len())
	assert.False(t, r.Path("nothing", "here").Exists())
	assert.Equal(t, "", r.Path("nothing").Text())

	sub := r.Sub(r.Get("contact").Item(0))
	given := sub.Root().Path("name", "given")
	assert.Equal(t, `["Ann", "B\u00e9a"]`, string(given.Raw()))
	assert.Equal(t, "4:25", position(given.Item(0).Position()), "a part keeps the places of the whole")
}

func (r *Resource) Path(names ...string) Node { return r.Root().Path(names...) }

func TestStampTouchesNothingElse(t *testing.T) {
	at := time.Date(2026, 11, 24, 7, 28, 0, 5e6, time.UTC)
	for in, want := range map[string]string{
		`{"resourceType":"Patient"}`: `{"resourceType":"Patient","id":"7","meta":{"versionId":"2","lastUpdated":"2026-11-24T07:28:00.005Z"}}`,
		`{}`:                         `{"id":"7","meta":{"versionId":"2","lastUpdated":"2026-11-24T07:28:00.005Z"}}`,
		"{ \"x\" : 1.10 ,\"resourceType\":\"P\"}":                       "{\"id\":\"7\",\"meta\":{\"versionId\":\"2\",\"lastUpdated\":\"2026-11-24T07:28:00.005Z\"}, \"x\" : 1.10 ,\"resourceType\":\"P\"}",
		`{"resourceType":"P","meta":{"tag":[]},"id":"old"}`:             `{"resourceType":"P","meta":{"versionId":"2","lastUpdated":"2026-11-24T07:28:00.005Z","tag":[]},"id":"7"}`,
		`{"meta":{"versionId":"9"}, "a":[ ]}`:                           `{"id":"7","meta":{"lastUpdated":"2026-11-24T07:28:00.005Z","versionId":"2"}, "a":[ ]}`,
		`{"resourceType":"P","meta":{}}`:                                `{"resourceType":"P","id":"7","meta":{"versionId":"2","lastUpdated":"2026-11-24T07:28:00.005Z"}}`,
		`{"resourceType":"P","meta":null,"contained":[{"id":"inner"}]}`: `{"resourceType":"P","id":"7","meta":{"versionId":"2","lastUpdated":"2026-11-24T07:28:00.005Z"},"contained":[{"id":"inner"}]}`,
	} {
		assert.Equal(t, want, string(parse(t, in).Stamp("7", "2", at)))
	}
}

func TestEdit(t *testing.T) {
	r := parse(t, `{"a": 1.0, "b": [ {"c":"x"} ] }`)
	e := NewEdit(r)
	e.ReplaceString(r.Get("b").Get("c"), "y \"z\"")
	e.Set(r.Root(), "a", "2.00")
	got, err := e.Apply()
	require.NoError(t, err)
	assert.Equal(t, `{"a": 2.00, "b": [ {"c":"y \"z\""} ] }`, string(got.JSON()))
	assert.Equal(t, `{"a": 1.0, "b": [ {"c":"x"} ] }`, string(r.JSON()))
}

func TestBuild(t *testing.T) {
	v := Obj("resourceType", "Task", "id", "", "meta", Obj("tag", List()), "count", 0, "done", false,
		"amount", Raw("1.50"), "note", List(Obj("text", "a\nb"), Value{}), "names", []string{"x", ""}, "gone", Node{})
	assert.Equal(t, `{"resourceType":"Task","count":0,"done":false,"amount":1.50,"note":[{"text":"a\nb"}],"names":["x"]}`, string(v.JSON()))
	assert.Equal(t, "Task", v.Resource().Type())
	lonely := []any{"a"}
	assert.Panics(t, func() { Obj(lonely...) })
	assert.Panics(t, func() { Obj("a", 1.5) }, "floats have no place in FHIR")
}

func TestOutcomeSaysAll(t *testing.T) {
	v := Outcome([]Issue{{Severity: Err, Code: Structure, Expression: "Patient.birthdate", Position: Position{3, 5},
		Message: "Patient has no element birthdate.", Expected: "an element of Patient", Found: "birthdate", Fix: "Did you mean birthDate?", Rule: "r4-unknown",
		Details: Coding{"urn:x", "Y", "Why"}}})
	assert.Equal(t, `{"resourceType":"OperationOutcome","issue":[{"extension":[`+
		`{"url":"http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-line","valueInteger":3},`+
		`{"url":"http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-col","valueInteger":5},`+
		`{"url":"http://hl7.org/fhir/StructureDefinition/operationoutcome-message-id","valueString":"r4-unknown"}],`+
		`"severity":"error","code":"structure","details":{"coding":[{"system":"urn:x","code":"Y","display":"Why"}]},`+
		`"diagnostics":"Patient has no element birthdate. Expected: an element of Patient. Found: birthdate. Did you mean birthDate?",`+
		`"location":["line 3, column 5"],"expression":["Patient.birthdate"]}]}`, string(v.JSON()))
}

// TestOracleLossless reads every official and NHS example, and takes its stamp
// off again: what is left must be what came in, byte for byte.
func TestOracleLossless(t *testing.T) {
	passed, total := 0, 0
	var misses []string
	for _, f := range oracle.Files(t, ".json", "examples/r4", "examples/eps") {
		total++
		r, err := Parse(f.Data)
		if err != nil || !lossless(t, r) {
			misses = append(misses, f.Name)
			continue
		}
		passed++
	}
	oracle.Report(t, "lossless", passed, total, misses)
}

// lossless stamps r and compares everything but the three members that a stamp
// sets: names, values with their digits and escapes, order, white space.
func lossless(t *testing.T, r *Resource) bool {
	agree(t, r)
	stamped := parse(t, string(r.Stamp("new-id", "12", r1970)))
	return slices.Equal(received(r), received(stamped)) && blank(r) == blank(stamped)
}

func received(r *Resource) (tokens []string) {
	ours := map[string]bool{".id": true, ".meta": true, ".meta.versionId": true, ".meta.lastUpdated": true}
	for i := range r.Nodes() {
		n := r.Node(i)
		if ours[strings.TrimPrefix(n.Expression(), r.Type())] {
			continue
		}
		token := n.Name() + n.Kind().String()
		if n.Kind() != Object && n.Kind() != Array {
			token += string(n.Raw())
		}
		tokens = append(tokens, token)
	}
	return tokens
}

// blank is the white space outside strings.
func blank(r *Resource) string {
	var b strings.Builder
	inString, escaped := false, false
	for _, c := range r.JSON() {
		switch {
		case escaped:
			escaped = false
		case inString && c == '\\':
			escaped = true
		case c == '"':
			inString = !inString
		case !inString && strings.IndexByte(" \t\r\n", c) >= 0:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func benchmarkInput(b *testing.B) []byte {
	b.Helper()
	data, err := os.ReadFile(filepath.Join(oracle.Dir(b), "examples/eps/primary-care/acute-and-repeat-prescribing/1-Process-Request-Send-200_OK.json"))
	require.NoError(b, err)
	return data
}

func BenchmarkParse(b *testing.B) {
	data := benchmarkInput(b)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStamp(b *testing.B) {
	r, err := Parse(benchmarkInput(b))
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		r.Stamp("0123", "1", r1970)
	}
}

// TestSubNamesItems: an array item of a sub-resource has no name.
func TestSubNamesItems(t *testing.T) {
	r, err := Parse([]byte(`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","name":[{"given":["A","B"]}]}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	sub := r.Sub(r.Get("entry").Item(0).Get("resource"))
	for i := range sub.Nodes() {
		n := sub.Node(i)
		start, end := n.NameSpan()
		if n.Name() != string(sub.JSON()[start:end]) {
			t.Errorf("node %d: name %q, span %d-%d", i, n.Name(), start, end)
		}
	}
}
