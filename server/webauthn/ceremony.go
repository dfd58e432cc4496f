package webauthn

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// Answer is what a browser sends: the members of a PublicKeyCredential in JSON
// (section 5.1), bytes in base64url.
type Answer struct {
	ID       Bytes  `json:"rawId"`
	Type     string `json:"type"`
	Response struct {
		ClientData Bytes `json:"clientDataJSON"`

		Attestation Bytes `json:"attestationObject"` // of a registration

		Authenticator Bytes `json:"authenticatorData"` // of an assertion
		Signature     Bytes `json:"signature"`
		User          Bytes `json:"userHandle"`
	} `json:"response"`
}

// Bytes are bytes that JSON has in base64url without padding.
type Bytes []byte

// UnmarshalText reads base64url.
func (b *Bytes) UnmarshalText(text []byte) (err error) {
	*b, err = base64.RawURLEncoding.Strict().DecodeString(string(text))
	return err
}

// MarshalText writes base64url.
func (b Bytes) MarshalText() ([]byte, error) {
	return []byte(base64.RawURLEncoding.EncodeToString(b)), nil
}

// clientData compares what the browser says of a ceremony with what was asked of
// it: section 5.8.1.
func (p Party) clientData(text []byte, ceremony string, challenge []byte) error {
	var c struct {
		Type        string `json:"type"`
		Challenge   Bytes  `json:"challenge"`
		Origin      string `json:"origin"`
		CrossOrigin bool   `json:"crossOrigin"`
		TopOrigin   string `json:"topOrigin"`
	}
	switch err := json.Unmarshal(text, &c); {
	case err != nil || len(challenge) == 0:
		return ErrForm
	case c.Type != ceremony:
		return ErrType
	case subtle.ConstantTimeCompare(c.Challenge, challenge) != 1:
		return ErrChallenge
	case c.Origin != p.Origin || c.CrossOrigin || c.TopOrigin != "":
		return ErrOrigin
	}
	return nil
}

// Register verifies the registration of a credential: section 7.1.
func (p Party) Register(a *Answer, challenge []byte) (*Credential, error) {
	if err := p.clientData(a.Response.ClientData, "webauthn.create", challenge); err != nil {
		return nil, err
	}
	value, rest, err := decode(a.Response.Attestation)
	object, isMap := value.(map[any]any)
	if err != nil || !isMap || len(rest) > 0 || a.Type != "public-key" {
		return nil, ErrForm
	}
	signed, _ := object["authData"].([]byte)
	data, err := p.parse(signed)
	if err != nil {
		return nil, err
	}
	if data.id == nil || subtle.ConstantTimeCompare(data.id, a.ID) != 1 {
		return nil, ErrForm
	}
	key, err := parseKey(data.key)
	if err != nil {
		return nil, err
	}
	if err := statement(object, key, signed, a.Response.ClientData); err != nil {
		return nil, err
	}
	return &Credential{ID: slices.Clone(data.id), Key: slices.Clone(data.key), Count: data.count, Maker: hex.EncodeToString(data.maker),
		Synced: data.flags&backupEligible != 0, Backups: data.flags&backupState != 0}, nil
}

// statement takes no attestation, and that of the key itself, which browsers pass
// on although none is asked for: sections 8.7 and 8.2.
func statement(object map[any]any, key publicKey, signed, clientData []byte) error {
	members, isMap := object["attStmt"].(map[any]any)
	switch {
	case !isMap:
		return ErrForm
	case object["fmt"] == "none" && len(members) == 0:
		return nil
	case object["fmt"] == "packed" && members["x5c"] == nil && members["alg"] == key.algorithm:
		signature, _ := members["sig"].([]byte)
		if !key.verify(message(signed, clientData), signature) {
			return ErrSignature
		}
		return nil
	}
	return ErrStatement
}

// message is what authenticators sign.
func message(signed, clientData []byte) []byte {
	hash := sha256.Sum256(clientData)
	return append(slices.Clone(signed), hash[:]...)
}

// Assert verifies that an answer was made with a credential, and returns the
// credential as it is to be stored then: section 7.2.
func (p Party) Assert(a *Answer, challenge []byte, c Credential) (Credential, error) {
	if err := p.clientData(a.Response.ClientData, "webauthn.get", challenge); err != nil {
		return c, err
	}
	if a.Type != "public-key" || subtle.ConstantTimeCompare(a.ID, c.ID) != 1 {
		return c, ErrForm
	}
	data, err := p.parse(a.Response.Authenticator)
	if err != nil {
		return c, err
	}
	key, err := parseKey(c.Key)
	if err != nil {
		return c, err
	}
	if !key.verify(message(a.Response.Authenticator, a.Response.ClientData), a.Response.Signature) {
		return c, ErrSignature
	}
	if (data.count != 0 || c.Count != 0) && data.count <= c.Count {
		return c, ErrCount
	}
	if (data.flags&backupEligible != 0) != c.Synced {
		return c, ErrForm // it never changes: section 6.1.3
	}
	c.Count, c.Backups = data.count, data.flags&backupState != 0
	return c, nil
}
