package server

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestPreferTakesTheFirst: of a preference that is stated twice the first counts (RFC 7240 section 2).
func TestPreferTakesTheFirst(t *testing.T) {
	p := prefer(http.Header{"Prefer": {"return=minimal, return=representation", "handling=strict; handling=lenient", "return=OperationOutcome"}})
	assert.Equal(t, preferences{back: minimal, handling: "strict"}, p)
}
