package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestProgressLine: one line, drawn over, not more often than every tenth of a
// second.
func TestProgressLine(t *testing.T) {
	var out strings.Builder
	p := &progressLine{out: &out, total: 4_000_000}
	p.add(1_000_000, "10 resources")
	p.add(500_000, "15 resources")
	p.drawn = time.Time{}
	p.add(3_000_000, "40 resources")
	unknown := &progressLine{out: &out, total: -1}
	unknown.add(1_500_000, "3 resources")
	assert.Equal(t, "\r\x1b[K 25 % of 4.0 MB, 10 resources\r\x1b[K100 % of 4.0 MB, 40 resources\r\x1b[K1.5 MB, 3 resources", out.String())
}
