package oauth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAssertionAttacks refuses each way to pass for a client, and names the
// member of the header or the claim that is at fault.
func TestAssertionAttacks(t *testing.T) {
	w := newWorld(t)
	_, err := w.s.Add(Client{ID: "url", Name: "url", Organisation: "A83008", Scopes: []string{"system/Patient.rs"}, Credentials: Credentials{KeysURL: "https://keys.example/jwks.json"}})
	require.NoError(t, err)
	_, err = w.s.Add(Client{ID: "off", Name: "off", Organisation: "A83008", Scopes: []string{"system/Patient.rs"}, Credentials: Credentials{Keys: json.RawMessage(w.keys("ec"))}, Disabled: true})
	require.NoError(t, err)
	now := w.now.Unix()
	stranger, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	claim := func(name string, value any) string {
		c := w.claims("ec")
		c[name] = value
		return w.sign("ES384", w.ec, map[string]any{"kid": "ec"}, c)
	}
	header := func(name string, value any) string {
		return w.sign("ES384", w.ec, map[string]any{"kid": "ec", name: value}, w.claims("ec"))
	}
	raw := func(head, claims string) string {
		body := b64([]byte(head)) + "." + b64([]byte(claims))
		signature, err := jwt.SigningMethodES384.Sign(body, w.ec)
		require.NoError(t, err)
		return body + "." + b64(signature)
	}
	claims := func() string {
		text, err := json.Marshal(w.claims("ec"))
		require.NoError(t, err)
		return string(text)
	}
	good := w.good("ec")
	parts := strings.Split(good, ".")
	const head = `{"alg":"ES384","kid":"ec"}`
	public, err := json.Marshal(w.keys("rsa"))
	require.NoError(t, err)

	for name, c := range map[string]struct{ assertion, member string }{
		"alg none":           {w.sign("none", jwt.UnsafeAllowNoneSignatureType, map[string]any{"kid": "ec"}, w.claims("ec")), "alg"},
		"alg None":           {raw(`{"alg":"None","kid":"ec"}`, claims()), "alg"},
		"alg NONE":           {raw(`{"alg":"NONE","kid":"ec"}`, claims()), "alg"},
		"HS with public key": {w.sign("HS384", []byte(public), map[string]any{"kid": "rsa"}, w.claims("rsa")), "alg"},
		"RS256":              {w.sign("RS256", w.rsa, map[string]any{"kid": "rsa"}, w.claims("rsa")), "alg"},
		"PS384":              {w.sign("PS384", w.rsa, map[string]any{"kid": "rsa"}, w.claims("rsa")), "alg"},
		"ES256":              {w.sign("ES256", p256, map[string]any{"kid": "ec"}, w.claims("ec")), "alg"},
		"no alg":             {raw(`{"kid":"ec"}`, claims()), "alg"},
		"RS with an EC kid":  {w.sign("RS384", w.rsa, map[string]any{"kid": "ec"}, w.claims("ec")), "kid"},
		"ES with an RSA kid": {w.sign("ES384", w.ec, map[string]any{"kid": "rsa"}, w.claims("rsa")), "kid"},
		"r = s = 0":          {parts[0] + "." + parts[1] + "." + b64(make([]byte, 96)), "signature"},
		"no signature":       {parts[0] + "." + parts[1] + ".", "signature"},
		"cut signature":      {good[:len(good)-8], "signature"},
		"another's key":      {w.sign("ES384", stranger, map[string]any{"kid": "ec"}, w.claims("ec")), "signature"},
		"other claims":       {parts[0] + "." + b64([]byte(claims())) + "." + parts[2], "signature"},
		"two parts":          {parts[0] + "." + parts[1], "token"},
		"four parts":         {good + ".x", "token"},
		"dots":               {strings.Repeat(".", 9000), "token"},
		"1 MB is refused":    {strings.Repeat("a", maxAssertion+1), "client_assertion"},
		"padding":            {parts[0] + "=." + parts[1] + "." + parts[2], "token"},
		"blank":              {parts[0] + ". " + parts[1] + "." + parts[2], "token"},
		"line":               {parts[0] + "\n." + parts[1] + "." + parts[2], "token"},
		"standard base64":    {parts[0] + "." + base64.RawStdEncoding.EncodeToString([]byte(`{"x":"???~~~>>>",`+claims()[1:])) + "." + parts[2], "token"},
		"crit":               {header("crit", []string{"x"}), "crit"},
		"jwk":                {header("jwk", map[string]string{"kty": "EC"}), "jwk"},
		"x5u":                {header("x5u", "https://evil.example"), "x5u"},
		"x5c":                {header("x5c", []string{"AA"}), "x5c"},
		"jku, keys inline":   {header("jku", "https://keys.example/jwks.json"), "jku"},
		"typ at+jwt":         {header("typ", "at+jwt"), "typ"},
		"typ dpop":           {header("typ", "dpop+jwt"), "typ"},
		"typ a number":       {header("typ", 1), "typ"},
		"kid missing":        {header("kid", nil), "kid"},
		"kid empty":          {header("kid", ""), "kid"},
		"kid a number":       {header("kid", 7), "kid"},
		"kid traversal":      {header("kid", "../../../../dev/null"), "kid"},
		"kid SQL":            {header("kid", "x' UNION SELECT 'ec"), "kid"},
		"kid of another":     {header("kid", "rsa"), "kid"},
		"alg twice":          {raw(`{"alg":"none","alg":"ES384","kid":"ec"}`, claims()), "token"},
		"sub twice":          {raw(head, `{"sub":"rsa",`+claims()[1:]), "token"},
		"sub twice, by case": {raw(head, `{"SUB":"rsa",`+claims()[1:]), "token"},
		"twice, escaped":     {raw(head, `{"\u0069ss":"rsa",`+claims()[1:]), "token"},
		"more after":         {raw(head, claims()+`{}`), "token"},
		"a list":             {raw(head, `[]`), "token"},
		"iss missing":        {claim("iss", nil), "iss"},
		"iss a list":         {claim("iss", []string{"ec"}), "iss"},
		"iss unknown":        {raw(head, strings.ReplaceAll(claims(), `"ec"`, `"nobody"`)), "iss"},
		"iss disabled":       {raw(head, strings.ReplaceAll(claims(), `"ec"`, `"off"`)), "iss"},
		"iss is not sub":     {claim("sub", "rsa"), "sub"},
		"sub missing":        {claim("sub", nil), "sub"},
		"aud missing":        {claim("aud", nil), "aud"},
		"aud other":          {claim("aud", "https://evil.example/token"), "aud"},
		"aud the base":       {claim("aud", "https://pharmacy.example"), "aud"},
		"aud with a slash":   {claim("aud", endpoint+"/"), "aud"},
		"aud other endpoint": {claim("aud", "https://pharmacy.example/introspect"), "aud"},
		"aud with another":   {claim("aud", []string{endpoint, "https://evil.example"}), "aud"},
		"aud empty list":     {claim("aud", []string{}), "aud"},
		"aud upper case":     {claim("aud", "HTTPS://pharmacy.example/token"), "aud"},
		"exp missing":        {claim("exp", nil), "exp"},
		"exp now":            {claim("exp", now), "exp"},
		"exp past":           {claim("exp", now-1), "exp"},
		"exp in 301 s":       {claim("exp", now+301), "exp"},
		"exp in a year":      {claim("exp", now+365*86400), "exp"},
		"exp a text":         {claim("exp", "1795910692"), "exp"},
		"exp a float":        {raw(head, strings.Replace(claims(), `"exp":`, `"exp":0.5e1,"x":`, 1)), "exp"},
		"exp negative":       {claim("exp", -1), "exp"},
		"exp overflow":       {raw(head, strings.Replace(claims(), `"exp":`, `"exp":99999999999999999999999,"x":`, 1)), "exp"},
		"nbf future":         {claim("nbf", now+120), "nbf"},
		"nbf a text":         {claim("nbf", "x"), "nbf"},
		"iat future":         {claim("iat", now+120), "iat"},
		"clock 5 min ahead":  {claim("exp", now+300+240), "exp"},
		"clock 5 min behind": {claim("exp", now-300+240), "exp"},
		"jti missing":        {claim("jti", nil), "jti"},
		"jti empty":          {claim("jti", ""), "jti"},
		"jti a number":       {claim("jti", 5), "jti"},
		"jti long":           {claim("jti", strings.Repeat("x", 256)), "jti"},
	} {
		a := w.post("/token", tokenForm(c.assertion))
		assert.Equal(t, []any{401, "invalid_client"}, []any{a.Code, a.Error}, name)
		assert.Truef(t, strings.HasPrefix(a.Description, c.member+": "), "%s: %s", name, a.Description)
		assert.Empty(t, a.Token, name)
	}
	for _, jku := range []string{"https://evil.example/jwks.json", "https://keys.example/jwks.json.evil", "https://keys.example@evil.example/jwks.json", "https://keys.example/jwks.json#x", "http://keys.example/jwks.json"} {
		a := w.post("/token", tokenForm(w.sign("ES384", w.ec, map[string]any{"kid": "ec", "jku": jku}, w.claims("url"))))
		assert.True(t, strings.HasPrefix(a.Description, "jku: "), a.Description)
	}
	// What is right is taken: with one aud in a list, exp at the end of its time,
	// and a clock that is a little ahead.
	for name, text := range map[string]string{"as it is": good, "aud a list of one": claim("aud", []string{endpoint}), "exp in 300 s": claim("exp", now+300), "iat a little ahead": claim("iat", now+20), "typ": header("typ", "JWT")} {
		assert.Equal(t, 200, w.post("/token", tokenForm(text)).Code, name)
	}
}

// TestWeakKeys refuses keys that prove nothing, when a client is registered.
func TestWeakKeys(t *testing.T) {
	w := newWorld(t)
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil { // the standard library refuses to make it
		weak = &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: rsaKey().N, E: 3}}
		weak.N = weak.N.Rsh(weak.N, 1024)
	}
	for name, keys := range map[string]string{
		"weak RSA":  `{"keys":[{"kty":"RSA","kid":"k","n":"` + b64(weak.N.Bytes()) + `","e":"AQAB"}]}`,
		"e = 1":     strings.Replace(w.keys("rsa"), `"AQAB"`, `"AQ"`, 1),
		"no kid":    strings.Replace(w.keys("ec"), `"kid":"ec",`, "", 1),
		"secret":    `{"keys":[{"kty":"oct","kid":"k","k":"` + b64(make([]byte, 64)) + `"}]}`,
		"P-256":     `{"keys":[{"kty":"EC","kid":"k","crv":"P-256","x":"AQ","y":"AQ"}]}`,
		"private":   strings.Replace(w.keys("ec"), `"kid"`, `"d":"AQ","kid"`, 1),
		"same kid":  `{"keys":[` + strings.TrimSuffix(strings.TrimPrefix(w.keys("ec"), `{"keys":[`), `]}`) + `,` + strings.TrimSuffix(strings.TrimPrefix(w.keys("ec"), `{"keys":[`), `]}`) + `]}`,
		"RS256":     strings.Replace(w.keys("rsa"), `"kid"`, `"alg":"RS256","kid"`, 1),
		"no keys":   `{"keys":[]}`,
		"HTML":      `<html>`,
		"101 keys":  `{"keys":[` + strings.Repeat(`{},`, 100) + `{}]}`,
		"a private": `{"keys":[{"kty":"OKP","kid":"k"}]}`,
	} {
		_, err := w.s.Add(Client{ID: "weak", Name: "weak", Organisation: "A83008", Scopes: []string{"system/Patient.rs"}, Credentials: Credentials{Keys: json.RawMessage(keys)}})
		assert.ErrorContains(t, err, "key", name)
	}
	require.Len(t, w.s.Clients(), 2)
}
