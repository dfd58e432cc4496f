package webauthn

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"
)

// Numbers of COSE: https://www.iana.org/assignments/cose
const (
	es256 = -7
	edDSA = -8
	rs256 = -257

	labelType, labelAlgorithm  = int64(1), int64(3)
	typeOctet, typeEC, typeRSA = int64(1), int64(2), int64(3)
	curveP256, curveEd25519    = int64(1), int64(6)
)

// publicKey is a key with the one algorithm by which it signs.
type publicKey struct {
	algorithm int64
	key       crypto.PublicKey
}

// parseKey reads a public key in COSE.
func parseKey(text []byte) (k publicKey, err error) {
	value, rest, err := decode(text)
	m, isMap := value.(map[any]any)
	if err != nil || !isMap || len(rest) > 0 {
		return k, ErrKey
	}
	k.algorithm, _ = m[labelAlgorithm].(int64)
	curve, _ := m[int64(-1)].(int64)
	x, _ := m[int64(-2)].([]byte)
	y, _ := m[int64(-3)].([]byte)
	switch {
	case m[labelType] == typeEC && k.algorithm == es256 && curve == curveP256 && len(x) == 32 && len(y) == 32:
		k.key, err = ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
	case m[labelType] == typeOctet && k.algorithm == edDSA && curve == curveEd25519 && len(x) == ed25519.PublicKeySize:
		k.key = ed25519.PublicKey(x)
	case m[labelType] == typeRSA && k.algorithm == rs256:
		n, _ := m[int64(-1)].([]byte)
		k.key, err = rsaKey(n, x)
	default:
		err = ErrKey
	}
	if err != nil {
		return publicKey{}, ErrKey
	}
	return k, nil
}

func rsaKey(n, e []byte) (*rsa.PublicKey, error) {
	if len(n) < 256 || len(n) > 1024 || len(e) == 0 || len(e) > 4 {
		return nil, ErrKey
	}
	exponent := new(big.Int).SetBytes(e).Int64()
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent)}
	if key.N.BitLen() < 2048 || exponent < 65537 || exponent%2 == 0 {
		return nil, ErrKey
	}
	return key, nil
}

// verify checks a signature of a message.
func (k publicKey) verify(message, signature []byte) bool {
	digest := sha256.Sum256(message)
	switch key := k.key.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, digest[:], signature)
	case ed25519.PublicKey:
		return ed25519.Verify(key, message, signature)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
	}
	return false
}
