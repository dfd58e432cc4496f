package webauthn

import (
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestVectors are those of the specification. Authenticators that did not verify
// their user are refused there, and so are attestations of makers; their signatures
// and keys are read all the same.
func TestVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/vectors.txt")
	require.NoError(t, err)
	example := Party{ID: "example.org", Origin: "https://example.org"}
	created := map[string]error{
		"self attestation, ES256":               nil,
		"none attestation, ES256":               ErrPresence,
		"none attestation, ES256, cross origin": ErrOrigin,
		"packed attestation of a maker, RS256":  ErrStatement,
		"packed attestation of a maker, EdDSA":  ErrPresence,
	}
	vectors := strings.Split(strings.TrimSpace(string(text)), "\n\n")[1:]
	require.Len(t, vectors, len(created))
	for _, vector := range vectors {
		lines := strings.Split(vector, "\n")
		t.Run(lines[0], func(t *testing.T) {
			v := map[string][]byte{}
			for _, line := range lines[1:] {
				f := strings.Fields(line)
				v[f[0]+" "+f[1]], err = hex.DecodeString(f[2])
				require.NoError(t, err)
			}
			a := &Answer{ID: v["create credentialID"], Type: "public-key"}
			a.Response.ClientData, a.Response.Attestation = v["create clientDataJSON"], v["create attestationObject"]
			c, err := example.Register(a, v["create challenge"])
			require.ErrorIs(t, err, created[lines[0]])
			if err == nil {
				require.Equal(t, v["get credentialPubKey"], c.Key)
			}

			key, err := parseKey(v["get credentialPubKey"])
			require.NoError(t, err)
			signed := message(v["get authenticatorData"], v["get clientDataJSON"])
			require.True(t, key.verify(signed, v["get signature"]))
			signed[36] ^= 1
			require.False(t, key.verify(signed, v["get signature"]))
		})
	}
}

// TestCBOR: what no authenticator writes is refused.
func TestCBOR(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "cut off": "a101", "indefinite": "9f01ff", "twice": "a201010102", "tag": "c001", "float": "f93c00", "undefined": "f7",
		"key of bytes": "a14101f5", "deep": "818181818181818101", "long list": "9affffffff", "long text": "7b7fffffffffffffff", "not UTF-8": "61ff", "too large": "1bffffffffffffffff",
	} {
		data, err := hex.DecodeString(text)
		require.NoError(t, err, name)
		_, _, err = decode(data)
		require.Error(t, err, name)
	}
	value, rest, err := decode([]byte{0xa2, 1, 0x82, 0x20, 0xf5, 0x61, 'x', 0xf6, 9})
	require.NoError(t, err)
	require.Equal(t, map[any]any{int64(1): []any{int64(-1), true}, "x": nil}, value)
	require.Equal(t, []byte{9}, rest)
}

func FuzzCBOR(f *testing.F) {
	f.Add([]byte{0xa1, 1, 0x81, 0x40})
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, rest, err := decode(data); err == nil && len(rest) >= len(data) {
			t.Fatal("nothing was read")
		}
	})
}
