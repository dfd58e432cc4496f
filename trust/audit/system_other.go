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
