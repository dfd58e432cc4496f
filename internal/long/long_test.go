package long

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLongOfItself is both a test of the frame and the smallest example of a
// long proof.
func TestLongOfItself(t *testing.T) {
	t.Setenv(form, "short")
	p := Start(t, 3, 100)
	require.Equal(t, 3, p.Tries)
	require.Equal(t, "ofitself", p.Name)
	require.Equal(t, p.Rand(1).Uint64(), p.Rand(1).Uint64())
	require.NotEqual(t, p.Rand(1).Uint64(), p.Rand(2).Uint64())
	for range p.Tries {
		p.Try("nothing", nil)
	}
	p.Try("something", errors.New("wrong"))
	require.Equal(t, []string{"something"}, p.misses)
	t.Setenv(form, "long")
	t.Setenv(seedFrom, "7")
	p = Start(t, 3, 100)
	require.True(t, p.Long)
	require.Equal(t, 100, p.Tries)
	require.Equal(t, uint64(7), p.Seed)
}
