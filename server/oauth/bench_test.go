package oauth

import (
	"net/http"
	"net/http/httptest"
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
