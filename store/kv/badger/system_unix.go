//go:build unix

package badger

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// allocated is what a file takes on disk: without the holes of a sparse file.
func allocated(info fs.FileInfo) int64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Blocks * 512
	}
	return info.Size()
}

// diskOf is how many bytes the disk of a folder has free, and whether it is
// mounted for reading only.
func diskOf(dir string) (free int64, readOnly bool, err error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, false, err
	}
	const mountedReadOnly = 1                                                     // MNT_RDONLY and ST_RDONLY
	return int64(st.Bavail) * int64(st.Bsize), st.Flags&mountedReadOnly != 0, nil //nolint:unconvert // the types differ between systems
}

// flock takes the lock of an open folder until it is closed, for reading or alone;
// false where another process has it for writing, or at all.
func flock(folder *os.File, alone bool) bool {
	how := syscall.LOCK_SH
	if alone {
		how = syscall.LOCK_EX
	}
	return !errors.Is(syscall.Flock(int(folder.Fd()), how|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}
