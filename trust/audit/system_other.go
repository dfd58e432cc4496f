//go:build !linux

package audit

import "os"

// allocate gives a file its size and its room on the disk, by writing it.
func allocate(f *os.File, size int64) error {
	zeros := make([]byte, 1<<20)
	for at := int64(0); at < size; at += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), size-at)], at); err != nil {
			return err
		}
	}
	return nil
}

// syncData makes the content of a file durable.
func syncData(f *os.File) error { return f.Sync() }

// written returns the size of a file.
func written(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
