package register

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestPlain: no cell is a formula, and numbers stay numbers.
func TestPlain(t *testing.T) {
	for cell, want := range map[string]string{"": "", "-28.5": "-28.5", "Ada": "Ada", "=1+1": "'=1+1", "+44 113": "'+44 113", "-cmd": "'-cmd", "@x": "'@x"} {
		assert.Equal(t, want, plain(cell))
	}
}

func TestMayBeKept(t *testing.T) {
	assert.NoError(t, MayBeKept(nil))
	assert.NoError(t, MayBeKept([]string{"CD3", "CD4-1"}))
	assert.ErrorContains(t, MayBeKept([]string{"CD3", "3"}), `found "3"`)
	assert.Error(t, MayBeKept([]string{"CD2"}), "the law asks for it")
}
