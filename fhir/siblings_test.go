package fhir

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFirstAndNext(t *testing.T) {
	r, err := Parse([]byte(`{"a":[1,[],{"b":2}],"c":{},"d":"x"}`))
	require.NoError(t, err)
	var names []string
	for m := r.Root().First(); m.Exists(); m = m.Next() {
		names = append(names, m.Name())
	}
	assert.Equal(t, []string{"a", "c", "d"}, names)
	var raw []string
	for item := r.Get("a").First(); item.Exists(); item = item.Next() {
		raw = append(raw, string(item.Raw()))
	}
	assert.Equal(t, []string{"1", "[]", `{"b":2}`}, raw)
	assert.False(t, r.Get("c").First().Exists())
	assert.False(t, r.Get("d").First().Exists())
	assert.False(t, r.Root().Next().Exists())
	assert.False(t, Node{}.First().Exists() || Node{}.Next().Exists())
}
