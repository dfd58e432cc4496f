//go:build unix

package badger

import (
	"io/fs"
	"syscall"
)

// allocated is what a file takes on disk: without the holes of a sparse file.
func allocated(info fs.FileInfo) int64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Blocks * 512
	}
	return info.Size()
}
