package badger

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
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

// allocates says that files have blocks before they are written to.
const allocates = true

// allocate allocates blocks of a file for so many bytes, and leaves its length. On file
// systems that cannot, it does nothing.
func allocate(file *os.File, bytes int64) error {
	for {
		switch err := unix.Fallocate(int(file.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, bytes); err {
		case unix.EINTR:
		case unix.EOPNOTSUPP, unix.ENOSYS:
			return nil
		default:
			return os.NewSyscallError("fallocate", err)
		}
	}
}

// givesBack says that pages of mapped files can be given back.
const givesBack = true

// residentFiles is how many bytes of mapped files count as memory of this
// process, 0 where the system does not tell.
func residentFiles() int64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, resident, shared int64
	if _, err := fmt.Sscan(string(b), &size, &resident, &shared); err != nil {
		return 0
	}
	return shared * int64(os.Getpagesize())
}

// giveBackTables returns to the system the pages of the tables of a folder, by their
// numbers, that are mapped and stay so during the call.
func giveBackTables(dir string, held map[uint64]bool) {
	file, err := os.Open("/proc/self/maps")
	if err != nil {
		return
	}
	defer func() { _ = file.Close() }() // it was only read
	for lines := bufio.NewScanner(file); lines.Scan(); {
		// 7f5c1000-7f5c9000 rw-s 00000000 fe:00 1234    /var/lib/pestle/000012.sst
		at := strings.IndexByte(lines.Text(), '/')
		if at < 0 {
			continue
		}
		path := lines.Text()[at:]
		id, ok := numberOf(filepath.Base(path), tableExt)
		if !ok || !held[id] || filepath.Dir(path) != dir {
			continue
		}
		var low, high uintptr
		if n, _ := fmt.Sscanf(lines.Text(), "%x-%x", &low, &high); n == 2 {
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, low, high-low, unix.MADV_DONTNEED) // only advice
		}
	}
}
