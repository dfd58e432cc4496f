package auth

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestBearerAttacks refuses each way to pass with a token of another issuer, and
// names the member of the header or the claim that is at fault.
func TestBearerAttacks(t *testing.T) {
	private, set := keySet(t)
	keys, err := ParseKeys(set)
	require.NoError(t, err)
	b := &Bearer{Keys: keys, Issuer: "https://issuer", Audience: "pestle", Clock: func() time.Time { return now }}
	claim := func(name string, value any) string {
		return token(t, "RS256", "r", private["RS256"], claims(map[string]any{name: value}))
	}
	header := func(name string, value any) string {
		tok := jwt.NewWithClaims(jwt.SigningMethodRS256, claims(nil))
		tok.Header["kid"] = "r"
		tok.Header[name] = value
		text, err := tok.SignedString(private["RS256"])
		require.NoError(t, err)
		return text
	}
	good := claim("name", "x")
	parts := strings.Split(good, ".")
	for name, c := range map[string]struct{ token, member string }{
		"alg none":           {token(t, "none", "r", jwt.UnsafeAllowNoneSignatureType, claims(nil)), "signature"},
		"HS with public key": {token(t, "HS256", "r", set, claims(nil)), "kid"},
		"no signature":       {parts[0] + "." + parts[1] + ".", "signature"},
		"cut signature":      {good[:len(good)-10], "signature"},
		"r = s = 0":          {strings.Join(strings.Split(token(t, "ES256", "e", private["ES256"], claims(nil)), ".")[:2], ".") + "." + encoded(make([]byte, 64)), "signature"},
		"two parts":          {parts[0] + "." + parts[1], "token"},
		"four parts":         {good + ".x", "token"},
		"dots":               {strings.Repeat(".", 9000), "token"},
		"padding":            {good + "=", "token"},
		"crit":               {header("crit", []string{"x"}), "crit"},
		"jwk":                {header("jwk", map[string]string{"kty": "RSA"}), "jwk"},
		"x5u":                {header("x5u", "https://evil.example"), "x5u"},
		"x5c":                {header("x5c", []string{"AA"}), "x5c"},
		"typ of an id_token": {header("typ", "id+jwt"), "typ"},
		"typ a number":       {header("typ", 1), "typ"},
		"kid traversal":      {header("kid", "../../dev/null"), "kid"},
		"kid SQL":            {header("kid", "x' OR '1'='1"), "kid"},
		"kid empty":          {header("kid", ""), "kid"},
		"kid a number":       {header("kid", 3), "kid"},
		"kid of another alg": {header("kid", "e"), "kid"},
		"iss other":          {claim("iss", "https://evil"), "iss"},
		"iss missing":        {claim("iss", nil), "iss"},
		"iss a list":         {claim("iss", []string{"https://issuer"}), "iss"},
		"aud other":          {claim("aud", "elsewhere"), "aud"},
		"aud missing":        {claim("aud", nil), "aud"},
		"aud with a slash":   {claim("aud", "pestle/"), "aud"},
		"exp missing":        {claim("exp", nil), "exp"},
		"exp past":           {claim("exp", now.Add(-time.Second).Unix()), "exp"},
		"exp a text":         {claim("exp", "4102444800"), "exp"},
		"exp negative":       {claim("exp", -1), "exp"},
		"nbf future":         {claim("nbf", now.Add(time.Minute).Unix()), "nbf"},
		"nbf a text":         {claim("nbf", "x"), "nbf"},
		"iat future":         {claim("iat", now.Add(time.Minute).Unix()), "iat"},
		"cnf without TLS":    {claim("cnf", map[string]string{"x5t#S256": "x"}), "cnf"},
	} {
		r := httptest.NewRequest("GET", "/fhir/Patient", nil)
		r.Header.Set("Authorization", "Bearer "+c.token)
		_, err := b.Authenticate(r)
		require.Equal(t, fhir.Login, fhir.KindOf(err), name)
		assert.Contains(t, err.Error(), "not valid: "+c.member+": ", name)
		assert.NotContains(t, err.Error(), "evil", name)
	}
	r := httptest.NewRequest("GET", "/fhir/Patient", nil)
	r.Header.Set("Authorization", "Bearer "+good)
	_, err = b.Authenticate(r)
	require.NoError(t, err)
}
