package main

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pestle-fhir/pestle/store/kv/badger"
)

// encryption names the key of an encrypted database. The key itself is never in
// the environment or among the arguments, which other processes can read.
type encryption struct {
	KeyFile string `name:"encryption-key-file" env:"PESTLE_ENCRYPTION_KEY_FILE" placeholder:"FILE" help:"File with the key of an encrypted database: 64 hexadecimal digits, as openssl rand -hex 32 prints. A credential of systemd named pestle.encryption-key is used without it."`
}

// credential is the name of the key among the credentials that systemd gives a
// service (LoadCredential=, systemd.exec(5)).
const credential = "pestle.encryption-key"

// key reads the key, as an option of the engine; without one the database is not
// encrypted.
func (e encryption) key() (badger.Option, error) {
	path := e.KeyFile
	if dir := os.Getenv("CREDENTIALS_DIRECTORY"); path == "" && dir != "" {
		path = filepath.Join(dir, credential)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			path = ""
		}
	}
	if path == "" {
		return badger.WithKey(nil), nil
	}
	key, err := readKey(path)
	return badger.WithKey(key), err
}

// readKey reads a file with a key, which only its owner and group may read.
func readKey(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("the encryption key cannot be read: %w", err)
	}
	if info.Mode().IsRegular() && info.Mode().Perm()&0o007 != 0 {
		return nil, fmt.Errorf("the encryption key in %s can be read by everybody (mode %04o): chmod 0600 %s, and consider replacing it with pestle key rotate", path, info.Mode().Perm(), path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the encryption key cannot be read: %w", err)
	}
	key, err := hex.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil || len(key) != badger.KeySize {
		return nil, fmt.Errorf("%s does not hold an encryption key: expected %d hexadecimal digits, as openssl rand -hex %d prints", path, 2*badger.KeySize, badger.KeySize)
	}
	return key, nil
}

// keyAdvice says what to do about the key of a database.
func keyAdvice(err error) error {
	if errors.Is(err, badger.ErrKey) {
		return fmt.Errorf("%w; --encryption-key-file (PESTLE_ENCRYPTION_KEY_FILE) names the file with the key", err)
	}
	return err
}

type keyCommand struct {
	Rotate keyRotate `cmd:"" help:"Replace the key of an encrypted database that no process has open."`
}

type keyRotate struct {
	Data    string `env:"PESTLE_DATA" default:"data" placeholder:"DIR" help:"Folder of the database. Stop the server first."`
	NewFile string `name:"new-key-file" required:"" placeholder:"FILE" help:"File with the new key."`

	encryption `embed:""`
}

// Run encrypts the data keys with the new key: the data are not written anew.
func (c *keyRotate) Run(std streams) error {
	if administered(c.Data) != nil {
		return fmt.Errorf("a server has the database in %s open: stop it, rotate, and start it with the new key; it takes less than a second", c.Data)
	}
	path := c.KeyFile
	if path == "" {
		return errors.New("key rotate needs --encryption-key-file FILE: the present key")
	}
	from, err := readKey(path)
	if err != nil {
		return err
	}
	to, err := readKey(c.NewFile)
	if err != nil {
		return err
	}
	if bytes.Equal(from, to) {
		return errors.New("the new key is the present one")
	}
	if err := badger.RotateKey(c.Data, from, to); err != nil {
		return keyAdvice(err)
	}
	_, err = fmt.Fprintf(std.out, "%s opens with the key in %s from now on; whoever has the old key and an old copy of the file KEYREGISTRY can still read old copies of the data\n", c.Data, c.NewFile)
	return err
}
