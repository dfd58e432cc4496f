package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReadDelegates(t *testing.T) {
	delegates, err := readDelegates([]byte(`{"abc1": ["A83008", "vne51", "FA565"]}`))
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"A83008", "VNE51", "FA565"}, delegates["ABC1"])
	for _, text := range []string{`[]`, `{"A": "B"}`, `{"A": []}`, `{"": ["B"]}`, `{"A": ["*"]}`, `{"A": [" "]}`, `{`, ``, ` `, `null`, `{"A": ["B"]} x`, `{"A": ["B"]} {}`, `{"A": ["B"], "A": ["C"]}`,
		`{"A": ["B"], "a": ["C"]}`, `{"A": [null]}`, `{"*": ["B"]}`, `{" A": ["B"]}`, `{"A": ["B,C"]}`, `{"A": [" B"]}`, `{"A": ["B"]`, `{"A": null}`} {
		_, err := readDelegates([]byte(text))
		assert.ErrorContains(t, err, "--delegates", text)
	}
	none, err := readDelegates(nil)
	assert.NoError(t, err)
	assert.Empty(t, none)
}
