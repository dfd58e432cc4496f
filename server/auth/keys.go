package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
)

// Key verifies the signature of tokens.
type Key struct {
	ID        string // kid, "" to fit any token
	Algorithm string // HS256, RS256, PS256, ES256, … of RFC 7518
	Public    any    // *rsa.PublicKey, *ecdsa.PublicKey, or []byte for HS…
}

// ParseKeys reads a JSON Web Key Set (RFC 7517) of RSA, EC and oct keys. A key
// without alg is taken for RS256, ES256 (ES384, ES512 by its curve) or HS256.
// Keys for encryption are left out.
func ParseKeys(jwks []byte) ([]Key, error) {
	var set struct{ Keys []jwk }
	if err := json.Unmarshal(jwks, &set); err != nil {
		return nil, fmt.Errorf("key set: %w", err)
	}
	var keys []Key
	for i, k := range set.Keys {
		if k.Use == "enc" {
			continue
		}
		key, err := k.key()
		if err != nil {
			return nil, fmt.Errorf("key set: key %d: %w", i, err)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("key set: it holds no key for signatures")
	}
	return keys, nil
}

type jwk struct {
	Kty, Kid, Alg, Use, Crv string
	N, E, X, Y, K           string
}

func (k *jwk) key() (Key, error) {
	var number = func(s string) *big.Int {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil || len(b) == 0 {
			return nil
		}
		return new(big.Int).SetBytes(b)
	}
	out := Key{ID: k.Kid, Algorithm: k.Alg}
	switch k.Kty {
	case "RSA":
		n, e := number(k.N), number(k.E)
		if n == nil || e == nil || !e.IsInt64() || n.BitLen() < 2048 {
			return out, fmt.Errorf("an RSA key needs n of at least 2048 bits and e")
		}
		out.Public = &rsa.PublicKey{N: n, E: int(e.Int64())}
		out.or("RS256")
	case "EC":
		curve, alg := curveOf(k.Crv)
		x, y := number(k.X), number(k.Y)
		if curve == nil || x == nil || y == nil {
			return out, fmt.Errorf("an EC key needs crv P-256, P-384 or P-521, x and y")
		}
		public, err := ecdsa.ParseUncompressedPublicKey(curve, point(curve, x, y))
		if err != nil {
			return out, fmt.Errorf("x, y is no point of %s: %w", k.Crv, err)
		}
		out.Public = public
		out.or(alg)
	case "oct":
		secret, err := base64.RawURLEncoding.DecodeString(k.K)
		if err != nil || len(secret) < 32 {
			return out, fmt.Errorf("a secret needs k of at least 256 bits in base64url")
		}
		out.Public = secret
		out.or("HS256")
	default:
		return out, fmt.Errorf("kty %q is none of RSA, EC, oct", k.Kty)
	}
	return out, nil
}

// point writes x and y as SEC 1 section 2.3.3 has it, nil when they do not fit.
func point(curve elliptic.Curve, x, y *big.Int) []byte {
	size := (curve.Params().BitSize + 7) / 8
	if (x.BitLen()+7)/8 > size || (y.BitLen()+7)/8 > size {
		return nil
	}
	b := make([]byte, 1+2*size)
	b[0] = 4
	x.FillBytes(b[1 : 1+size])
	y.FillBytes(b[1+size:])
	return b
}

func (k *Key) or(algorithm string) {
	if k.Algorithm == "" {
		k.Algorithm = algorithm
	}
}

func curveOf(name string) (elliptic.Curve, string) {
	switch name {
	case "P-256":
		return elliptic.P256(), "ES256"
	case "P-384":
		return elliptic.P384(), "ES384"
	case "P-521":
		return elliptic.P521(), "ES512"
	}
	return nil, ""
}
