package fhir

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestIsID(t *testing.T) {
	for id, want := range map[string]bool{"a": true, "A-1.b": true, strings.Repeat("x", 64): true,
		"": false, strings.Repeat("x", 65): false, "a_b": false, "a/b": false, "é": false, "a b": false, "a\n": false} {
		assert.Equal(t, want, IsID(id), id)
	}
}
