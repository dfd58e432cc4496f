package badger

import (
	"fmt"
	"os"

	badger "github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/table"
	"github.com/dgraph-io/ristretto/v2/z"
)

// openTable opens a table for reading as the engine will, and closes it. What
// the engine panics over becomes an error.
func openTable(path string, m badger.TableManifest) (err error) {
	file, err := z.OpenMmapFile(path, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
		_ = file.Close(-1) // it was only read
	}()
	_, err = table.OpenTable(file, table.Options{ReadOnly: true, Compression: m.Compression, BlockSize: settings("", nil).BlockSize})
	return err
}

// Verify reads every block of every table against its checksum. The engine
// panics over some damage.
func (e *Engine) Verify() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = e.unreadable("a block of a table cannot be read")
		}
	}()
	if err := e.db.VerifyChecksum(); err != nil {
		return e.unreadable(err.Error())
	}
	return nil
}

func (e *Engine) unreadable(what string) error {
	return fmt.Errorf("badger: the database in %s is damaged: %s. `pestle check` lists what is lost with it; restore the newest backup from before", e.dir, what)
}
