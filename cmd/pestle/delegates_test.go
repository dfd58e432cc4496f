package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReadDelegates(t *testing.T) {
	delegates, err := readDelegates([]byte(`{"abc1": ["A83008", "VNE51"], "ABC1": ["FA565"]}`))
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"A83008", "VNE51", "FA565"}, delegates["ABC1"])
	for _, text := range []string{`[]`, `{"A": "B"}`, `{"A": []}`, `{"": ["B"]}`, `{"A": ["*"]}`, `{"A": [" "]}`, `{`} {
		_, err := readDelegates([]byte(text))
		assert.ErrorContains(t, err, "--delegates", text)
	}
	none, err := readDelegates(nil)
	assert.NoError(t, err)
	assert.Empty(t, none)
}
