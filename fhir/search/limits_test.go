package search

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAncestorsOfAURIAreBounded(t *testing.T) {
	ask := func(slashes int) error {
		_, _, err := Parse("ValueSet", url.Values{"url:above": {"http:/" + strings.Repeat("/x", slashes-1)}}, Options{})
		return err
	}
	require.NoError(t, ask(maxSlashes))
	require.ErrorContains(t, ask(maxSlashes+1), "slashes")
}
