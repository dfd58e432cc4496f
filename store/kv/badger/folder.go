package badger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	badger "github.com/dgraph-io/badger/v4"
)

// folder is what a data folder holds, read without changing anything. The
// engine founds a database wherever it finds no manifest, deletes tables that
// the manifest does not name and leaves out those that it cannot read, so the
// folder is inspected before the engine sees it.
type folder struct {
	dir string
	key []byte // of an encrypted database: the operator's, and the engine's where unwrapped

	unwrapped bool // key is the engine's

	keys     *badger.KeyRegistry // nil where there is none
	manifest []byte              // nil where there is none
	tables   map[uint64]badger.TableManifest
	files    map[string]int64 // size of each file of the engine, by name
	record   *record          // nil where an earlier version wrote the folder
	problems []string

	seal      *seal // of its file; nil where there is none
	tableSeal seal  // the newest one in the tables; none for a count of 0
}

// Damage is the error of a folder whose files do not make a database.
type Damage struct {
	Dir      string
	Problems []string
}

func (d *Damage) Error() string {
	return fmt.Sprintf("badger: the database in %s is damaged, and nothing was changed:\n  %s\nPut the files back as they were, or restore a backup into a folder of its own. Where nothing else is left, `pestle accept` takes a copy of the folder as it is.",
		d.Dir, strings.Join(d.Problems, "\n  "))
}

const (
	tableExt    = ".sst"
	memtableExt = ".mem"
	valueExt    = ".vlog"
	logHeader   = 20 // bytes at the head of a memtable log and of a value log

	registryHeader = 28 // bytes at the head of the key registry
)

// inspect reads a folder. One that does not exist, or holds no file of a
// database, is empty; the error is a [*Damage] where files are missing or
// unreadable.
func inspect(dir string, o options) (*folder, error) {
	return inspectBy(dir, o, (*folder).examine)
}

// inspectBy reads a folder and examines it, where it holds anything.
func inspectBy(dir string, o options, examine func(*folder)) (*folder, error) {
	f := &folder{dir: dir, key: o.key, files: map[string]int64{}}
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, nil
	case err != nil:
		if info, e := os.Stat(dir); e == nil && !info.IsDir() {
			return nil, fmt.Errorf("badger: %s is a file; a database needs a folder", dir)
		}
		return nil, fmt.Errorf("badger: the data folder cannot be read: %w", err)
	}
	for _, e := range entries {
		f.list(e.Name())
	}
	if f.problems != nil {
		return nil, &Damage{dir, f.problems}
	}
	if len(f.files) == 0 {
		return f, nil
	}
	if err := f.readKeys(); err != nil {
		return nil, err
	}
	examine(f)
	if f.problems != nil {
		return nil, &Damage{dir, f.problems}
	}
	return f, nil
}

// list adds a file to the others, or to the problems where it cannot be read as
// one: the engine ends the process over a folder, and would wait for ever for
// what is behind a named pipe.
func (f *folder) list(name string) {
	if !isPiece(name) && !slices.Contains(beside, name) {
		return
	}
	info, err := os.Stat(filepath.Join(f.dir, name))
	switch {
	case err != nil:
		f.problem("%s cannot be read: %v", name, err)
	case info.IsDir():
		f.problem("%s is a folder, and has to be a file", name)
	case !info.Mode().IsRegular():
		f.problem("%s is not a file that can be read (%v)", name, info.Mode().Type())
	case info.Size() == 0 && filepath.Ext(name) == memtableExt: // a log that was not begun, see prepare.go
	case isPiece(name):
		f.files[name] = info.Size()
	}
}

// beside are further files of the engine, which hold no data: its lock, what it
// counts of the value logs, the next log, and what is left of an interrupted change.
var beside = []string{preparedName, "LOCK", "DISCARD", "MANIFEST-REWRITE", "REWRITE-KEYREGISTRY"}

// isPiece reports whether a file is part of a database.
func isPiece(name string) bool {
	switch filepath.Ext(name) {
	case tableExt, memtableExt, valueExt:
		return true
	}
	return name == badger.ManifestFilename || name == badger.KeyRegistryFileName || name == recordName || name == sealName
}

// empty reports whether there is no database yet.
func (f *folder) empty() bool { return len(f.files) == 0 }

func (f *folder) problem(format string, args ...any) {
	f.problems = append(f.problems, fmt.Sprintf(format, args...))
}

func (f *folder) examine() {
	var err error
	if f.record, err = readRecord(f.dir); err != nil {
		f.problem("%s cannot be read: %v", recordName, err)
	}
	f.readSeal()
	f.readManifest()
	if f.manifest == nil || f.problems != nil {
		return
	}
	f.checkTables()
	f.checkLogs()
	f.checkRecord()
	if f.problems == nil {
		f.checkSeal()
	}
}

// readManifest reads which tables the database consists of.
func (f *folder) readManifest() {
	size, there := f.files[badger.ManifestFilename]
	if !there {
		f.problem("MANIFEST is missing, which lists the tables of the database; %s", f.others())
		return
	}
	path := filepath.Join(f.dir, badger.ManifestFilename)
	text, err := os.ReadFile(path)
	if err != nil {
		f.problem("MANIFEST cannot be read: %v", err)
		return
	}
	if f.tables, err = tablesOf(path); err != nil {
		f.problem("MANIFEST (%d bytes) is not valid: %v", size, err)
		return
	}
	f.manifest = text
}

// others names the files that are there.
func (f *folder) others() string {
	var names []string
	for name := range f.files {
		names = append(names, name)
	}
	slices.Sort(names)
	if len(names) > 8 {
		names = append(names[:8], "…")
	}
	return "there are " + strings.Join(names, ", ")
}

// checkTables opens every table that the manifest names.
func (f *folder) checkTables() {
	ids := make([]uint64, 0, len(f.tables))
	for id := range f.tables {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		name := fmt.Sprintf("%06d%s", id, tableExt)
		size, there := f.files[name]
		switch {
		case !there:
			f.problem("the table %s is missing, which MANIFEST names", name)
		case size == 0:
			f.problem("the table %s is empty", name)
		default:
			f.checkTable(name, id)
		}
	}
	if f.running() {
		return // a kill leaves tables that are not in use yet, or no longer
	}
	for name := range f.files {
		if id, ok := numberOf(name, tableExt); ok {
			if _, named := f.tables[id]; !named {
				f.problem("the table %s is there, which MANIFEST does not name: MANIFEST is not the newest, or of another database", name)
			}
		}
	}
}

// checkTable opens a table and compares it with the one that was recorded.
func (f *folder) checkTable(name string, id uint64) {
	t, err := openTable(filepath.Join(f.dir, name), f.tables[id], f.keys)
	if err != nil {
		f.problem("the table %s cannot be opened: %s", name, f.reason(err))
		return
	}
	if f.record != nil {
		if mark, known := f.record.Tables[id]; known && mark != t.mark {
			f.problem("the table %s is not the one that %s records: one of them is damaged, an older copy, or of another database", name, recordName)
		}
	}
	switch {
	case t.seal.Count > 0 && f.tableSeal.Count > 0 && t.seal.ID != f.tableSeal.ID:
		f.problem("the table %s is of another database than the others", name)
	case t.seal.Count > f.tableSeal.Count:
		f.tableSeal = t.seal
	}
}

// reason says why a table cannot be opened, without what the engine prints of it.
func (f *folder) reason(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	if text = strings.TrimSpace(text); text == "" || strings.Contains(text, "runtime error") {
		text = "its index is damaged"
	}
	if len(f.key) > 0 {
		text += fmt.Sprintf(", or %s is of another database", badger.KeyRegistryFileName)
	}
	return text
}

// running reports whether the database was in use when its process ended.
func (f *folder) running() bool {
	if f.record != nil {
		return f.record.State != stateClosed
	}
	return f.newest(memtableExt) > 0
}

// checkLogs looks for the files besides the tables. Where there is neither a
// table nor a record, a process was killed when it made the database.
func (f *folder) checkLogs() {
	if len(f.tables) == 0 && f.record == nil && f.newest(tableExt) == 0 {
		return
	}
	if f.files[badger.KeyRegistryFileName] < registryHeader {
		f.problem("KEYREGISTRY is missing, empty or cut")
	}
	if f.newest(valueExt) == 0 {
		f.problem("there is no value log (.vlog)")
	}
	for name, size := range f.files {
		if _, ok := numberOf(name, valueExt); ok && size < logHeader {
			f.problem("the value log %s is empty", name)
		}
	}
}

// newest is the highest number of the files of a kind, 0 for none.
func (f *folder) newest(ext string) int {
	most := 0
	for name := range f.files {
		if n, ok := numberOf(name, ext); ok {
			most = max(most, int(n))
		}
	}
	return most
}

func numberOf(name, ext string) (uint64, bool) {
	base, ok := strings.CutSuffix(name, ext)
	n, err := strconv.ParseUint(base, 10, 32)
	return n, ok && err == nil
}

// checkRecord compares the folder with what was last recorded of it.
func (f *folder) checkRecord() {
	r := f.record
	if r == nil {
		return
	}
	if why := r.disagrees(f.manifest); why != "" {
		f.problem("MANIFEST %s", why)
	}
	if r.State == stateOpen {
		name := fmt.Sprintf("%05d%s", r.Memtable, memtableExt)
		if f.newest(memtableExt) < r.Memtable {
			f.problem("the log %s is missing, which holds the newest writes", name)
		} else if size, there := f.files[name]; there && size < logHeader {
			f.problem("the log %s is empty, which holds the newest writes", name)
		}
	}
	for name, size := range r.Values {
		have, there := f.files[name]
		switch {
		case !there && size > logHeader:
			f.problem("the value log %s is missing", name)
		case r.State == stateClosed && have != size:
			f.problem("the value log %s has %d bytes, and had %d when the database was closed", name, have, size)
		case there:
			f.checkHead(name)
		}
	}
	f.checkUnrecorded()
}

// checkUnrecorded looks for value logs that a closed database did not have: they
// are of a later one, of which the rest is an older copy.
func (f *folder) checkUnrecorded() {
	if f.record.State != stateClosed {
		return // the engine begins a value log before it is recorded
	}
	for name := range f.files {
		if _, ok := numberOf(name, valueExt); !ok {
			continue
		}
		if _, recorded := f.record.Values[name]; !recorded {
			f.problem("the value log %s is there, which %s does not record: the other files are older copies, or it is of another database", name, recordName)
		}
	}
}

// checkHead compares a value log with the one that was recorded.
func (f *folder) checkHead(name string) {
	recorded := f.record.Heads[name]
	if len(recorded) < 2*logHeader {
		return
	}
	if head, err := headOf(filepath.Join(f.dir, name)); err != nil || head != recorded {
		f.problem("the value log %s is not the one that %s records: one of them is damaged, or of another database", name, recordName)
	}
}
