package audit

import (
	"os"

	"golang.org/x/sys/unix"
)

// allocate gives a file its size and its room on the disk.
func allocate(f *os.File, size int64) error {
	return unix.Fallocate(int(f.Fd()), 0, 0, size)
}

// syncData makes the content of a file durable. Its size does not change.
func syncData(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }
