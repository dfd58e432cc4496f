package register

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMayBeKept(t *testing.T) {
	assert.NoError(t, MayBeKept(nil))
	assert.NoError(t, MayBeKept([]string{"CD3", "CD4-1"}))
	assert.ErrorContains(t, MayBeKept([]string{"CD3", "3"}), `found "3"`)
	assert.Error(t, MayBeKept([]string{"CD2"}), "the law asks for it")
}
