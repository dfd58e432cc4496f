package badger

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	badger "github.com/dgraph-io/badger/v4"
)

// recordName is the file in which the folder records what it consists of, so
// that a file that is missing, cut, replaced or older than the rest is noticed.
// It is written in place, to need no space on a full disk, in two places by
// turns: where a crash has torn one, the other is an older record that is still
// true of the files that it names.
const recordName = "PESTLE"

const (
	recordSize  = 4096    // a multiple of it is written
	recordPlace = 1 << 20 // where the second place begins; the hole before it takes no space
)

// The states of a folder. While it is changing, the engine opens or closes it.
const (
	stateOpen     = "open"
	stateChanging = "changing"
	stateClosed   = "closed"
)

type record struct {
	ID       string           `json:"id"`     // of the seal; "" where an earlier version wrote it
	Number   uint64           `json:"number"` // of the record: the higher is the newer
	State    string           `json:"state"`
	Manifest int64            `json:"manifest"` // its size
	Sum      string           `json:"sum"`      // SHA-256 of so many bytes of it
	Memtable int              `json:"memtable"` // number of the newest log of writes while the folder is open
	Values   map[string]int64 `json:"values"`   // sizes of the value logs

	Heads  map[string]string `json:"heads"`  // of value logs: random, so that it tells each from others
	Tables map[uint64]uint32 `json:"tables"` // what tells each from others, by its number
}

// founded is how the manifest of a new database begins: no table. The engine
// appends to it; when it rewrites it, it begins with all tables.
var founded = []byte{0, 0, 0, 0, 0, 0, 0, 0}

func hasGrown(manifest []byte) bool {
	return len(manifest) >= 16 && bytes.Equal(manifest[8:16], founded)
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// disagrees says how a manifest differs from the one recorded, "" where it
// continues that one.
func (r *record) disagrees(manifest []byte) string {
	switch {
	case int64(len(manifest)) >= r.Manifest && sum(manifest[:r.Manifest]) == r.Sum && (r.State != stateClosed || int64(len(manifest)) == r.Manifest):
		return ""
	case r.State != stateClosed && !hasGrown(manifest):
		return "" // rewritten by the engine since
	case int64(len(manifest)) < r.Manifest:
		return fmt.Sprintf("has %d bytes and had %d: it was cut, or is an older copy", len(manifest), r.Manifest)
	}
	return "is not the one that " + recordName + " records: one of them is damaged, an older copy, or of another database"
}

// readRecord is nil without an error where there is none, or none that is whole.
func readRecord(dir string) (*record, error) {
	b, err := os.ReadFile(filepath.Join(dir, recordName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	newest := parseRecord(b[:min(len(b), recordPlace)])
	if second := parseRecord(b[min(len(b), recordPlace):]); second != nil && (newest == nil || second.Number > newest.Number) {
		newest = second
	}
	return newest, nil
}

// parseRecord reads one place of the file, nil where it is not whole.
func parseRecord(b []byte) *record {
	text, b, _ := bytes.Cut(b, []byte("\n"))
	check, _, ok := bytes.Cut(b, []byte("\n"))
	r := &record{}
	if !ok || sum(text) != string(check) || json.Unmarshal(text, r) != nil {
		return nil
	}
	return r
}

// writeRecord records the folder as it is now, without some value logs.
func writeRecord(dir, state string, without ...string) (*record, error) {
	r, err := recordOf(dir, state)
	for _, name := range without {
		if r != nil {
			delete(r.Values, name)
			delete(r.Heads, name)
		}
	}
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	text = fmt.Appendf(text, "\n%s\n", sum(text))
	if len(text) > recordPlace {
		return nil, fmt.Errorf("badger: the record of the folder has %d bytes, at most %d", len(text), recordPlace)
	}
	text = append(text, bytes.Repeat([]byte(" "), recordSize-1-(len(text)-1)%recordSize)...)
	file, err := os.OpenFile(filepath.Join(dir, recordName), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = file.WriteAt(text, int64(r.Number%2)*recordPlace)
	return r, errors.Join(err, file.Sync(), file.Close())
}

func recordOf(dir, state string) (*record, error) {
	r := &record{State: state, Values: map[string]int64{}, Heads: map[string]string{}, Tables: map[uint64]uint32{}}
	last, err := readRecord(dir)
	if err != nil {
		return nil, err
	}
	if last != nil {
		r.Number = last.Number + 1
	}
	if s, there, err := readSeal(dir); err != nil {
		return nil, err
	} else if there {
		r.ID = s.id()
	}
	if err := r.addTables(dir, last); err != nil {
		return nil, err
	}
	return r, r.addLogs(dir, last)
}

// addTables records the manifest and the tables that it names. A table never
// changes, so what the last record says of it is true.
func (r *record) addTables(dir string, last *record) error {
	path := filepath.Join(dir, badger.ManifestFilename)
	tables, err := tablesOf(path)
	if err != nil {
		return err
	}
	for id := range tables {
		if last != nil {
			if mark, known := last.Tables[id]; known {
				r.Tables[id] = mark
				continue
			}
		}
		mark, err := tableMark(filepath.Join(dir, fmt.Sprintf("%06d%s", id, tableExt)))
		if errors.Is(err, fs.ErrNotExist) {
			continue // compaction has removed it meanwhile
		}
		if err != nil {
			return err
		}
		r.Tables[id] = mark
	}
	manifest, err := os.ReadFile(path)
	r.Manifest, r.Sum = int64(len(manifest)), sum(manifest)
	return err
}

func tablesOf(manifest string) (tables map[uint64]badger.TableManifest, err error) {
	file, err := os.Open(manifest)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	err = caught(func() error {
		m, _, err := badger.ReplayManifestFile(file, 0, settings(filepath.Dir(manifest), nil))
		tables = m.Tables
		return err
	})
	return tables, err
}

// addLogs records the logs of writes and the value logs. The head of a value log
// never changes.
func (r *record) addLogs(dir string, last *record) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if n, ok := numberOf(e.Name(), memtableExt); ok && r.State == stateOpen && begun(filepath.Join(dir, e.Name())) {
			r.Memtable = max(r.Memtable, int(n))
		}
		if _, ok := numberOf(e.Name(), valueExt); ok {
			info, err := os.Stat(filepath.Join(dir, e.Name())) // of what a link leads to
			if err != nil {
				return err
			}
			r.Values[e.Name()] = info.Size()
			if last != nil && len(last.Heads[e.Name()]) == 2*logHeader {
				r.Heads[e.Name()] = last.Heads[e.Name()]
			} else if r.Heads[e.Name()], err = durableHead(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// durableHead is the head of a value log that is on the disk.
func durableHead(path string) (string, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return "", err
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return "", err
	}
	return headOf(path)
}

// headOf is the head of a value log in hexadecimal, which has a random number.
func headOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }() // it was only read
	head := make([]byte, logHeader)
	n, err := io.ReadFull(file, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return hex.EncodeToString(head[:n]), err
}

// recorded keeps the record true while the folder is open: it is written again
// when the engine has begun a log of writes or changed its manifest.
type recorded struct {
	dir  string
	last *record
}

func (r *recorded) renew() error {
	if r.last != nil {
		info, err := os.Stat(filepath.Join(r.dir, "MANIFEST"))
		if err != nil {
			return err
		}
		if info.Size() == r.last.Manifest && !begun(filepath.Join(r.dir, fmt.Sprintf("%05d%s", r.last.Memtable+1, memtableExt))) {
			return nil
		}
	}
	next, err := writeRecord(r.dir, stateOpen)
	if err == nil {
		r.last = next
	}
	return err
}
