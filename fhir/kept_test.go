package fhir_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestKept: a version that was kept is parsed once, and what is made of it is made
// once for each type; one with another text, a deletion, or one that was not kept,
// is read anew.
func TestKept(t *testing.T) {
	type name string
	type status string
	calls := 0
	nameOf := func(v *fhir.Version) (name, error) {
		calls++
		r, err := v.Resource()
		return name(r.Get("name").Text()), err
	}
	v := &fhir.Version{Type: "Basic", ID: "a", Method: fhir.Update, JSON: []byte(`{"resourceType":"Basic","name":"x"}`)}
	first, err := v.Resource()
	require.NoError(t, err)
	again, err := v.Resource()
	require.NoError(t, err)
	require.NotSame(t, first, again)

	v.Keep()
	first, err = v.Resource()
	require.NoError(t, err)
	copied := *v
	again, err = copied.Resource()
	require.NoError(t, err)
	require.Same(t, first, again)
	for range 3 {
		made, err := fhir.Made(v, nameOf)
		require.NoError(t, err)
		require.Equal(t, name("x"), made)
	}
	require.Equal(t, 1, calls)
	made, err := fhir.Made(v, func(*fhir.Version) (status, error) { return "s", nil })
	require.NoError(t, err)
	require.Equal(t, status("s"), made)

	copied.JSON = []byte(`{"resourceType":"Basic","name":"y"}`)
	other, err := fhir.Made(&copied, nameOf)
	require.NoError(t, err)
	require.Equal(t, name("y"), other)
	other, err = fhir.Made(v.Bare(), nameOf)
	require.NoError(t, err)
	require.Equal(t, name("x"), other)
	require.Equal(t, 3, calls)

	failure := errors.New("no")
	for range 2 { // a failure is not kept
		_, err = fhir.Made(v, func(*fhir.Version) (int, error) { calls++; return 0, failure })
		require.ErrorIs(t, err, failure)
	}
	require.Equal(t, 5, calls)

	deleted := &fhir.Version{Type: "Basic", ID: "a", Method: fhir.Delete}
	deleted.Keep()
	none, err := deleted.Resource()
	require.NoError(t, err)
	require.Nil(t, none)
	damaged := &fhir.Version{Type: "Basic", ID: "a", Damage: "block 1"}
	damaged.Keep()
	_, err = damaged.Resource()
	require.ErrorContains(t, err, "block 1")
}
