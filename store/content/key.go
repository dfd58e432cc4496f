package content

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"

	"filippo.io/age"
)

// Key encrypts the keys of files and their names.
type Key struct {
	files cipher.AEAD
	names cipher.Block
}

// KeyOf is the key that follows from the secret of an engine, which stays the same when
// the operator's key is replaced. One from no secret is known to everybody.
func KeyOf(secret []byte) Key {
	derive := func(purpose string) cipher.Block {
		key, err := hkdf.Key(sha256.New, secret, nil, "pestle content "+purpose, 32)
		if err != nil {
			panic(err) // the length is a constant that HKDF takes
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			panic(err) // so is this one
		}
		return block
	}
	box, err := cipher.NewGCM(derive("files"))
	if err != nil {
		panic(err) // AES has the block size that GCM wants
	}
	return Key{box, derive("names")}
}

// name is a digest encrypted, in hexadecimal digits. Both blocks are encrypted by
// themselves: no two digests have one in common.
func (k Key) name(digest [32]byte) string {
	var b [32]byte
	k.names.Encrypt(b[:16], digest[:16])
	k.names.Encrypt(b[16:], digest[16:])
	return hex.EncodeToString(b[:])
}

// digest is what a name was made of.
func (k Key) digest(name string) (digest [32]byte, ok bool) {
	b, err := hex.DecodeString(name)
	if err != nil || len(b) != len(digest) {
		return digest, false
	}
	k.names.Decrypt(digest[:16], b[:16])
	k.names.Decrypt(digest[16:], b[16:])
	return digest, true
}

// stanza is how the header of a file names the key with which its own is encrypted:
// AES-256-GCM, with a nonce as the argument.
const stanza = "pestle-fhir.github.io/content"

var _ interface {
	age.Recipient
	age.Identity
} = Key{}

// Wrap is that of [age.Recipient].
func (k Key) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	nonce := make([]byte, k.files.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return []*age.Stanza{{Type: stanza, Args: []string{base64.RawStdEncoding.EncodeToString(nonce)}, Body: k.files.Seal(nil, nonce, fileKey, []byte(stanza))}}, nil
}

// Unwrap is that of [age.Identity].
func (k Key) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	for _, s := range stanzas {
		if s.Type != stanza || len(s.Args) != 1 {
			continue
		}
		nonce, err := base64.RawStdEncoding.DecodeString(s.Args[0])
		if err != nil || len(nonce) != k.files.NonceSize() {
			return nil, errors.New("the nonce in the header is malformed")
		}
		fileKey, err := k.files.Open(nil, nonce, s.Body, []byte(stanza))
		if err != nil {
			return nil, errors.New("it was written with another key, or its header is damaged")
		}
		return fileKey, nil
	}
	return nil, age.ErrIncorrectIdentity
}
