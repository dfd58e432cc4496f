package audit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// lockName is the file whose lock is held by who writes to the log.
const lockName = "lock"

// ErrHeld says that another process writes to the log.
var ErrHeld = errors.New("audit: another process writes to the audit log")

// lock takes the lock of the folder until the process or the log ends.
func (l *Log) lock() error {
	f, err := os.OpenFile(filepath.Join(l.dir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return full(err)
	}
	if !flock(f) {
		_ = f.Close()
		return fmt.Errorf("%w in %s", ErrHeld, l.dir)
	}
	l.locked = f
	return nil
}
