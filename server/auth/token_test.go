package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// signed is a token of any text as header and claims, under a right signature.
func signed(header, claims string, secret []byte) string {
	body := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(body))
	return body + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// TestTokenForm holds tokens that are signed by the right key to the one form
// that all readers understand alike.
func TestTokenForm(t *testing.T) {
	secret := []byte("0123456789abcdef0123456789abcdef")
	b := &Bearer{Keys: []Key{{ID: "h", Algorithm: "HS256", Public: secret}}, Issuer: "i", Audience: "a", Clock: func() time.Time { return now }}
	const header, claims = `{"alg":"HS256","kid":"h"}`, `{"iss":"i","aud":"a","sub":"u","exp":4102444800}`
	good := signed(header, claims, secret)
	last := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", good[len(good)-1])
	other := good[:len(good)-1] + string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last+1]) // the same bytes, other spare bits
	for name, c := range map[string]struct {
		token string
		taken bool
	}{
		"plain":                  {good, true},
		"no kid, one key":        {signed(`{"alg":"HS256"}`, claims, secret), true},
		"typ JWT":                {signed(`{"alg":"HS256","typ":"JWT"}`, claims, secret), true},
		"typ at+jwt":             {signed(`{"alg":"HS256","typ":"at+jwt"}`, claims, secret), true},
		"typ application/at+jwt": {signed(`{"alg":"HS256","typ":"application/at+JWT"}`, claims, secret), true},
		"typ dpop+jwt":           {signed(`{"alg":"HS256","typ":"dpop+jwt"}`, claims, secret), false},
		"typ logout+jwt":         {signed(`{"alg":"HS256","typ":"logout+jwt"}`, claims, secret), false},
		"typ a number":           {signed(`{"alg":"HS256","typ":1}`, claims, secret), false},
		"crit":                   {signed(`{"alg":"HS256","crit":["x"],"x":1}`, claims, secret), false},
		"empty crit":             {signed(`{"alg":"HS256","crit":[]}`, claims, secret), false},
		"empty kid":              {signed(`{"alg":"HS256","kid":""}`, claims, secret), false},
		"kid a number":           {signed(`{"alg":"HS256","kid":1}`, claims, secret), false},
		"alg twice":              {signed(`{"alg":"none","alg":"HS256"}`, claims, secret), false},
		"sub twice":              {signed(header, `{"sub":"x",`+claims[1:], secret), false},
		"scope twice":            {signed(header, `{"scope":"a","scope":"b",`+claims[1:], secret), false},
		"twice, deep":            {signed(header, `{"act":{"sub":"a","sub":"b"},`+claims[1:], secret), false},
		"twice, escaped":         {signed(header, `{"\u0073ub":"x",`+claims[1:], secret), false},
		"exp a text":             {signed(header, strings.Replace(claims, "4102444800", `"4102444800"`, 1), secret), false},
		"more behind the claims": {signed(header, claims+`{}`, secret), false},
		"claims not an object":   {signed(header, `[]`, secret), false},
		"padding":                {good + "=", false},
		"blank inside":           {strings.Replace(good, ".", ". ", 1), false},
		"new line inside":        {good[:10] + "\n" + good[10:], false},
		"spare bits":             {other, false},
		"four parts":             {good + ".x", false},
		"two parts":              {good[:strings.LastIndexByte(good, '.')], false},
		"embedded key":           {signed(`{"alg":"HS256","kid":"z","jwk":{"kty":"oct","k":"eA"}}`, claims, secret), false},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", "Bearer "+c.token)
		_, err := b.Authenticate(r)
		if c.taken {
			require.NoError(t, err, name)
			continue
		}
		require.Equal(t, fhir.Login, fhir.KindOf(err), name)
	}
	for _, unset := range []*Bearer{{Keys: b.Keys, Clock: b.Clock}, {Keys: b.Keys, Clock: b.Clock, Issuer: "i"}, {Keys: b.Keys, Clock: b.Clock, Audience: "a"}} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", "Bearer "+good)
		_, err := unset.Authenticate(r)
		require.Error(t, err, "what is not configured is not any")
	}
}

// TestKeySets names the key that a server must not start with.
func TestKeySets(t *testing.T) {
	n := encoded(append([]byte{0xff}, append(make([]byte, 254), 1)...))
	rsa := `{"kty":"RSA","kid":"k1","n":"` + n + `","e":"AQAB"`
	_, set := keySet(t)
	for name, c := range map[string]struct{ keys, want string }{
		"alg none":           {rsa + `,"alg":"none"}`, "alg"},
		"RSA with HS256":     {rsa + `,"alg":"HS256"}`, "alg"},
		"RSA with ES256":     {rsa + `,"alg":"ES256"}`, "alg"},
		"RSA-OAEP":           {rsa + `,"alg":"RSA-OAEP"}`, "alg"},
		"oct with RS256":     {`{"kty":"oct","kid":"k1","alg":"RS256","k":"` + encoded(make([]byte, 64)) + `"}`, "alg"},
		"short for HS512":    {`{"kty":"oct","kid":"k1","alg":"HS512","k":"` + encoded(make([]byte, 32)) + `"}`, "512 bits"},
		"e 1":                {`{"kty":"RSA","kid":"k1","n":"` + n + `","e":"AQ"}`, "65537"},
		"e 3":                {`{"kty":"RSA","kid":"k1","n":"` + n + `","e":"Aw"}`, "65537"},
		"even e":             {`{"kty":"RSA","kid":"k1","n":"` + n + `","e":"AQAA"}`, "65537"},
		"1024 bits":          {`{"kty":"RSA","kid":"k1","n":"` + encoded(append([]byte{0xff}, append(make([]byte, 126), 1)...)) + `","e":"AQAB"}`, "2048"},
		"private RSA":        {rsa + `,"d":"AQAB"}`, "private"},
		"private by a prime": {rsa + `,"p":"AQAB"}`, "private"},
		"private EC":         {`{"kty":"EC","kid":"k1","crv":"P-256","x":"AQ","y":"AQ","d":"AQ"}`, "private"},
		"for signing":        {rsa + `,"key_ops":["sign"]}`, "verif"},
		"of unknown use":     {rsa + `,"use":"tls"}`, "verif"},
		"the same kid":       {rsa + `},` + rsa + `}`, "kid"},
		"member twice":       {rsa + `,"e":"AQ"}`, "once"},
	} {
		_, err := ParseKeys([]byte(`{"keys":[` + c.keys + `]}`))
		require.ErrorContains(t, err, c.want, name)
		if name != "member twice" {
			require.ErrorContains(t, err, `kid "k1"`, name)
		}
	}
	_, err := ParseKeys(set)
	require.NoError(t, err)
	_, err = ParseKeys([]byte(`{"keys":[` + rsa + `},` + strings.Replace(rsa, `"kid":"k1",`, "", 1) + `}]}`))
	require.ErrorContains(t, err, "no kid")
}

// TestWildcardsReachNoDefinitions: what everybody's resources are validated
// against, and what tells who did what, is granted by name.
func TestWildcardsReachNoDefinitions(t *testing.T) {
	for typ, left := range explicit {
		for _, p := range "cruds" {
			require.Equal(t, strings.ContainsRune(left, p), ParseScopes("system/*.cruds user/*.*").Allow(typ, Permission(p)), "%s.%c", typ, p)
			require.True(t, ParseScopes("system/"+typ+".cruds").Allow(typ, Permission(p)))
			require.True(t, Full.Allow(typ, Permission(p)))
		}
	}
}

func TestOperationScopes(t *testing.T) {
	for _, c := range []struct {
		scopes, name, event string
		want                bool
	}{
		{"system/Task/$accept", "Task/$accept", "", true},
		{"user/Task/$accept", "Task/$accept", "", true},
		{"patient/Task/$accept", "Task/$accept", "", false},
		{"system/Task/$accept", "Task/$dispense", "", false},
		{"system/$accept", "Task/$accept", "", false},
		{"system/*/$accept", "Task/$accept", "", false},
		{"system/$process-message", "$process-message", "prescription-order", true},
		{"system/$process-message?event=prescription-order", "$process-message", "prescription-order", true},
		{"system/$process-message?event=prescription-order", "$process-message", "dispense-notification", false},
		{"system/$process-message?event=prescription-order", "$process-message", "", false},
		{"system/$process-message?event=a,b", "$process-message", "b", true},
		{"system/$process-message?event=*", "$process-message", "b", false},
		{"system/$process-message?event=a&event=b", "$process-message", "a", false},
		{"system/$process-message?event=a&more=b", "$process-message", "a", false},
		{"system/$process-message?", "$process-message", "a", false},
		{"system/$process-message%3fevent=a", "$process-message", "a", false},
		{"system/*.cruds", "$process-message", "a", false},
	} {
		require.Equal(t, c.want, ParseScopes(c.scopes).AllowOperation(c.name, c.event), c.scopes)
	}
}
