package audit

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// keyName is the file with the data key of an encrypted log: 32 random bytes,
// encrypted with AES-256-GCM under a key that is derived from that of the
// database (RFC 5869). While the key of the database is replaced, the file has
// the data key twice, under the old key and under the new one.
const keyName = "key"

const (
	keySize    = 32
	wrappedKey = 12 + keySize + 16 // nonce, key, tag
)

// ErrKey says that the log is encrypted with another key than the one given, or
// that one was given and it is not encrypted.
var ErrKey = errors.New("audit: the audit log does not open with this key: it was written under another key, or without one")

// wrapping is the cipher that encrypts the data key under the key of a database.
func wrapping(database []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, database, nil, "pestle audit log", keySize)
	if err != nil {
		return nil, err
	}
	return newAEAD(key)
}

// secretsUnder is the cipher of the secrets in the headers of segments.
func secretsUnder(key []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, key, nil, "pestle audit salts", keySize)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("audit: the key: %w", err)
	}
	return cipher.NewGCM(block)
}

func wrap(database, key []byte) ([]byte, error) {
	aead, err := wrapping(database)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return aead.Seal(nonce, nonce, key, nil), nil
}

// unwrap reads the data key of a folder; ErrKey where no copy of it is under the
// key of the database, and fs.ErrNotExist where there is none.
func unwrap(dir string, database []byte) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(dir, keyName))
	if err != nil {
		return nil, err
	}
	aead, err := wrapping(database)
	if err != nil {
		return nil, err
	}
	for ; len(text) >= wrappedKey; text = text[wrappedKey:] {
		if key, err := aead.Open(nil, text[:aead.NonceSize()], text[aead.NonceSize():wrappedKey], nil); err == nil {
			return key, nil
		}
	}
	return nil, ErrKey
}

// dataKey is the key of the records, nil for a log that is not encrypted. It is
// made where the folder has no log yet.
func (l *Log) dataKey(database []byte, empty bool) ([]byte, error) {
	_, err := os.Stat(filepath.Join(l.dir, keyName))
	there := err == nil
	switch {
	case database == nil && there, database != nil && !there && !empty:
		return nil, ErrKey
	case database == nil:
		return nil, nil
	case there:
		return unwrap(l.dir, database)
	case l.opts.ReadOnly:
		return make([]byte, keySize), nil // of no record
	}
	key := make([]byte, keySize)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	text, err := wrap(database, key)
	if err != nil {
		return nil, err
	}
	return key, replaceFile(filepath.Join(l.dir, keyName), text)
}

// Rotate lets the log of a folder be opened with another key of the database.
// replace replaces the key of the database itself: until it has, both keys open the
// log, also where it fails, since it may have failed after it had replaced the key.
// One rotation runs at a time. A folder without an encrypted log is left alone.
func Rotate(dir string, from, to []byte, replace func() error) error {
	path := filepath.Join(dir, keyName)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return replace()
	}
	key, err := unwrap(dir, from)
	if errors.Is(err, ErrKey) {
		if _, other := unwrap(dir, to); other == nil {
			return replace() // a rotation that was interrupted
		}
	}
	if err != nil {
		return err
	}
	before, err := wrap(from, key)
	if err != nil {
		return err
	}
	after, err := wrap(to, key)
	if err != nil {
		return err
	}
	if err := replaceFile(path, bytes.Join([][]byte{after, before}, nil)); err != nil {
		return err
	}
	if err := replace(); err != nil {
		return err
	}
	return replaceFile(path, after)
}

// replaceFile makes the content of a file durable under its name, all or nothing.
func replaceFile(path string, text []byte) error {
	fresh := path + ".new"
	f, err := os.OpenFile(fresh, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		_ = os.Remove(fresh)
		return full(err)
	}
	if err := os.Rename(fresh, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}
