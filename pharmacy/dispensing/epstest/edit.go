package epstest

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// Nth returns the n-th resource of a type in a message that is being edited.
func Nth(m obj, typ string, n int) obj {
	for _, e := range m["entry"].([]any) {
		if r := e.(obj)["resource"].(obj); r["resourceType"] == typ {
			if n == 0 {
				return r
			}
			n--
		}
	}
	return nil
}

// Each edits every resource of a type.
func Each(m obj, typ string, f func(r obj)) {
	for _, e := range m["entry"].([]any) {
		if r := e.(obj)["resource"].(obj); r["resourceType"] == typ {
			f(r)
		}
	}
}

// In follows names downwards, into the first item of a list.
func In(r obj, path ...string) obj {
	for _, p := range path {
		switch v := r[p].(type) {
		case obj:
			r = v
		case []any:
			r = v[0].(obj)
		}
	}
	return r
}

// Remove takes every resource of a type out.
func Remove(m obj, typ string) {
	m["entry"] = slices.DeleteFunc(m["entry"].([]any), func(e any) bool { return e.(obj)["resource"].(obj)["resourceType"] == typ })
}

// Change edits a JSON copy of a resource.
func Change(t *testing.T, r *fhir.Resource, edit func(m map[string]any)) *fhir.Resource {
	t.Helper()
	var m map[string]any
	require.NoError(t, json.Unmarshal(r.JSON(), &m))
	edit(m)
	data, err := json.Marshal(m)
	require.NoError(t, err)
	out, err := fhir.Parse(data)
	require.NoError(t, err)
	return out
}

type obj = map[string]any
