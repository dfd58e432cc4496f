package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func encoded(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// keySet makes keys of all three families: to sign with, and as a key set.
func keySet(t *testing.T) (private map[string]any, set []byte) {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	secret := []byte("0123456789abcdef0123456789abcdef")
	public, err := e.PublicKey.Bytes()
	require.NoError(t, err)
	set, err = json.Marshal(map[string]any{"keys": []map[string]string{
		{"kty": "RSA", "kid": "r", "n": encoded(r.N.Bytes()), "e": encoded(big.NewInt(int64(r.E)).Bytes())},
		{"kty": "EC", "kid": "e", "crv": "P-256", "x": encoded(public[1:33]), "y": encoded(public[33:])},
		{"kty": "oct", "kid": "h", "k": encoded(secret)},
		{"kty": "RSA", "use": "enc"},
	}})
	require.NoError(t, err)
	return map[string]any{"RS256": r, "ES256": e, "HS256": secret}, set
}

func claims(change map[string]any) jwt.MapClaims {
	c := jwt.MapClaims{
		"iss": "https://issuer", "aud": "pestle", "sub": "u1", "name": "Dr X", "organisation": "A83008",
		"exp": now.Add(time.Hour).Unix(), "scope": "system/Patient.rs openid",
	}
	for name, value := range change {
		if value == nil {
			delete(c, name)
			continue
		}
		c[name] = value
	}
	return c
}

func token(t *testing.T, alg, kid string, key any, c jwt.MapClaims) string {
	tok := jwt.NewWithClaims(jwt.GetSigningMethod(alg), c)
	if kid != "" {
		tok.Header["kid"] = kid
	}
	s, err := tok.SignedString(key)
	require.NoError(t, err)
	return s
}

func TestBearer(t *testing.T) {
	private, set := keySet(t)
	keys, err := ParseKeys(set)
	require.NoError(t, err)
	require.Len(t, keys, 3)
	b := &Bearer{Keys: keys, Issuer: "https://issuer", Audience: "pestle", Clock: func() time.Time { return now },
		Grants: map[string]string{"urn:nhsd:dispensing": "system/*.cruds"}}
	ask := func(header string) (Identity, error) {
		r := httptest.NewRequest("GET", "/fhir/Patient/1", nil)
		if header != "" {
			r.Header.Set("Authorization", header)
		}
		return b.Authenticate(r)
	}
	kids := map[string]string{"RS256": "r", "ES256": "e", "HS256": "h"}
	for _, alg := range []string{"RS256", "ES256", "HS256"} {
		{
			kid := kids[alg]
			who, err := ask("Bearer " + token(t, alg, kid, private[alg], claims(nil)))
			require.NoError(t, err, alg)
			require.Equal(t, fhir.Principal{Agent: "u1", Display: "Dr X", OnBehalf: "A83008"}, who.Requester)
			require.True(t, who.Scopes.Allow("Patient", Read))
			require.False(t, who.Scopes.Allow("Patient", Create))
			require.False(t, who.Scopes.Allow("Task", Read))
		}
	}
	who, err := ask("bearer " + token(t, "HS256", "h", private["HS256"], claims(map[string]any{"scope": []string{"urn:nhsd:dispensing"}, "fhirUser": "Practitioner/1"})))
	require.NoError(t, err)
	require.Equal(t, "Practitioner/1", who.Requester.Agent)
	require.True(t, who.Scopes.Allow("*", Delete))

	// ODS codes are written in capitals, whatever the token has.
	b.Delegates = map[string][]string{"ABC01": {"A83008"}}
	who, err = ask("Bearer " + token(t, "HS256", "h", private["HS256"], claims(map[string]any{"organisation": "abc01"})))
	require.NoError(t, err)
	require.Equal(t, "ABC01", who.Requester.OnBehalf)
	require.Equal(t, []string{"A83008"}, who.Requester.Delegates)
	for _, claim := range []any{nil, "", []string{"ABC01"}, map[string]string{"value": "ABC01"}, 5} {
		who, err = ask("Bearer " + token(t, "HS256", "h", private["HS256"], claims(map[string]any{"organisation": claim})))
		require.NoError(t, err)
		require.False(t, who.Requester.ActsFor("ABC01"), "%v", claim)
		require.False(t, who.Requester.ActsFor("A83008"), "%v", claim)
		require.False(t, who.Requester.ActsFor(""), "%v", claim)
	}

	twice := httptest.NewRequest("GET", "/fhir/Patient/1", nil)
	twice.Header["Authorization"] = []string{"Bearer " + token(t, "HS256", "h", private["HS256"], claims(nil)), "Bearer x"}
	_, err = b.Authenticate(twice)
	require.Equal(t, fhir.Login, fhir.KindOf(err), "two tokens")

	other := []byte("another secret of 32 bytes......")
	for name, header := range map[string]string{
		"nothing":         "",
		"basic":           "Basic dTpw",
		"no token":        "Bearer ",
		"garbage":         "Bearer a.b.c",
		"wrong key":       "Bearer " + token(t, "HS256", "h", other, claims(nil)),
		"unknown kid":     "Bearer " + token(t, "HS256", "z", private["HS256"], claims(nil)),
		"wrong algorithm": "Bearer " + token(t, "HS512", "", private["HS256"], claims(nil)),
		"unsigned":        "Bearer " + token(t, "none", "", jwt.UnsafeAllowNoneSignatureType, claims(nil)),
		"expired":         "Bearer " + token(t, "HS256", "h", private["HS256"], claims(map[string]any{"exp": now.Add(-time.Minute).Unix()})),
		"not yet":         "Bearer " + token(t, "HS256", "h", private["HS256"], claims(map[string]any{"nbf": now.Add(time.Minute).Unix()})),
		"no expiry":       "Bearer " + token(t, "HS256", "h", private["HS256"], claims(map[string]any{"exp": nil})),
		"other audience":  "Bearer " + token(t, "HS256", "h", private["HS256"], claims(map[string]any{"aud": "elsewhere"})),
		"issued later":    "Bearer " + token(t, "HS256", "h", private["HS256"], claims(map[string]any{"iat": now.Add(time.Hour).Unix()})),
		"no kid":          "Bearer " + token(t, "HS256", "", private["HS256"], claims(nil)),
		"kid of another":  "Bearer " + token(t, "HS256", "r", private["HS256"], claims(nil)),
		"too long":        "Bearer " + token(t, "HS256", "h", private["HS256"], claims(map[string]any{"name": strings.Repeat("x", maxToken)})),
		"other issuer":    "Bearer " + token(t, "HS256", "h", private["HS256"], claims(map[string]any{"iss": "elsewhere"})),
	} {
		_, err := ask(header)
		require.Equal(t, fhir.Login, fhir.KindOf(err), name)
		require.Contains(t, b.Challenge(err), `Bearer realm="fhir"`)
		require.Equal(t, name != "nothing" && name != "basic", b.Challenge(err) != `Bearer realm="fhir"`, name)
	}
}

// An RSA public key must not pass as the secret of an HMAC.
func TestAlgorithmsAreNotConfused(t *testing.T) {
	_, set := keySet(t)
	keys, err := ParseKeys(set)
	require.NoError(t, err)
	b := &Bearer{Keys: keys[:1], AnyIssuer: true, AnyAudience: true, Clock: func() time.Time { return now }}
	forged := token(t, "HS256", "", keys[0].Public.(*rsa.PublicKey).N.Bytes(), claims(nil))
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer "+forged)
	_, err = b.Authenticate(r)
	require.Equal(t, fhir.Login, fhir.KindOf(err))
}

func TestParseKeysRefuses(t *testing.T) {
	for _, set := range []string{
		``, `{}`, `{"keys":[]}`, `{"keys":[{"kty":"OKP"}]}`,
		`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`,
		`{"keys":[{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"}]}`,
		`{"keys":[{"kty":"EC","crv":"P-1","x":"AQ","y":"AQ"}]}`,
		`{"keys":[{"kty":"oct","k":"c2hvcnQ"}]}`,
	} {
		_, err := ParseKeys([]byte(set))
		require.Error(t, err, set)
	}
}

func TestScopes(t *testing.T) {
	for _, c := range []struct {
		scopes, typ string
		want        string
	}{
		{"system/Patient.rs", "Patient", "rs"},
		{"user/Patient.cud system/Patient.r", "Patient", "crud"},
		{"system/*.cruds", "Claim", "cruds"},
		{"system/Patient.read", "Patient", "rs"},
		{"system/Patient.write", "Patient", "cud"},
		{"system/Patient.*", "Patient", "cruds"},
		{"system/Patient.sr", "Patient", ""},
		{"system/Patient.rx", "Patient", ""},
		{"patient/Patient.rs", "Patient", ""},
		{"system/Observation.rs?category=laboratory", "Observation", ""},
		{"openid profile launch/patient", "Patient", ""},
		{"system/Patient.rs", "*", ""},
	} {
		got := ""
		for _, p := range "cruds" {
			if ParseScopes(c.scopes).Allow(c.typ, Permission(p)) {
				got += string(p)
			}
		}
		require.Equal(t, c.want, got, c.scopes)
	}
}

func TestSandbox(t *testing.T) {
	s := Sandbox{User: fhir.Principal{Agent: "Practitioner/demo", OnBehalf: "FA565"}}
	r := httptest.NewRequest("GET", "/", nil)
	who, err := s.Authenticate(r)
	require.NoError(t, err)
	require.Equal(t, "Practitioner/demo", who.Requester.Agent)
	r.Header = http.Header{"Nhsd-Session-Urid": {"555254242106"}}
	who, _ = s.Authenticate(r)
	require.Equal(t, "https://fhir.nhs.uk/Id/sds-role-profile-id|555254242106", who.Requester.Agent)
	require.Equal(t, "FA565", who.Requester.OnBehalf)
	r.Header.Set("NHSD-Session-URID", "<script>")
	who, _ = s.Authenticate(r)
	require.Equal(t, "Practitioner/demo", who.Requester.Agent)
	who, _ = Sandbox{}.Authenticate(httptest.NewRequest("GET", "/", nil))
	require.Equal(t, "sandbox", who.Requester.Agent)
}
