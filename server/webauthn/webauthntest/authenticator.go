// Package webauthntest is an authenticator in software, for tests: it makes
// passkeys and signs with them as a browser and its authenticator do.
package webauthntest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"math/big"

	"github.com/pestle-fhir/pestle/server/webauthn"
)

// Authenticator holds one passkey. Its fields may be changed to what should be
// refused.
type Authenticator struct {
	Party webauthn.Party
	Flags byte // of authenticator data, besides that of an attested credential
	Count uint32
	ID    []byte
	User  []byte
	Key   crypto.Signer // *ecdsa.PrivateKey on P-256, ed25519.PrivateKey or *rsa.PrivateKey

	// ClientData, where it is set, changes what the browser says.
	ClientData func(members map[string]any)
}

// New makes a passkey for ES256, of a device that has a counter and verified its
// user.
func New(party webauthn.Party) *Authenticator {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	id := make([]byte, 32)
	_, _ = rand.Read(id)
	return &Authenticator{Party: party, Flags: 0x05, Count: 1, ID: id, Key: key}
}

// Register answers navigator.credentials.create.
func (a *Authenticator) Register(challenge []byte) *webauthn.Answer {
	out := &webauthn.Answer{ID: a.ID, Type: "public-key"}
	out.Response.ClientData = a.clientData("webauthn.create", challenge)
	out.Response.Attestation = a.Attestation("none", []byte{0xa0})
	return out
}

// Attestation is an attestation object of a format with a statement in CBOR.
func (a *Authenticator) Attestation(format string, statement []byte) []byte {
	b := append([]byte{0xa3, 0x63}, "fmt"...)
	b = append(append(b, 0x60|byte(len(format))), format...)
	b = append(append(append(b, 0x67), "attStmt"...), statement...)
	b = append(append(b, 0x68), "authData"...)
	return append(b, cborBytes(a.data(true))...)
}

// Assert answers navigator.credentials.get, and counts.
func (a *Authenticator) Assert(challenge []byte) *webauthn.Answer {
	a.Count++
	out := &webauthn.Answer{ID: a.ID, Type: "public-key"}
	out.Response.ClientData = a.clientData("webauthn.get", challenge)
	out.Response.Authenticator = a.data(false)
	out.Response.User = a.User
	out.Response.Signature = a.Sign(out.Response.Authenticator, out.Response.ClientData)
	return out
}

// Sign signs authenticator data with the client data of a ceremony.
func (a *Authenticator) Sign(data, clientData []byte) []byte {
	hash := sha256.Sum256(clientData)
	message := append(append([]byte{}, data...), hash[:]...)
	var options crypto.SignerOpts = crypto.Hash(0)
	if _, ed := a.Key.(ed25519.PrivateKey); !ed {
		digest := sha256.Sum256(message)
		message, options = digest[:], crypto.SHA256
	}
	signature, err := a.Key.Sign(rand.Reader, message, options)
	if err != nil {
		panic(err)
	}
	return signature
}

func (a *Authenticator) clientData(ceremony string, challenge []byte) []byte {
	text, _ := webauthn.Bytes(challenge).MarshalText()
	members := map[string]any{"type": ceremony, "challenge": string(text), "origin": a.Party.Origin, "crossOrigin": false}
	if a.ClientData != nil {
		a.ClientData(members)
	}
	out, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return out
}

func (a *Authenticator) data(attested bool) []byte {
	hash := sha256.Sum256([]byte(a.Party.ID))
	flags := a.Flags
	if attested {
		flags |= 0x40
	}
	b := binary.BigEndian.AppendUint32(append(hash[:], flags), a.Count)
	if attested {
		b = append(b, make([]byte, 16)...)
		b = binary.BigEndian.AppendUint16(b, uint16(len(a.ID))) //nolint:gosec // short
		b = append(append(b, a.ID...), a.COSE()...)
	}
	return b
}

// COSE is the public key.
func (a *Authenticator) COSE() []byte {
	switch key := a.Key.Public().(type) {
	case *ecdsa.PublicKey:
		point, err := key.Bytes()
		if err != nil {
			panic(err)
		}
		b := append([]byte{0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21}, cborBytes(point[1:33])...)
		return append(append(b, 0x22), cborBytes(point[33:])...)
	case ed25519.PublicKey:
		return append([]byte{0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21}, cborBytes(key)...)
	case *rsa.PublicKey:
		b := append([]byte{0xa4, 1, 3, 3, 0x39, 1, 0, 0x20}, cborBytes(key.N.Bytes())...)
		return append(append(b, 0x21), cborBytes(big.NewInt(int64(key.E)).Bytes())...)
	}
	panic("no such key")
}

func cborBytes(b []byte) []byte {
	return append([]byte{0x59, byte(len(b) >> 8), byte(len(b))}, b...)
}
