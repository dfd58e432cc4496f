package patch

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

const fuzzResource = `{"resourceType":"Patient","id":"1","active":true,"name":[{"given":["A",null,"C"],"_given":[null,{"id":"x"}],"family":"F"}],"multipleBirthInteger":2,"text":{"status":"empty","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">a</div>"}}`

// sound holds what every patch promises: a resource or an *fhir.Error with
// issues, and the old resource as it was.
func sound(t *testing.T, r *fhir.Resource, patched *fhir.Resource, err error) {
	require.Equal(t, fuzzResource, string(r.JSON()))
	if err != nil {
		var e *fhir.Error
		require.True(t, errors.As(err, &e), "%v", err)
		require.NotEmpty(t, e.Issues)
		return
	}
	_, err = fhir.Parse(patched.JSON())
	require.NoError(t, err)
}

func fuzzed(t *testing.T) *fhir.Resource {
	r, err := fhir.Parse([]byte(fuzzResource))
	require.NoError(t, err)
	return r
}

func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`[{"op":"add","path":"/name/0/given/-","value":{"a":[1,null]}},{"op":"test","path":"/multipleBirthInteger","value":2.0}]`,
		`[{"op":"move","from":"/name/0","path":"/name/0/x"},{"op":"copy","from":"/name","path":"/text/~1~0"},{"op":"remove","path":"/id"}]`,
		`[{"op":"replace","path":"","value":{}},{"op":"add","path":"/a","value":1e99}]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		r := fuzzed(t)
		patched, err := JSON(r, doc)
		sound(t, r, patched, err)
	})
}

func FuzzFHIRPath(f *testing.F) {
	for _, seed := range []string{
		"add path=\"Patient\" name=\"gender\" valueCode=\"male\"\ndelete path=\"Patient.name.given[1]\"",
		"insert path=\"Patient.name.given\" index=0 valueString=\"0\"\nmove path=\"Patient.name.given\" source=0 destination=2",
		"replace path=\"Patient.name.where(family='F').given.first()\" valueString=\"x\"",
	} {
		f.Add(string(parameters(seed).JSON()))
	}
	f.Fuzz(func(t *testing.T, params string) {
		p, err := fhir.Parse([]byte(params))
		if err != nil {
			return
		}
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
		defer stop()
		r := fuzzed(t)
		patched, err := FHIRPath(ctx, r, p)
		sound(t, r, patched, err)
	})
}

func FuzzXML(f *testing.F) {
	for _, seed := range []string{
		`<diff xmlns="http://hl7.org/fhir"><add sel="Patient/name[1]" pos="after"><name><text value="x"/></name></add><remove sel="Patient/active" ws="both"/></diff>`,
		`<diff xmlns:f="http://hl7.org/fhir"><replace sel="f:Patient/f:name/f:given[@value='A']/@value">B</replace><add sel="*" type="@a">b</add><add sel="*" type="namespace::p">urn:x</add></diff>`,
		`<diff><replace sel="id('x')/text()[last()]">b</replace><remove sel="f:Patient/comment()[.='c']"/></diff>`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, diff []byte) {
		r := fuzzed(t)
		patched, err := XML(r, diff)
		sound(t, r, patched, err)
	})
}

// FuzzDiff: the difference of any two resources yields the second of the first, or is
// refused with words.
func FuzzDiff(f *testing.F) {
	for _, seed := range []string{
		`{"resourceType":"Patient","active":false,"name":[{"given":["C"]}]}`, `{"resourceType":"Patient","name":[{"given":[null],"_given":[{"id":"x"}]}],"multipleBirthBoolean":true}`,
		`{"resourceType":"Patient","contained":[{"resourceType":"Patient","id":"2"}],"extension":[{"url":"x","valueQuantity":{"value":1.0}}]}`, `{"resourceType":"Patient","frog":{}}`, `{"resourceType":"Task"}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		other, err := fhir.Parse([]byte(text))
		if err != nil {
			return
		}
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		defer stop()
		for _, pair := range [][2]*fhir.Resource{{fuzzed(t), other}, {other, fuzzed(t)}} {
			d, err := Diff(ctx, pair[0], pair[1])
			if err != nil {
				var e *fhir.Error
				require.True(t, errors.As(err, &e), "%v", err)
				continue
			}
			if d.Get("parameter").Exists() {
				patched, err := FHIRPath(ctx, pair[0], d)
				require.NoError(t, err)
				require.True(t, same(valueOf(patched.Root()), valueOf(pair[1].Root())))
			}
		}
	})
}
