package badger

import (
	"path/filepath"
	"time"

	badger "github.com/dgraph-io/badger/v4"
)

// The engine maps its tables into memory, and every page of them that was read
// or written counts as memory of this process, although it is a copy of the disk
// that the system drops when it needs the room: after a load that is the whole
// database. So the pages are given back from time to time. They stay in the
// cache of the system, where the next access finds them without the disk.
const (
	residentMost  = 24 << 20 // bytes of files that may become resident before pages are given back
	residentEvery = 500 * time.Millisecond
)

// resident returns the pages of tables to the system until it is stopped.
type resident struct {
	db            *badger.DB
	dir           string // as the system names it
	stop, stopped chan struct{}
}

func keepResident(db *badger.DB, dir string) *resident {
	r := &resident{db: db, stop: make(chan struct{}), stopped: make(chan struct{})}
	var err error
	if r.dir, err = realPath(dir); err != nil || !givesBack {
		close(r.stopped)
		return r
	}
	go r.run()
	return r
}

func realPath(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(dir)
}

func (r *resident) run() {
	defer close(r.stopped)
	tick := time.NewTicker(residentEvery)
	defer tick.Stop()
	least := residentFiles() // what is not a table, such as the program
	for {
		select {
		case <-r.stop:
			return
		case <-tick.C:
		}
		if residentFiles() > least+residentMost {
			r.giveBack()
			least = residentFiles()
		}
	}
}

// giveBack returns to the system the pages of all tables. A table is unmapped when nobody
// uses it any more, and its addresses may be memory of any kind then. So the
// tables are held by an iterator meanwhile, and only those count that were part
// of the database before and after it was opened: a table never comes back.
func (r *resident) giveBack() {
	before := r.tables()
	txn := r.db.NewTransaction(false)
	defer txn.Discard()
	all := badger.DefaultIteratorOptions
	all.PrefetchValues = false
	it := txn.NewIterator(all)
	defer it.Close()
	held := map[uint64]bool{}
	for id := range r.tables() {
		held[id] = before[id]
	}
	giveBackTables(r.dir, held)
}

func (r *resident) tables() map[uint64]bool {
	ids := map[uint64]bool{}
	for _, t := range r.db.Tables() {
		ids[t.ID] = true
	}
	return ids
}

func (r *resident) close() {
	close(r.stop)
	<-r.stopped
}
