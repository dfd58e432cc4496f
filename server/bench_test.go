package server_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"
)

// benchPatient is a Patient of an ordinary size, about 1.5 KB.
var benchPatient = `{"resourceType":"Patient","id":"%s","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9000000009"}],` +
	`"active":true,"name":[{"use":"official","family":"Adams","given":["Ann","Beth"]}],"telecom":[{"system":"phone","value":"01234567890","use":"home"}],` +
	`"gender":"female","birthDate":"1970-05-01","address":[{"use":"home","line":["1 High Street"],"city":"Leeds","postalCode":"LS1 1AA"}],` +
	`"extension":[` + strings.TrimSuffix(strings.Repeat(`{"url":"http://example.org/fhir/StructureDefinition/note","valueString":"a few words of no weight"},`, 9), ",") + `]}`

// listen serves a handler as it is served in production.
func listen(b *testing.B, h http.Handler) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	server := &http.Server{Handler: h}
	go func() { _ = server.Serve(l) }()
	b.Cleanup(func() { _ = server.Close() })
	return "http://" + l.Addr().String()
}

// get reads an address with many connections.
func get(b *testing.B, address string) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			response, err := client.Get(address)
			if err != nil {
				b.Error(err)
				return
			}
			if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != 200 {
				b.Error(response.Status, err)
			}
			_ = response.Body.Close()
		}
	})
}

// BenchmarkRead reads one resource over HTTP: through the server, and through a
// gin handler that has the same bytes and headers in memory.
func BenchmarkRead(b *testing.B) {
	h := newHandler(b, nil)
	require.Equal(b, 201, call(h, "PUT", "/fhir/Patient/p1", fmt.Sprintf(benchPatient, "p1")).Code)
	answer := call(h, "GET", "/fhir/Patient/p1", "")
	body, header := answer.Body.Bytes(), answer.Header()

	b.Run("server", func(b *testing.B) { get(b, listen(b, h)+"/fhir/Patient/p1") })
	b.Run("bare", func(b *testing.B) {
		bare := gin.New()
		bare.GET("/fhir/:type/:id", func(c *gin.Context) {
			for name, values := range header {
				c.Writer.Header()[name] = values
			}
			c.Writer.WriteHeader(http.StatusOK)
			_, _ = c.Writer.Write(body)
		})
		get(b, listen(b, bare)+"/fhir/Patient/p1")
	})
	b.Run("handler", func(b *testing.B) {
		r := httptest.NewRequest("GET", "/fhir/Patient/p1", nil)
		b.ReportAllocs()
		for b.Loop() {
			h.ServeHTTP(httptest.NewRecorder(), r)
		}
	})
}

// BenchmarkCreate posts resources over HTTP with 64 clients to a store in
// memory, so that what is measured is the way there and not the disk.
func BenchmarkCreate(b *testing.B) {
	address := listen(b, newHandler(b, nil)) + "/fhir/Patient"
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}
	body := fmt.Sprintf(benchPatient, "x")
	var failed atomic.Int64
	b.SetParallelism(32) // times two processors
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			response, err := client.Post(address, "application/fhir+json", strings.NewReader(body))
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
			if response.StatusCode != 201 {
				failed.Add(1)
			}
		}
	})
	require.Zero(b, failed.Load())
}
