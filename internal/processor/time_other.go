//go:build !unix

package processor

import "time"

var started = time.Now()

// Time is the time since the start of this process, where what it has had of the
// processors is not to be had.
func Time() time.Duration { return time.Since(started) }
