package actor_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/trust/actor"
)

func TestParse(t *testing.T) {
	_, err := actor.Builtin()
	require.NoError(t, err)
	for text, want := range map[string]string{
		"Task\towner":                      "t:1: expected a resource type",
		"Task\towner\tmine":                "own or party",
		"Job\towner\town":                  `"owner" is not an element of Job`,
		"# c\nTask\towner.x\town\tnote":    `t:2: "owner.x" is not an element of Task`,
		"Claim\tproviders\town\nX\tx\town": "t:2",
	} {
		_, err := actor.Parse("t", []byte(text))
		assert.ErrorContains(t, err, want, text)
	}
}
