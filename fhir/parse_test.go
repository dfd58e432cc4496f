package fhir

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseRefuses(t *testing.T) {
	deep := strings.Repeat(`{"a":`, MaxDepth) + `{}` + strings.Repeat(`}`, MaxDepth)
	for _, c := range []struct{ name, in, expression, position, message, found string }{
		{"empty", "", "", "1:1", "The JSON ends too early.", "the end of the text"},
		{"no object", `["Patient"]`, "", "1:1", "A resource is a JSON object.", `"["`},
		{"byte order mark", "\uFEFF{}", "", "1:1", "The text begins with a byte order mark.", `"\ufeff"`},
		{"trailing data", "{}\n x", "", "2:2", "There is text behind the resource.", `"x"`},
		{"two resources", "{}{}", "", "1:3", "There is text behind the resource.", `"{"`},
		{"duplicate", `{"resourceType":"Patient","id":"1","id":"2"}`, "Patient.id", "1:36", "The object has the same property twice.", `"id" again`},
		{"duplicate by escape", `{"id":"1","\u0069d":"2"}`, ".id", "1:11", "The object has the same property twice.", `"id" again`},
		{"trailing comma", `{"resourceType":"Patient","name":[{"family":"A"},]}`, "Patient.name[1]", "1:50", "This is no JSON value.", `"]"`},
		{"missing colon", `{"resourceType" "Patient"}`, "", "1:17", "A property has no value.", `"\""`},
		{"single quotes", `{'a':1}`, "", "1:2", "A property name is missing.", `"'"`},
		{"comment", "{\n// no\n}", "", "2:1", "A property name is missing.", `"/"`},
		{"leading zero", `{"a":01}`, ".a", "1:6", "A number has a leading zero.", `"0"`},
		{"plus", `{"a":+1}`, ".a", "1:6", "This is no JSON value.", `"+"`},
		{"bare point", `{"a":1.}`, ".a", "1:8", "A number is incomplete.", `"}"`},
		{"no exponent", `{"a":1e}`, ".a", "1:8", "A number is incomplete.", `"}"`},
		{"NaN", `{"a":NaN}`, ".a", "1:6", "This is no JSON value.", `"N"`},
		{"truncated literal", `{"a":tru}`, ".a", "1:6", "This is no JSON value.", `"t"`},
		{"open string", `{"a":"b`, ".a", "1:8", "A string is not closed.", "the end of the text"},
		{"control character", "{\"a\":\"\t\"}", ".a", "1:7", "A string holds a control character.", "the control character U+0009"},
		{"bad escape", `{"a":"\x"}`, ".a", "1:7", "A string has an escape that JSON does not know.", `"\\"`},
		{"lone surrogate", `{"a":"\ud800"}`, ".a", "1:7", "A string has an escape that JSON does not know.", `"\\"`},
		{"swapped surrogates", `{"a":"\udc00\ud800"}`, ".a", "1:7", "A string has an escape that JSON does not know.", `"\\"`},
		{"invalid UTF-8", "{\"é\":\"\xff\"}", ".é", "1:7", "The text is not valid UTF-8.", "the byte 0xFF"},
		{"overlong UTF-8", "{\"a\":\"\xc0\xaf\"}", ".a", "1:7", "The text is not valid UTF-8.", "the byte 0xC0"},
		{"empty name", `{"":1}`, "", "1:2", "A property name is empty or longer than 65535 bytes.", `"\""`},
		{"deep", deep, "", "1:641", "The JSON nests too deep.", "level 129"},
		{"open object", `{"resourceType":"Patient","a":{`, "Patient.a", "1:32", "A property name is missing.", "the end of the text"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.in))
			var e *Error
			require.ErrorAs(t, err, &e)
			require.Len(t, e.Issues, 1)
			i := e.Issues[0]
			assert.Equal(t, Fatal, i.Severity)
			if c.name != "deep" {
				assert.Equal(t, c.expression, i.Expression)
			}
			assert.Equal(t, c.position, position(i.Position))
			assert.Equal(t, c.message, i.Message)
			assert.Equal(t, c.found, i.Found)
			assert.NotEmpty(t, i.Expected)
		})
	}
}

func TestParseAccepts(t *testing.T) {
	for _, in := range []string{
		`{}`, " {\r\n\t} ", `{"a":[]}`, `{"a":-0.0e+10,"b":1E5,"c":0}`, `{"a":"\ud83d\ude00 \u00e9 \/ \" \\ \b\f\n\r\t"}`,
		`{"a":[null,true,false,{"b":[[1],[2,3]]}]}`, `{"é":"ü😀"}`,
		`{"a":` + strings.Repeat(`[`, MaxDepth-1) + strings.Repeat(`]`, MaxDepth-1) + `}`,
	} {
		r, err := Parse([]byte(in))
		require.NoError(t, err, in)
		assert.Equal(t, in, string(r.JSON()))
		agree(t, r)
	}
}

// agree compares the tree with what encoding/json makes of the same bytes.
func agree(t *testing.T, r *Resource) {
	t.Helper()
	var want any
	d := json.NewDecoder(strings.NewReader(string(r.JSON())))
	d.UseNumber()
	require.NoError(t, d.Decode(&want))
	if got := plainValue(r.Root()); !reflect.DeepEqual(want, got) {
		t.Fatalf("tree differs\nwant %v\ngot  %v", want, got)
	}
}

func plainValue(n Node) any {
	switch n.Kind() {
	case Object:
		m := map[string]any{}
		for c := range n.Members() {
			m[c.Name()] = plainValue(c)
		}
		return m
	case Array:
		a := []any{}
		for c := range n.Items() {
			a = append(a, plainValue(c))
		}
		return a
	case String:
		return n.Text()
	case Number:
		return json.Number(n.Text())
	case True, False:
		return n.Bool()
	}
	return nil
}

func TestEscapedNames(t *testing.T) {
	r := parse(t, `{"resource\u0054ype":"Patient","\u0069d":"1"}`)
	assert.Equal(t, "Patient", r.Type())
	assert.Equal(t, "1", r.ID())
	assert.Equal(t, "Patient.id", r.Get("id").Expression())
	assert.Equal(t, `{"resource\u0054ype":"Patient","meta":{"versionId":"2","lastUpdated":"1970-01-01T00:00:00.000Z"},"\u0069d":"7"}`, string(r.Stamp("7", "2", r1970)))
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":[1,{"b":"\u00e9"}]}`, `{"resourceType":"Patient","id":"1","_id":null}`, `{"a":1,"a":2}`, `{"\u0069d":"1"}`, "{\"a\":\"\xff\"}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Parse(data)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || len(e.Issues) != 1 || e.Issues[0].Position.IsZero() {
				t.Fatalf("an error without a place: %v", err)
			}
			return
		}
		agree(t, r)
		if stamped, err := Parse(r.Stamp("x", "1", r1970)); err != nil || stamped.ID() != "x" || stamped.VersionID() != "1" {
			t.Fatalf("stamp broke the resource: %v", err)
		}
	})
}
