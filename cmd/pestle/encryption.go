package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pestle-fhir/pestle/store/kv/badger"
	"github.com/pestle-fhir/pestle/trust/audit"
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
	key, err := e.bytes()
	return badger.WithKey(key), err
}

// bytes are the key itself, nil without one.
func (e encryption) bytes() ([]byte, error) {
	path := e.path()
	if path == "" {
		return nil, nil
	}
	return readKey(path)
}

// path is the file with the key, "" where there is none.
func (e encryption) path() string {
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	if e.KeyFile != "" || dir == "" {
		return e.KeyFile
	}
	path := filepath.Join(dir, credential)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return path
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
	Rotate keyRotate `cmd:"" help:"Replace the key of an encrypted database, also of a server that runs."`
}

type keyRotate struct {
	Data    string `env:"PESTLE_DATA" default:"data" placeholder:"DIR" help:"Folder of the database; a server may have it open."`
	NewFile string `name:"new-key-file" required:"" placeholder:"FILE" help:"File with the new key."`

	encryption `embed:""`
}

// Help is shown by --help.
func (keyRotate) Help() string {
	return `The server goes on, and reads and writes too. Put the new key where the server reads it (--encryption-key-file or the credential) before its next start.

Example: pestle key rotate --data db --encryption-key-file pestle.key --new-key-file new.key`
}

// keyChange is the present key and the one to replace it by.
type keyChange struct{ From, To []byte }

// Run encrypts the engine's key with the new key: in the server that has the
// folder open, or in the folder. The data are not written anew.
func (c *keyRotate) Run(std streams) error {
	change, err := c.change()
	if err != nil {
		return err
	}
	if err := c.rotate(change); err != nil {
		return keyAdvice(err)
	}
	_, err = fmt.Fprintf(std.out, "%s opens with the key in %s from now on; whoever has the old key and an old copy of the file KEY can still read the data\n", c.Data, c.NewFile)
	return err
}

func (c *keyRotate) change() (k keyChange, err error) {
	path := c.path()
	if path == "" {
		return k, errors.New("key rotate needs --encryption-key-file FILE: the present key")
	}
	if k.From, err = readKey(path); err != nil {
		return k, err
	}
	if k.To, err = readKey(c.NewFile); err != nil {
		return k, err
	}
	if bytes.Equal(k.From, k.To) {
		return k, errors.New("the new key is the present one")
	}
	return k, nil
}

func (c *keyRotate) rotate(k keyChange) error {
	server := administered(c.Data)
	if server == nil {
		begun, err := c.begin(c.Data, "key rotate")
		if err != nil {
			return err
		}
		err = audit.Rotate(auditFolder(c.Data), k.From, k.To, func() error { return badger.RotateKey(c.Data, k.From, k.To) })
		after := c.encryption
		if err == nil {
			after.KeyFile = c.NewFile // with which the audit log opens now
		}
		if begun == nil {
			return err
		}
		return errors.Join(err, after.append(c.Data, became(begun, err)))
	}
	body, err := json.Marshal(k)
	if err != nil {
		return err
	}
	answer, err := server.post("key", nil, bytes.NewReader(body))
	if err != nil {
		return err
	}
	return answer.Body.Close()
}
