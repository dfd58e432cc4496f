package badger

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"

	badger "github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/pb"
	"github.com/dgraph-io/badger/v4/y"
)

// KeySize is how many bytes the key of an encrypted database has.
const KeySize = 32

// ErrKey says that a database cannot be opened with the key that was given, or
// with none. Nothing is changed then.
var ErrKey = errors.New("badger: the key is not that of the database")

// An Option changes how a folder is opened.
type Option func(*options)

type options struct{ key []byte }

// WithKey says that the database is encrypted with AES-256 in counter mode: the
// tables, the logs and what is copied from them. The key encrypts the engine's own
// in the file KEY, and that one the data keys in the file KEYREGISTRY, of which the
// engine makes a new one every ten days. No key, or an empty one, is for a database that is not encrypted.
//
// It protects a disk that is lost or a copy of the folder that is found. It does
// not detect changes that are made on purpose.
func WithKey(key []byte) Option { return func(o *options) { o.key = key } }

func optionsOf(list []Option) (o options) {
	for _, set := range list {
		set(&o)
	}
	return o
}

// Encrypted reports whether the database is encrypted.
func (e *Engine) Encrypted() bool { return len(e.db.Opts().EncryptionKey) > 0 }

// Secret is one for a purpose that follows from the engine's own key, and stays the same
// when the operator's is replaced; nil where the database is not encrypted.
func (e *Engine) Secret(purpose string) []byte {
	own := e.db.Opts().EncryptionKey
	if len(own) == 0 {
		return nil
	}
	secret, err := hkdf.Key(sha256.New, own, nil, "pestle secret of "+purpose, KeySize)
	if err != nil {
		panic(err) // HKDF takes this length
	}
	return secret
}

// readKeys reads the data keys of the folder.
func (f *folder) readKeys() error {
	if len(f.key) != 0 && len(f.key) != KeySize {
		return fmt.Errorf("%w: it has %d bytes, and must have %d", ErrKey, len(f.key), KeySize)
	}
	registry := f.files[badger.KeyRegistryFileName] >= registryHeader
	if err := f.readEngineKey(registry); err != nil || !registry {
		return err // examine says so, where the registry should be there
	}
	var err error
	f.keys, err = openKeys(f.dir, f.key)
	switch {
	case errors.Is(err, badger.ErrEncryptionKeyMismatch) && len(f.key) == 0:
		return fmt.Errorf("%w: the database in %s is encrypted, and no key was given, or its file KEYREGISTRY is damaged", ErrKey, f.dir)
	case errors.Is(err, badger.ErrEncryptionKeyMismatch):
		return f.notOurs(fmt.Errorf("%w: the files %s and KEYREGISTRY of %s are not of the same database, or KEYREGISTRY was changed", ErrKey, keyName, f.dir))
	case err != nil:
		f.problem("KEYREGISTRY cannot be read: %v", err)
	}
	return nil
}

// readEngineKey puts the engine's key in the place of the operator's, where there
// is one: it is written before anything else of an encrypted database.
func (f *folder) readEngineKey(registry bool) error {
	if len(f.key) == 0 {
		return nil
	}
	own, err := readEngineKey(f.dir, f.key)
	switch {
	case err == nil:
		f.key, f.unwrapped = own, true
	case !errors.Is(err, fs.ErrNotExist):
		return err
	case registry:
		return f.notOurs(fmt.Errorf("%w: the file %s of %s is missing, without which nobody can read the database: put a copy of it back", ErrKey, keyName, f.dir))
	}
	return nil
}

// notOurs is why a key does not open the folder: that it is not encrypted, else
// what is said.
func (f *folder) notOurs(said error) error {
	if _, err := openKeys(f.dir, nil); err == nil {
		return fmt.Errorf("%w: the database in %s is not encrypted, and a key was given. Open it without; to encrypt it, restore a backup of it into a new folder with a key", ErrKey, f.dir)
	}
	return said
}

func openKeys(dir string, key []byte) (keys *badger.KeyRegistry, err error) {
	err = caught(func() (err error) {
		keys, err = badger.OpenKeyRegistry(badger.KeyRegistryOptions{Dir: dir, ReadOnly: true, EncryptionKey: key})
		return err
	})
	return keys, err
}

// dataKey returns a data key, nil for the number of what is not encrypted.
func dataKey(keys *badger.KeyRegistry, number uint64) (*pb.DataKey, error) {
	if number == 0 {
		return nil, nil
	}
	if keys == nil {
		return nil, fmt.Errorf("there is no data key %d", number)
	}
	return keys.DataKey(number)
}

// decrypter returns what decrypts the entries of a log by their offset: the head
// of the log says with which data key, and how the vector begins that the offset
// completes.
func (f *folder) decrypter(head []byte) (func(b []byte, offset int) ([]byte, error), error) {
	key, err := dataKey(f.keys, binary.BigEndian.Uint64(head))
	if err != nil {
		return nil, err
	}
	return func(b []byte, offset int) ([]byte, error) {
		if key == nil {
			return b, nil
		}
		vector := binary.BigEndian.AppendUint32(append([]byte{}, head[8:logHeader]...), uint32(offset))
		return y.XORBlockAllocate(b, key.Data, vector)
	}, nil
}
