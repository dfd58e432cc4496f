package badger

import (
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"

	"github.com/dgraph-io/ristretto/v2/z"
)

// withTable maps a table into memory for reading while f runs. What the engine
// panics over becomes an error, and so does a page of the file that is not there
// when it is read, which would kill the process by SIGBUS: compaction empties a
// table before it removes it, and a disk may fail. The error is fs.ErrNotExist
// where the table has been removed since.
func withTable(path string, f func(file *z.MmapFile) error) error {
	if info, err := os.Stat(path); err == nil && info.Size() == 0 { // it cannot be mapped
		return errRemoved
	}
	file, err := z.OpenMmapFile(path, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close(-1) }() // it was only read
	err = caught(func() error { return f(file) })
	if info, e := os.Stat(path); e != nil || info.Size() < int64(len(file.Data)) {
		return errRemoved
	}
	return err
}

var errRemoved = fmt.Errorf("it was removed or cut while it is in use: %w", fs.ErrNotExist)

// caught turns a panic of the engine, and a fault of mapped memory, into an error.
func caught(f func() error) (err error) {
	before := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(before)
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	return f()
}
