package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
)

// Key verifies the signature of tokens.
type Key struct {
	ID        string // kid, "" where the set has this key alone
	Algorithm string // HS256, RS256, PS256, ES256, … of RFC 7518
	Public    any    // *rsa.PublicKey, *ecdsa.PublicKey, or []byte for HS…
	Declared  bool   // the key set names the algorithm itself
}

// ParseKeys reads a JSON Web Key Set (RFC 7517) of RSA, EC and oct keys. A key
// without alg is taken for RS256, ES256 (ES384, ES512 by its curve) or HS256.
// Keys for encryption are left out. A key that could verify no token, or one
// that a server must not have, is an error that names it.
func ParseKeys(jwks []byte) ([]Key, error) {
	if !soleNames(jwks) {
		return nil, errors.New("key set: it is not a JSON object with each member once")
	}
	var set struct{ Keys []jwk }
	if err := json.Unmarshal(jwks, &set); err != nil {
		return nil, fmt.Errorf("key set: %w", err)
	}
	var keys []Key
	var problems []error
	for i, k := range set.Keys {
		if k.Use == "enc" {
			continue
		}
		key, err := k.key()
		if err == nil && slices.ContainsFunc(keys, key.alike) {
			err = errors.New("another key has this kid")
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("key set: key %d (kid %q): %w", i, k.Kid, err))
			continue
		}
		keys = append(keys, key)
	}
	for _, key := range keys {
		if key.ID == "" && len(set.Keys) > 1 {
			problems = append(problems, errors.New("key set: a key has no kid; among several each needs one"))
		}
	}
	if len(keys) == 0 && problems == nil {
		problems = append(problems, errors.New("key set: it holds no key for signatures"))
	}
	return keys, errors.Join(problems...)
}

// alike reports whether two keys have the kid and the type in common, so that a
// token could not say which of them it is signed by.
func (k Key) alike(other Key) bool {
	return k.ID == other.ID && reflect.TypeOf(k.Public) == reflect.TypeOf(other.Public)
}

type jwk struct {
	Kty, Kid, Alg, Use, Crv string
	N, E, X, Y, K           string
	D, P, Q, DP, DQ, QI     string
	Ops                     []string        `json:"key_ops"`
	Oth                     json.RawMessage // further primes of a private key
}

// families are the algorithms that fit each type of key.
var families = map[string][]string{
	"RSA": {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}, "oct": {"HS256", "HS384", "HS512"},
	"P-256": {"ES256"}, "P-384": {"ES384"}, "P-521": {"ES512"},
}

func (k *jwk) key() (Key, error) {
	if k.D+k.P+k.Q+k.DP+k.DQ+k.QI+string(k.Oth) != "" {
		return Key{}, errors.New("it is a private key, which only the issuer of tokens may have; give the server its public part")
	}
	if k.Use != "" && k.Use != "sig" || k.Ops != nil && !slices.Contains(k.Ops, "verify") {
		return Key{}, errors.New("it is not for verifying signatures (use sig, or key_ops with verify)")
	}
	family := k.Kty
	if k.Kty == "EC" {
		family = k.Crv
	}
	fit := families[family]
	if fit == nil {
		return Key{}, fmt.Errorf("kty %q with crv %q is none of RSA, oct, and EC on P-256, P-384 or P-521", k.Kty, k.Crv)
	}
	out := Key{ID: k.Kid, Algorithm: k.Alg, Declared: k.Alg != ""}
	if out.Algorithm == "" {
		out.Algorithm = fit[0]
	}
	if !slices.Contains(fit, out.Algorithm) {
		return Key{}, fmt.Errorf("alg %q does not fit a key of type %s; expected %s", k.Alg, family, strings.Join(fit, ", "))
	}
	var err error
	switch k.Kty {
	case "RSA":
		out.Public, err = k.rsa()
	case "EC":
		out.Public, err = k.ec()
	default:
		out.Public, err = k.secret(out.Algorithm)
	}
	return out, err
}

// number reads a Base64urlUInt (RFC 7518 section 2), nil where it is not one.
func number(s string) *big.Int {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) == 0 {
		return nil
	}
	return new(big.Int).SetBytes(b)
}

// rsa reads a key as NIST SP 800-131A allows it: n of 2048 to 8192 bits, e odd
// and at least 65537.
func (k *jwk) rsa() (any, error) {
	n, e := number(k.N), number(k.E)
	switch {
	case n == nil || n.BitLen() < 2048 || n.BitLen() > 8192 || n.Bit(0) == 0:
		return nil, errors.New("an RSA key needs an odd n of 2048 to 8192 bits")
	case e == nil || e.BitLen() > 31 || e.Int64() < 65537 || e.Bit(0) == 0:
		return nil, errors.New("an RSA key needs an odd e of at least 65537 (AQAB)")
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}, nil
}

func (k *jwk) ec() (any, error) {
	curve := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}[k.Crv]
	x, y := number(k.X), number(k.Y)
	if x == nil || y == nil {
		return nil, errors.New("an EC key needs x and y")
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, point(curve, x, y))
	if err != nil {
		return nil, fmt.Errorf("x, y is not a point of %s: %w", k.Crv, err)
	}
	return public, nil
}

// secret reads the secret of an HMAC, which is at least as long as its hash:
// RFC 7518 section 3.2.
func (k *jwk) secret(algorithm string) (any, error) {
	secret, err := base64.RawURLEncoding.Strict().DecodeString(k.K)
	least := map[string]int{"HS256": 32, "HS384": 48, "HS512": 64}[algorithm]
	if err != nil || len(secret) < least {
		return nil, fmt.Errorf("a secret for %s needs k of at least %d bits in base64url", algorithm, 8*least)
	}
	return secret, nil
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
