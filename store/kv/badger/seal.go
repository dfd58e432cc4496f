package badger

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	badger "github.com/dgraph-io/badger/v4"
)

// A seal is the identity of a database and how many transactions it has
// committed. It is kept twice: every transaction writes it in the engine, and
// when the transaction is durable it is written to the file SEAL. So a folder
// whose tables and logs hold less than was acknowledged is recognised, and so is
// a file of another database.
type seal struct {
	ID    [16]byte
	Count uint64
}

// sealName is the file of the seal. It always has one size and is written in
// place, within one sector of a disk.
const sealName = "SEAL"

// private begins the keys that the engine keeps for itself.
var (
	private = []byte("\xff\xffpestle/")
	sealKey = []byte("\xff\xffpestle/seal")
)

func newSeal() (s seal) {
	_, _ = rand.Read(s.ID[:]) // it never fails
	return s
}

func (s seal) id() string { return hex.EncodeToString(s.ID[:]) }

func (s seal) value() []byte { return binary.BigEndian.AppendUint64(bytes.Clone(s.ID[:]), s.Count) }

func sealOf(value []byte) (s seal, ok bool) {
	if len(value) != len(s.ID)+8 {
		return s, false
	}
	copy(s.ID[:], value)
	s.Count = binary.BigEndian.Uint64(value[len(s.ID):])
	return s, true
}

// text is what the file holds: the version of the format, id and count, and a
// CRC-32C of these.
func (s seal) text() string {
	text := fmt.Sprintf("1 %s %020d ", s.id(), s.Count)
	return fmt.Sprintf("%s%08x\n", text, crc32.Checksum([]byte(text), castagnoli))
}

var errSeal = errors.New("its checksum is wrong")

// readSeal reads the file of a seal; false where there is none.
func readSeal(dir string) (s seal, ok bool, err error) {
	b, err := os.ReadFile(filepath.Join(dir, sealName))
	if errors.Is(err, fs.ErrNotExist) {
		return s, false, nil
	}
	if err != nil {
		return s, false, err
	}
	var id []byte
	if _, err := fmt.Sscanf(string(b), "1 %x %d", &id, &s.Count); err != nil || len(id) != len(s.ID) {
		return s, false, errSeal
	}
	copy(s.ID[:], id)
	if s.text() != string(b) {
		return s, false, errSeal
	}
	return s, true, nil
}

// sealed writes the seal of an open database.
type sealed struct {
	seal
	found  seal // in the engine, when it was opened; none for a new database
	file   *os.File
	synced time.Time // the file was, for the last time
}

// sealEvery is how often the file is written to the disk while there are writes.
const sealEvery = time.Second

// open reads the seal in the engine, or begins one for a database that has none.
func (s *sealed) open(dir string, db *badger.DB) (err error) {
	if s.seal, err = storedSeal(db); err != nil {
		return err
	}
	if s.found = s.seal; s.Count == 0 {
		s.seal = newSeal()
	}
	s.file, err = os.OpenFile(filepath.Join(dir, sealName), os.O_CREATE|os.O_WRONLY, 0o600)
	return err
}

func storedSeal(db *badger.DB) (s seal, err error) {
	err = db.View(func(txn *badger.Txn) error {
		item, err := txn.Get(sealKey)
		if errors.Is(err, badger.ErrKeyNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return item.Value(func(v []byte) error {
			s, _ = sealOf(v)
			return nil
		})
	})
	return s, failure(err)
}

// next is the seal of the transaction that follows.
func (s *sealed) next() seal { return seal{s.ID, s.Count + 1} }

// renew says in the file what is durable. It is in the hands of the operating
// system when renew returns, so that it outlives the process; from time to time
// it is written to the disk, so that it outlives the machine.
func (s *sealed) renew() error {
	if time.Since(s.synced) > sealEvery {
		return s.sync()
	}
	return s.write()
}

func (s *sealed) write() error {
	_, err := s.file.WriteAt([]byte(s.text()), 0)
	return err
}

func (s *sealed) sync() error {
	s.synced = time.Now()
	return errors.Join(s.write(), s.file.Sync())
}

func (s *sealed) close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}
