package oauth

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/pestle-fhir/pestle/internal/processor"
)

// BenchmarkVerify is what each request with a token costs.
func BenchmarkVerify(b *testing.B) {
	s, err := New(Config{Shelf: &memory{values: map[string][]byte{}}, Audience: func() []string { return nil }})
	if err != nil {
		b.Fatal(err)
	}
	var text string
	for range 10_000 {
		if text, err = s.ForPerson(Person{Name: "p", Agent: "p", Organisation: "A83008", Scopes: "user/*.rs"}); err != nil {
			b.Fatal(err)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/fhir/Patient", nil)
	r.Header.Set("Authorization", "Bearer "+text)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Authenticate(r); err != nil {
			b.Fatal(err)
		}
	}
}

// slow is a shelf on a disk whose flush takes 5 ms.
type slow struct{ *memory }

func (s slow) Write(values map[string][]byte) error {
	time.Sleep(5 * time.Millisecond)
	return s.memory.Write(values)
}

// BenchmarkIssue issues tokens to 64 clients at once, on a slow disk: what comes
// during one write makes the next.
func BenchmarkIssue(b *testing.B) {
	shelf := slow{&memory{values: map[string][]byte{}}}
	s, err := New(Config{Shelf: shelf, Audience: func() []string { return nil }})
	if err != nil {
		b.Fatal(err)
	}
	b.SetParallelism(32)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := s.ForPerson(Person{Name: "p", Scopes: "user/*.rs"}); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
}

// BenchmarkToken has 64 clients at once ask for tokens with private_key_jwt, each
// time with another assertion, on a slow disk, which has both the token and that the
// assertion was used. signature-µs is what the signature alone takes to verify, and
// besides-µs all else: parsing, checks, the token, its record.
func BenchmarkToken(b *testing.B) {
	own, err := NewPrivateKey()
	if err != nil {
		b.Fatal(err)
	}
	set, err := own.Public()
	if err != nil {
		b.Fatal(err)
	}
	elliptic := bencher{method: jwt.SigningMethodES384, kid: own.Kid, set: set, sign: func() (string, error) { return own.Assert("clinic", endpoint, time.Now()) }}
	b.Run("ES384", elliptic.run)
	for _, k := range []struct {
		method *jwt.SigningMethodRSA
		bits   int
	}{{jwt.SigningMethodRS384, 2048}, {jwt.SigningMethodRS512, 4096}} {
		b.Run(fmt.Sprint(k.method.Alg(), "-", k.bits), func(b *testing.B) { rsaBencher(b, k.method, k.bits).run(b) })
	}
}

// bencher asks for tokens as a client with a key.
type bencher struct {
	method jwt.SigningMethod
	kid    string
	set    []byte
	sign   func() (string, error)
}

func rsaBencher(b *testing.B, method *jwt.SigningMethodRSA, bits int) *bencher {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		b.Fatal(err)
	}
	text := base64.RawURLEncoding.EncodeToString
	set := []byte(`{"keys":[{"kty":"RSA","kid":"k","n":"` + text(key.N.Bytes()) + `","e":"` + text(big.NewInt(int64(key.E)).Bytes()) + `"}]}`)
	return &bencher{method: method, kid: "k", set: set, sign: func() (string, error) {
		t := jwt.NewWithClaims(method, jwt.MapClaims{"iss": "clinic", "sub": "clinic", "aud": endpoint, "jti": uuid.NewString(), "exp": time.Now().Add(4 * time.Minute).Unix()})
		t.Header["kid"] = "k"
		return t.SignedString(key)
	}}
}

func (c *bencher) run(b *testing.B) {
	every := Rate{Second: 1e6, Burst: 1e6}
	s, err := New(Config{Shelf: slow{&memory{values: map[string][]byte{}}}, Audience: func() []string { return []string{endpoint} }, AddressRate: every, ClientRate: every})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := s.Add(Client{ID: "clinic", Name: "Clinic", Organisation: "A83008", Scopes: []string{"system/Patient.rs"}, Credentials: Credentials{Keys: c.set}}); err != nil {
		b.Fatal(err)
	}
	assertions, forms := make([]string, b.N), make([]string, b.N)
	for i := range forms {
		if assertions[i], err = c.sign(); err != nil {
			b.Fatal(err)
		}
		forms[i] = tokenForm(assertions[i]).Encode()
	}
	signature := c.signature(b, assertions)
	var next atomic.Int64
	b.SetParallelism(32)
	b.ResetTimer()
	begin := processor.Time()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			r := httptest.NewRequest(http.MethodPost, endpoint, strings.NewReader(forms[next.Add(1)-1]))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				b.Errorf("%d: %s", w.Code, w.Body)
			}
		}
	})
	each := float64((processor.Time() - begin).Microseconds()) / float64(b.N)
	b.ReportMetric(each, "cpu-µs/token")
	b.ReportMetric(signature, "signature-µs")
	b.ReportMetric(each-signature, "besides-µs")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
}

// signature is what of the processors the signature of an assertion takes to verify, in µs.
func (c *bencher) signature(b *testing.B, assertions []string) float64 {
	keys, err := parseKeys(c.set)
	if err != nil {
		b.Fatal(err)
	}
	n := min(500, len(assertions))
	begin := processor.Time()
	for _, text := range assertions[:n] {
		at := strings.LastIndexByte(text, '.')
		sig, err := base64.RawURLEncoding.DecodeString(text[at+1:])
		if err != nil {
			b.Fatal(err)
		}
		if err := c.method.Verify(text[:at], sig, keys[0].Public); err != nil {
			b.Fatal(err)
		}
	}
	return float64((processor.Time() - begin).Microseconds()) / float64(n)
}
