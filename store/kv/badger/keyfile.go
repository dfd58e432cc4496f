package badger

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// keyName is the file with the engine's own key, which never changes, encrypted
// with the key that the operator holds: AES-256-GCM, a nonce of 12 bytes, the key
// and the tag, in hexadecimal digits after keyForm. Another key of the operator
// means that this file is replaced, also while the database is open.
const (
	keyName = "KEY"
	keyForm = "pestle-key-1 "
)

// readEngineKey decrypts the key of the engine; an [fs.ErrNotExist] where the
// folder has none.
func readEngineKey(dir string, key []byte) ([]byte, error) {
	path := filepath.Join(dir, keyName)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: %s of %s cannot be read: %w: put a copy of it back", ErrKey, keyName, dir, err)
	}
	if !info.Mode().IsRegular() { // a named pipe would be waited for
		return nil, fmt.Errorf("%w: %s of %s is not a file that can be read (%v): put a copy of it back", ErrKey, keyName, dir, info.Mode().Type())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	digits, ok := strings.CutPrefix(strings.TrimSpace(string(text)), keyForm)
	sealed, err := hex.DecodeString(digits)
	if !ok || err != nil {
		return nil, fmt.Errorf("%w: the file %s of %s is damaged: put a copy of it back", ErrKey, keyName, dir)
	}
	box, err := boxOf(key)
	if err != nil {
		return nil, err
	}
	if len(sealed) < box.NonceSize() {
		return nil, fmt.Errorf("%w: the file %s of %s is cut: put a copy of it back", ErrKey, keyName, dir)
	}
	own, err := box.Open(nil, sealed[:box.NonceSize()], sealed[box.NonceSize():], []byte(keyForm))
	if err != nil || len(own) != KeySize {
		return nil, fmt.Errorf("%w: the database in %s is encrypted with another key, or its file %s was changed", ErrKey, dir, keyName)
	}
	return own, nil
}

// writeEngineKey encrypts the key of the engine and replaces the file: a kill
// leaves the one before or this one, which is on the disk when this returns.
func writeEngineKey(dir string, key, own []byte) error {
	box, err := boxOf(key)
	if err != nil {
		return err
	}
	nonce := make([]byte, box.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return err
	}
	text := keyForm + hex.EncodeToString(box.Seal(nonce, nonce, own, []byte(keyForm))) + "\n"
	path := filepath.Join(dir, keyName)
	file, err := os.OpenFile(path+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return errors.Join(os.Rename(path+".new", path), (&logs{dir: dir}).syncDir())
}

func boxOf(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// foundKey makes the key of an engine that is founded.
func foundKey(dir string, key []byte) ([]byte, error) {
	own := make([]byte, KeySize)
	if _, err := rand.Read(own); err != nil {
		return nil, err
	}
	return own, writeEngineKey(dir, key, own)
}

// RotateKey replaces the key of a database that nobody has open. The data are not
// written anew.
func RotateKey(dir string, from, to []byte) error {
	release, err := lockAlone(dir)
	if err != nil {
		return err
	}
	defer release()
	f, err := inspect(dir, options{key: from})
	switch {
	case err != nil:
		return err
	case f.empty():
		return fmt.Errorf("badger: there is no database in %s", dir)
	}
	return rotate(dir, from, to)
}

// RotateKey replaces the key of the database while it is open: reads and writes
// go on, and the next time it is opened with the new key. One rotation runs at a
// time.
func (e *Engine) RotateKey(from, to []byte) error {
	e.rotating.Lock()
	defer e.rotating.Unlock()
	return rotate(e.dir, from, to)
}

func rotate(dir string, from, to []byte) error {
	if len(from) == 0 {
		return fmt.Errorf("badger: the database in %s is not encrypted: to encrypt it, restore a backup of it into a new folder with a key", dir)
	}
	if len(to) != KeySize {
		return fmt.Errorf("badger: the new key has %d bytes, and must have %d", len(to), KeySize)
	}
	own, err := readEngineKey(dir, from)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: the database in %s is not encrypted, and a key was given", ErrKey, dir)
	}
	if err != nil {
		return err
	}
	return writeEngineKey(dir, to, own)
}
