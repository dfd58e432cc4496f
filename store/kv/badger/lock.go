package badger

import (
	"errors"
	"io/fs"
	"os"
)

// lock takes a folder's lock for reading, which the engine takes for writing,
// and writes nothing. A folder that does not exist needs none.
func lock(dir string) (release func(), err error) { return take(dir, false) }

// lockAlone takes it for writing.
func lockAlone(dir string) (release func(), err error) { return take(dir, true) }

func take(dir string, alone bool) (release func(), err error) {
	d, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return func() {}, nil
	}
	if err != nil {
		return nil, err
	}
	if !flock(d, alone) {
		_ = d.Close() // it was only read
		return nil, inUse(dir)
	}
	return func() { _ = d.Close() }, nil
}

// relock takes the lock of a reader again.
func (e *Engine) relock() error {
	e.unlock = func() {}
	release, err := lock(e.dir)
	if err == nil {
		e.unlock = release
	}
	return err
}

// locked inspects a folder that nobody writes to meanwhile.
func locked(dir string, o options) (*folder, error) {
	release, err := lock(dir)
	if err != nil {
		return nil, err
	}
	defer release()
	return inspect(dir, o)
}
