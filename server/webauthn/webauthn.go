// Package webauthn verifies what browsers send of passkeys: registrations and
// assertions by Web Authentication Level 3, https://www.w3.org/TR/webauthn-3/.
//
// It takes what this server asks browsers for and nothing else: discoverable
// credentials, user verification, no attestation, signatures by ES256, EdDSA and
// RS256. What it needs of CBOR and COSE is a hundred lines; the library that covers
// attestation formats of all makers, go-webauthn, would add 2.35 MB to the binary
// (docs/adr/sign-in.md).
package webauthn

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
)

// Party is the relying party: the server, as browsers know it.
type Party struct {
	ID     string // a host name: "pestle.example", "localhost"
	Origin string // scheme, host and port of its pages: "https://pestle.example"
}

// Credential is a passkey as it is stored.
type Credential struct {
	ID      []byte // chosen by the authenticator, 1 to 1023 bytes
	Key     []byte // public key in COSE: RFC 9052
	Count   uint32 // signature counter; 0 where the authenticator has none
	Maker   string // AAGUID in hex: the model of the authenticator, all zeros where it does not tell
	Synced  bool   // it may be copied to other devices of its user
	Backups bool   // it is at present
}

// Algorithms are the COSE numbers of the signatures that are taken, the preferred
// one first: ES256, EdDSA, RS256.
func Algorithms() []int { return []int{es256, edDSA, rs256} }

// Errors that say why an answer of a browser is refused.
var (
	ErrForm      = errors.New("it is not of the form that WebAuthn describes")
	ErrType      = errors.New("it is of another ceremony")
	ErrChallenge = errors.New("it does not answer the challenge")
	ErrOrigin    = errors.New("it was made on a page of another origin, or within one")
	ErrParty     = errors.New("the credential is of another relying party")
	ErrPresence  = errors.New("the authenticator did not verify its user")
	ErrKey       = errors.New("the public key is not one of ES256, EdDSA or RS256")
	ErrSignature = errors.New("the signature does not verify")
	ErrCount     = errors.New("the signature counter went back: the passkey may have been copied")
	ErrStatement = errors.New("the attestation is of a kind that was not asked for")
)

// flags of authenticator data: section 6.1.
const (
	userPresent       = 0x01
	userVerified      = 0x04
	backupEligible    = 0x08
	backupState       = 0x10
	attestedData      = 0x40
	extensionData     = 0x80
	reservedFlags     = 0x02 | 0x20
	authenticatorHead = 32 + 1 + 4
)

// authenticatorData is what an authenticator signs of itself.
type authenticatorData struct {
	flags byte
	count uint32
	maker []byte
	id    []byte
	key   []byte // in COSE
}

// parse reads authenticator data to its end, and compares it with who asked.
func (p Party) parse(data []byte) (*authenticatorData, error) {
	if len(data) < authenticatorHead {
		return nil, ErrForm
	}
	hash := sha256.Sum256([]byte(p.ID))
	if subtle.ConstantTimeCompare(hash[:], data[:32]) != 1 {
		return nil, ErrParty
	}
	a := &authenticatorData{flags: data[32], count: uint32(data[33])<<24 | uint32(data[34])<<16 | uint32(data[35])<<8 | uint32(data[36])}
	rest := data[authenticatorHead:]
	if a.flags&reservedFlags != 0 || a.flags&backupState != 0 && a.flags&backupEligible == 0 {
		return nil, ErrForm
	}
	if a.flags&(userPresent|userVerified) != userPresent|userVerified {
		return nil, ErrPresence
	}
	if a.flags&attestedData != 0 {
		var err error
		if rest, err = a.attested(rest); err != nil {
			return nil, err
		}
	}
	if a.flags&extensionData != 0 {
		value, after, err := decode(rest)
		if _, isMap := value.(map[any]any); err != nil || !isMap {
			return nil, ErrForm
		}
		rest = after
	}
	if len(rest) > 0 {
		return nil, ErrForm
	}
	return a, nil
}

// maxID is the longest id of a credential, in bytes: section 5.8.3.
const maxID = 1023

// attested reads the credential that is registered, and returns what follows it.
func (a *authenticatorData) attested(data []byte) (rest []byte, err error) {
	if len(data) < 18 {
		return nil, ErrForm
	}
	n := int(data[16])<<8 | int(data[17])
	if a.maker, data = data[:16], data[18:]; n == 0 || n > maxID || len(data) < n {
		return nil, ErrForm
	}
	a.id, data = data[:n], data[n:]
	if _, rest, err = decode(data); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	a.key = data[:len(data)-len(rest)]
	return rest, nil
}
