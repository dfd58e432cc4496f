package ledger

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Key signs checkpoints, with Ed25519. Its name is the origin of the log.
type Key struct {
	signer note.Signer
	public string // for verifiers, "name+hash+base64"
	seed   []byte
}

// Name is the origin of the log.
func (k *Key) Name() string { return k.signer.Name() }

// Public is the key with which others verify: name, hash and Ed25519 key in the
// text form of https://c2sp.org/signed-note.
func (k *Key) Public() string { return k.public }

// Verifier verifies what the key signed.
func (k *Key) Verifier() note.Verifier {
	v, err := note.NewVerifier(k.public)
	if err != nil {
		panic(err) // it was made by readKey
	}
	return v
}

// LoadKey reads the key in a file, and makes a new one with the origin as its name
// where there is no file.
func LoadKey(path, origin string) (*Key, error) {
	k, err := ReadKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newKey(path, origin)
	}
	return k, err
}

// ReadKey reads the key in a file, which only its owner may read.
func ReadKey(path string) (*Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if err := owned(info); err != nil {
		return nil, fmt.Errorf("ledger: the key in %s %w: chmod 0600 %s, and consider a new one", path, err, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	k, err := parseKey(string(bytes.TrimSpace(text)))
	if err != nil {
		return nil, fmt.Errorf("ledger: %s does not hold the key of a log: %w", path, err)
	}
	return k, nil
}

// Of is the key under the name of another log of the server, NAME/LOG.
func (k *Key) Of(log string) (*Key, error) {
	name := k.Name() + "/" + log
	pub, _ := ed25519.NewKeyFromSeed(k.seed).Public().(ed25519.PublicKey)
	id := sha256.Sum256(append([]byte(name+"\n\x01"), pub...))
	return parseKey(fmt.Sprintf("PRIVATE+KEY+%s+%x+%s", name, id[:4], base64.StdEncoding.EncodeToString(append([]byte{1}, k.seed...))))
}

// PublicOf is the public key of another log of a server, of that of its log of
// changes.
func PublicOf(public, log string) (string, error) {
	v, err := note.NewVerifier(public)
	if err != nil {
		return "", err
	}
	raw, err := base64.StdEncoding.DecodeString(strings.SplitN(public, "+", 3)[2])
	if err != nil {
		return "", err
	}
	return note.NewEd25519VerifierKey(v.Name()+"/"+log, raw[1:]) // behind the algorithm
}

func newKey(path, origin string) (*Key, error) {
	private, _, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return nil, err
	}
	k, err := parseKey(private)
	if err != nil {
		return nil, fmt.Errorf("ledger: %q cannot name a key: %w", origin, err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("ledger: the key of the log cannot be made: %w", err)
	}
	_, err = f.WriteString(private + "\n")
	return k, errors.Join(err, f.Sync(), f.Close())
}

func parseKey(private string) (*Key, error) {
	signer, err := note.NewSigner(private)
	if err != nil {
		return nil, err
	}
	parts := strings.SplitN(private, "+", 5)
	raw, err := base64.StdEncoding.DecodeString(parts[4])
	if err != nil {
		return nil, err
	}
	seed := raw[1:] // behind the algorithm
	pub, _ := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	public, err := note.NewEd25519VerifierKey(signer.Name(), pub)
	return &Key{signer: signer, public: public, seed: seed}, err
}
