package badger

import (
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// allocated is the length of a file: what a sparse file takes on disk is not
// told here.
func allocated(info fs.FileInfo) int64 { return info.Size() }

// diskOf is how many bytes the disk of a folder has free for this user. Whether
// it is mounted for reading only is not known before a write.
func diskOf(dir string) (free int64, readOnly bool, err error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, false, err
	}
	var available uint64
	if err := windows.GetDiskFreeSpaceEx(name, &available, nil, nil); err != nil {
		return 0, false, err
	}
	return int64(min(available, 1<<62)), false, nil
}

// flock: the engine's lock is a file that only one process can open and that is
// removed when it ends. Its own opening finds it; there is none for reading.
func flock(folder *os.File, alone bool) bool {
	if !alone {
		return true
	}
	_, err := os.Stat(filepath.Join(folder.Name(), "LOCK"))
	return err != nil
}
