package badger

import (
	"os"
	"syscall"
)

// flushes says that a flush of a file covers what was written to it through a
// mapping into memory: then one flush for a batch is enough.
const flushes = true

// flush writes the data of a file to the disk, and of its metadata what it
// takes to read the data again. Mappings and files share the page cache, and
// msync makes the same call of the file system.
func flush(file *os.File) error {
	for {
		if err := syscall.Fdatasync(int(file.Fd())); err != syscall.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
