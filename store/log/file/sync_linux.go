package file

import (
	"os"
	"syscall"
)

// flush writes the data of a file to the disk, and its length.
func flush(f *os.File) error {
	for {
		if err := syscall.Fdatasync(int(f.Fd())); err != syscall.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
