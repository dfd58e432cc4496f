//go:build acme

package transport

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestObtainedTells: certificates of two kinds of key that are shown by turns are logged
// once each at most, and one that takes their place again.
func TestObtainedTells(t *testing.T) {
	var log strings.Builder
	o := &obtained{host: "pharmacy.example", log: slog.New(slog.NewTextHandler(&log, nil))}
	until := func(day int) *tls.Certificate {
		return &tls.Certificate{Leaf: &x509.Certificate{NotAfter: time.Date(2026, 12, day, 0, 0, 0, 0, time.UTC)}}
	}
	rsa, ecdsa := until(10), until(11)
	for range 5 {
		o.tell(rsa, nil)
		o.tell(ecdsa, nil)
	}
	assert.Equal(t, 2, strings.Count(log.String(), "the certificate of the server"))
	o.tell(until(30), nil)
	assert.Equal(t, 3, strings.Count(log.String(), "the certificate of the server"))
}
