package server_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
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

// fetch reads an address n times with 16 connections.
func fetch(b *testing.B, client *http.Client, address string, n int) {
	var group errgroup.Group
	for range 16 {
		group.Go(func() error {
			for range n / 16 {
				response, err := client.Get(address)
				if err != nil {
					return err
				}
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
				if response.StatusCode != http.StatusOK {
					return fmt.Errorf("status %s", response.Status)
				}
			}
			return nil
		})
	}
	require.NoError(b, group.Wait())
}

// BenchmarkRead reads one resource over HTTP through the server, and in turn
// through a gin handler that has the same bytes and headers in memory. The
// figure of-bare is the server's rate as a part of the bare handler's, the median
// of the rounds, since other work on the machine disturbs single ones.
func BenchmarkRead(b *testing.B) {
	h := newHandler(b, nil)
	require.Equal(b, 201, call(h, "PUT", "/fhir/Patient/p1", fmt.Sprintf(benchPatient, "p1")).Code)
	answer := call(h, "GET", "/fhir/Patient/p1", "")
	body, header := answer.Body.Bytes(), answer.Header()
	bare := gin.New()
	bare.GET("/fhir/:type/:id", func(c *gin.Context) {
		for name, values := range header {
			c.Writer.Header()[name] = values
		}
		c.Writer.WriteHeader(http.StatusOK)
		_, _ = c.Writer.Write(body)
	})
	ours, theirs := listen(b, h)+"/fhir/Patient/p1", listen(b, bare)+"/fhir/Patient/p1"
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}

	const round = 800
	fetch(b, client, ours, round)
	fetch(b, client, theirs, round)
	var us time.Duration
	var ratios []float64
	for b.Loop() {
		started := time.Now()
		fetch(b, client, ours, round)
		middle := time.Now()
		fetch(b, client, theirs, round)
		us += middle.Sub(started)
		ratios = append(ratios, float64(time.Since(middle))/float64(middle.Sub(started)))
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "of-bare")
	b.ReportMetric(round*float64(b.N)/us.Seconds(), "reads/s")
}

// BenchmarkReadHandler reads without a network.
func BenchmarkReadHandler(b *testing.B) {
	h := newHandler(b, nil)
	require.Equal(b, 201, call(h, "PUT", "/fhir/Patient/p1", fmt.Sprintf(benchPatient, "p1")).Code)
	r := httptest.NewRequest("GET", "/fhir/Patient/p1", nil)
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
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
