package badger

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
)

// Accept makes a database of the tables and logs of a folder as they are, for a
// folder of which something is missing for good: its seal and record are written
// anew. It returns what the logs show to be missing. A folder whose manifest or
// tables cannot be read is refused and left as it is.
func Accept(dir string, log *slog.Logger, list ...Option) (missing []string, err error) {
	release, err := lock(dir)
	if err != nil {
		return nil, err
	}
	f, err := inspectBy(dir, optionsOf(list), func(f *folder) {
		f.readManifest()
		if f.problems == nil {
			f.checkTables()
			f.checkLogs()
		}
	})
	release()
	if err != nil {
		return nil, err
	}
	if f.empty() {
		return nil, fmt.Errorf("badger: there is no database in %s", dir)
	}
	f.heldSeal() // its problems are what is missing
	for _, name := range []string{sealName, recordName} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !os.IsNotExist(err) {
			return nil, err
		}
	}
	e, err := open(f, log)
	if err != nil {
		return nil, err
	}
	return f.problems, errors.Join(err, e.Close())
}
