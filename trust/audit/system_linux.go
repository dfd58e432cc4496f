package audit

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// allocate gives a file its size and its room on the disk.
func allocate(f *os.File, size int64) error {
	return unix.Fallocate(int(f.Fd()), 0, 0, size)
}

// syncData makes the content of a file durable. Its size does not change.
func syncData(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }

// written returns the offset after which a file has only what was never written, and
// reads as zeros: its size where the file system does not tell.
func written(f *os.File) (end int64, err error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	for at := int64(0); at < info.Size(); {
		from, err := f.Seek(at, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) { // a hole up to the end
			break
		}
		if err == nil {
			at, err = f.Seek(from, unix.SEEK_HOLE)
		}
		if err != nil {
			at = info.Size()
		}
		end = at
	}
	_, err = f.Seek(0, io.SeekStart)
	return end, err
}
