//go:build unix

package processor

import (
	"syscall"
	"time"
)

// Time is what this process has had of the processors since its start, in all its threads.
func Time() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // cannot fail for oneself
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
