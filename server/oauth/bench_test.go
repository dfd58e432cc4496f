package oauth

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
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
// time with another assertion that is signed with ES384, the dearest to verify, on a
// slow disk, which has both the token and that the assertion was used.
func BenchmarkToken(b *testing.B) {
	key, err := NewPrivateKey()
	if err != nil {
		b.Fatal(err)
	}
	keys, err := key.Public()
	if err != nil {
		b.Fatal(err)
	}
	every := Rate{Second: 1e6, Burst: 1e6}
	s, err := New(Config{Shelf: slow{&memory{values: map[string][]byte{}}}, Audience: func() []string { return []string{endpoint} }, AddressRate: every, ClientRate: every})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := s.Add(Client{ID: "clinic", Name: "Clinic", Organisation: "A83008", Scopes: []string{"system/Patient.rs"}, Credentials: Credentials{Keys: keys}}); err != nil {
		b.Fatal(err)
	}
	forms := make([]string, b.N)
	for i := range forms {
		assertion, err := key.Assert("clinic", endpoint, time.Now())
		if err != nil {
			b.Fatal(err)
		}
		forms[i] = tokenForm(assertion).Encode()
	}
	var next atomic.Int64
	b.SetParallelism(32)
	b.ResetTimer()
	begin := processorTime()
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
	b.ReportMetric(float64((processorTime()-begin).Microseconds())/float64(b.N), "cpu-µs/token")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
}

// processorTime is what this process has had of the processors.
func processorTime() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // cannot fail for oneself
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
