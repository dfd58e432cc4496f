package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// errHeld says that another process has a lock.
var errHeld = errors.New("another server signs with it")

// errForeign says that another process has written a lock.
var errForeign = errors.New("was changed by another process: two servers sign one log, or the file was replaced")

// Lock keeps the last checkpoint that was signed in a file outside the database,
// so that neither a restored backup nor a second server can sign another history.
// One process holds it at a time.
type Lock struct {
	path string
	file *os.File // held
	last []byte   // what is in it
}

// OpenLock takes the lock in a file, which is made where it is missing.
func OpenLock(path string) (*Lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("ledger: the checkpoint lock cannot be opened: %w", err)
	}
	if err := hold(f); err != nil {
		return nil, errors.Join(fmt.Errorf("ledger: the checkpoint lock %s: %w", path, err), f.Close())
	}
	last, err := io.ReadAll(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Lock{path: path, file: f, last: last}, nil
}

// put replaces the checkpoint, durably. It refuses where the file is not as this
// process left it: then another one signs.
func (l *Lock) put(checkpoint []byte) error {
	now, err := os.ReadFile(l.path)
	if err != nil {
		return fmt.Errorf("ledger: the checkpoint lock: %w", err)
	}
	if !bytes.Equal(now, l.last) {
		return fmt.Errorf("ledger: the checkpoint lock %s %w", l.path, errForeign)
	}
	fresh := l.path + ".new"
	f, err := os.OpenFile(fresh, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(checkpoint)
	if err = errors.Join(err, f.Sync()); err == nil {
		err = hold(f)
	}
	if err == nil {
		err = os.Rename(fresh, l.path)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	_ = l.file.Close()
	l.file, l.last = f, checkpoint
	return syncFolder(filepath.Dir(l.path))
}

// Close releases the lock.
func (l *Lock) Close() error { return l.file.Close() }
