package view

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestViews runs views on resources: rows as CSV, or what the error says.
func TestViews(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/views.txtar")
	require.NoError(t, err)
	var resources []*fhir.Resource
	for line := range bytes.Lines(archive.Files[0].Data) {
		r, err := fhir.Parse(bytes.TrimSpace(line))
		require.NoError(t, err)
		resources = append(resources, r)
	}
	for i := 1; i < len(archive.Files); i += 2 {
		name := strings.TrimSuffix(archive.Files[i].Name, ".view")
		t.Run(name, func(t *testing.T) {
			want := string(archive.Files[i+1].Data)
			found, err := asCSV(archive.Files[i].Data, resources)
			if err == nil {
				require.Equal(t, want, found)
				return
			}
			for line := range strings.Lines(want) {
				require.ErrorContains(t, err, strings.TrimSpace(line))
			}
		})
	}
}

func asCSV(definition []byte, resources []*fhir.Resource) (string, error) {
	d, err := fhir.Parse(definition)
	if err != nil {
		return "", err
	}
	v, err := Compile(d.Root())
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	f := Formats[2]
	if err := f.Fits(v.Columns); err != nil {
		return "", err
	}
	if err := f.Row(&out, v.Columns, f.Names(v.Columns)); err != nil {
		return "", err
	}
	runner := v.Runner(time.Now())
	for _, r := range resources {
		if err := runner.Rows(context.Background(), r, func(row Row) error { return f.Row(&out, v.Columns, row) }); err != nil {
			return "", err
		}
	}
	return strings.ReplaceAll(out.String(), "\r\n", "\n"), nil
}

// TestNDJSON: values are as they are in the resource, and null where there is none.
func TestNDJSON(t *testing.T) {
	d, err := fhir.Parse([]byte(`{"resource":"Observation","select":[{"column":[{"name":"value","path":"value.ofType(Quantity).value"},{"name":"n","path":"1 + 1"},{"name":"none","path":"issued"},{"name":"half","path":"effective"},
{"name":"codes","path":"code.coding.code","collection":true},{"name":"quantity","path":"value"},{"name":"q","path":"'\"'"}]}]}`))
	require.NoError(t, err)
	v, err := Compile(d.Root())
	require.NoError(t, err)
	r, err := fhir.Parse([]byte(`{"resourceType":"Observation","code":{"coding":[{"code":"a"},{"code":"b"}]},"valueQuantity":{"value":1.50},"_effectiveDateTime":{"extension":[{"url":"urn:x","valueCode":"y"}]}}`))
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, v.Runner(time.Now()).Rows(context.Background(), r, func(row Row) error { return Formats[0].Row(&out, v.Columns, row) }))
	require.Equal(t, `{"value":1.50,"n":2,"none":null,"half":null,"codes":["a","b"],"quantity":{"value":1.50},"q":"\""}`+"\n", out.String())
}

// TestRowsAreBounded: one resource does not have any number of rows, and a path that leads
// to itself ends.
func TestRowsAreBounded(t *testing.T) {
	names := strings.Repeat(`{"family":"x"},`, 400)
	r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Patient","id":"p","name":[%s{"family":"y"}]}`, names))
	require.NoError(t, err)
	for definition, says := range map[string]string{
		`{"resource":"Patient","select":[{"forEach":"name","column":[{"name":"a","path":"family"}]},{"forEach":"name","column":[{"name":"b","path":"family"}]}]}`: "too many rows",
		`{"resource":"Patient","select":[{"repeat":["$this"],"column":[{"name":"a","path":"id"}]}]}`:                                                              "without an end",
	} {
		d, err := fhir.Parse([]byte(definition))
		require.NoError(t, err)
		v, err := Compile(d.Root())
		require.NoError(t, err)
		err = v.Runner(time.Now()).Rows(context.Background(), r, func(Row) error { return nil })
		require.ErrorContains(t, err, says)
		require.Equal(t, fhir.TooCostly, fhir.KindOf(err))
	}
}

// FuzzCompile: no view and no resource makes the package panic or run for long.
func FuzzCompile(f *testing.F) {
	f.Add([]byte(`{"resource":"Patient","select":[{"forEachOrNull":"name","column":[{"name":"a","path":"family"}],"unionAll":[{"column":[{"name":"b","path":"id"}]}]}]}`))
	f.Add([]byte(`{"resource":"Patient","constant":[{"name":"c","valueInteger":1}],"where":[{"path":"%c = 1"}],"select":[{"repeat":["contact"],"column":[{"name":"a","path":"%rowIndex","collection":true}]}]}`))
	r, err := fhir.Parse([]byte(`{"resourceType":"Patient","id":"p","name":[{"family":"a","given":["b","c"]}],"contact":[{"name":{"family":"d"}}]}`))
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, definition []byte) {
		d, err := fhir.Parse(definition)
		if err != nil {
			return
		}
		v, err := Compile(d.Root())
		if err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		var out bytes.Buffer
		for _, format := range Formats {
			_ = v.Runner(time.Now()).Rows(ctx, r, func(row Row) error { out.Reset(); return format.Row(&out, v.Columns, row) })
		}
	})
}
