package ship

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pestle-fhir/pestle/store/log"
)

// Role is what the server of a folder is, as the folder remembers it.
type Role struct {
	Role string `json:"role"`           // primary, standby or overtaken
	ID   string `json:"id"`             // of the folder
	From string `json:"from,omitempty"` // the primary of a standby, the one before of a primary, or who has taken the place of one that was overtaken
	Term uint64 `json:"term,omitempty"` // of one that was overtaken: the term that has begun elsewhere; of a primary: its terms are none before it
}

// The roles.
const (
	IsPrimary   = "primary"
	IsStandby   = "standby"
	IsOvertaken = "overtaken"
)

// Public is what a server tells everybody of its role.
type Public struct {
	Role  string    `json:"role"`
	Term  uint64    `json:"term"`
	Log   string    `json:"log"`
	Place log.Place `json:"place"`
}

const (
	roleName     = "ROLE"
	standbysName = "STANDBYS"
)

// ReadRole reads the role in the folder of a log; ok is false where there is none.
func ReadRole(dir string) (r Role, ok bool, err error) {
	ok, err = read(dir, roleName, &r)
	return r, ok, err
}

// Write writes the role to the folder of a log, durably.
func (r Role) Write(dir string) error { return write(dir, roleName, r) }

// ReadStandbys reads the standbys that were known, and WriteStandbys writes them.
func ReadStandbys(dir string) (list []Standby, err error) {
	_, err = read(dir, standbysName, &list)
	return list, err
}

// WriteStandbys writes the standbys that are known.
func WriteStandbys(dir string, list []Standby) error { return write(dir, standbysName, list) }

func read(dir, name string, into any) (ok bool, err error) {
	text, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	return err == nil, err
}

func write(dir, name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, name+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	if d, err := os.Open(dir); err == nil { // its names; not on every system
		_ = d.Sync()
		_ = d.Close()
	}
	return nil
}
