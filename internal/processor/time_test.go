package processor_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/processor"
)

// TestTime: work counts, and waiting does not.
func TestTime(t *testing.T) {
	begun := processor.Time()
	time.Sleep(200 * time.Millisecond)
	waited := processor.Time() - begun
	require.Less(t, waited, 100*time.Millisecond)
	for sum := 0; processor.Time()-begun-waited < 20*time.Millisecond; sum++ {
		_ = sum
	}
}
