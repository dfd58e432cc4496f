package badger

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// recordName is the file in which the folder records what it consists of, so
// that a file that is missing, cut or older than the rest is noticed. The file
// always has one size and is written in place: it needs no space on a full
// disk. One that a crash has torn says nothing.
const recordName = "PESTLE"

const recordSize = 4096

// The states of a folder. While it is changing, the engine opens or closes it.
const (
	stateOpen     = "open"
	stateChanging = "changing"
	stateClosed   = "closed"
)

type record struct {
	State    string           `json:"state"`
	Manifest int64            `json:"manifest"` // its size
	Sum      string           `json:"sum"`      // SHA-256 of so many bytes of it
	Memtable int              `json:"memtable"` // number of the newest log of writes while the folder is open
	Values   map[string]int64 `json:"values"`   // sizes of the value logs
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
	return "is not the one of this database: its bytes differ from those recorded"
}

// readRecord is nil without an error where there is none, or a torn one.
func readRecord(dir string) (*record, error) {
	b, err := os.ReadFile(filepath.Join(dir, recordName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	text, check, ok := bytes.Cut(bytes.TrimRight(b, " \n"), []byte("\n"))
	if !ok || sum(text) != string(check) {
		return nil, nil
	}
	r := &record{}
	return r, json.Unmarshal(text, r)
}

// writeRecord records the folder as it is now.
func writeRecord(dir, state string) (*record, error) {
	r, err := recordOf(dir, state)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	text = fmt.Appendf(text, "\n%s\n", sum(text))
	text = append(text, bytes.Repeat([]byte(" "), max(0, recordSize-len(text)))...)
	file, err := os.OpenFile(filepath.Join(dir, recordName), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = file.WriteAt(text, 0)
	return r, errors.Join(err, file.Sync(), file.Close())
}

func recordOf(dir, state string) (*record, error) {
	manifest, err := os.ReadFile(filepath.Join(dir, "MANIFEST"))
	if err != nil {
		return nil, err
	}
	r := &record{State: state, Manifest: int64(len(manifest)), Sum: sum(manifest), Values: map[string]int64{}}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if n, ok := numberOf(e.Name(), memtableExt); ok && state == stateOpen {
			r.Memtable = max(r.Memtable, int(n))
		}
		if _, ok := numberOf(e.Name(), valueExt); ok {
			info, err := e.Info()
			if err != nil {
				return nil, err
			}
			r.Values[e.Name()] = info.Size()
		}
	}
	return r, nil
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
		_, err = os.Stat(filepath.Join(r.dir, fmt.Sprintf("%05d%s", r.last.Memtable+1, memtableExt)))
		if info.Size() == r.last.Manifest && err != nil {
			return nil
		}
	}
	next, err := writeRecord(r.dir, stateOpen)
	if err == nil {
		r.last = next
	}
	return err
}
