package fhir_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

func TestMentions(t *testing.T) {
	for text, want := range map[string]string{
		`{"reference":"Patient/1"}`:                      "Patient/1",
		`https://a.test/fhir/Patient/a-b.c/_history/2#x`: "test/fhir fhir/Patient Patient/a-b.c history/2",
		`Patient/1,Patient/2;x/y`:                        "Patient/1 Patient/2 x/y",
		`/a a/ // / Patient/`:                            "",
		`"Patient\/1"`:                                   "",
		`(Patient/1) is not Patient/12`:                  "Patient/1 Patient/12",
		"":                                               "",
	} {
		var got []string
		fhir.Mentions([]byte(text), func(ref []byte) bool { got = append(got, string(ref)); return true })
		require.Equal(t, want, strings.Join(got, " "), text)
	}
	n := 0
	fhir.Mentions([]byte("a/1 a/2"), func([]byte) bool { n++; return false })
	require.Equal(t, 1, n)
}
