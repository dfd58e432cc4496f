//go:build acme

package transport

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// ACME says from whom a server gets its certificate by itself (RFC 8555). Who issues it
// proves that the name is the server's by a connection to its port 443 (RFC 8737).
type ACME struct {
	Host      string // for which the certificate is, a DNS name in lower case
	Email     string // whom who issues it warns; "" for nobody
	Directory string // the URL of the ACME server's directory
	CA        string // a file of certificates in PEM of who may sign the ACME server's; "" for those of the system
	Keep      string // the folder where certificate and keys are kept, for their owner alone
	ClientCA  string // as in [Files]
}

// Config is what a listener needs, which gets the certificate when it is first asked for,
// and renews it 30 days before it ends. A client that names no host is given it too.
func (a ACME) Config(minimum uint16, log *slog.Logger) (*tls.Config, error) {
	client := &acme.Client{DirectoryURL: a.Directory, UserAgent: "pestle"}
	if a.CA != "" {
		pool, err := certificatesIn(a.CA)
		if err != nil {
			return nil, fmt.Errorf("certificates of who signs the ACME server's: %w", err)
		}
		client.HTTPClient = &http.Client{Timeout: time.Minute, Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
	}
	manager := &autocert.Manager{Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(a.Keep), HostPolicy: autocert.HostWhitelist(a.Host), Client: client, Email: a.Email}
	o := &obtained{manager: manager, host: a.Host, log: log}
	config := &tls.Config{MinVersion: minimum, GetCertificate: o.certificate, NextProtos: []string{"http/1.1", acme.ALPNProto}}
	return config, withClients(config, a.ClientCA)
}

// Obtain gets the certificate of a [ACME.Config] before a client asks for it. The listener
// must be open, to which the ACME server connects.
func (a ACME) Obtain(config *tls.Config) {
	_, _ = config.GetCertificate(&tls.ClientHelloInfo{ServerName: a.Host, // a failure is in the log
		CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}, SupportedCurves: []tls.CurveID{tls.CurveP256}, SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256}})
}

// obtained are the certificates of an ACME server.
type obtained struct {
	manager *autocert.Manager
	host    string
	log     *slog.Logger

	mu     sync.Mutex
	shown  time.Time // until when the one is valid of which the log tells
	failed time.Time // when the log last told of a failure
}

func (o *obtained) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if hello.ServerName == "" {
		hello.ServerName = o.host
	}
	certificate, err := o.manager.GetCertificate(hello)
	if strings.EqualFold(hello.ServerName, o.host) && !slices.Contains(hello.SupportedProtos, acme.ALPNProto) {
		o.tell(certificate, err)
	}
	return certificate, err
}

// tell logs a certificate that is valid for longer than those before, and once a minute that
// there is none. Those with keys of RSA and ECDSA are shown by turns.
func (o *obtained) tell(certificate *tls.Certificate, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case err != nil && time.Since(o.failed) > time.Minute:
		o.failed = time.Now()
		o.log.Error("there is no certificate of the server: the ACME server must reach it at port 443 of the name", "host", o.host, "directory", o.manager.Client.DirectoryURL, "error", err)
	case err == nil && certificate.Leaf.NotAfter.After(o.shown):
		o.shown = certificate.Leaf.NotAfter
		o.log.Info("the certificate of the server", "host", o.host, "until", o.shown)
	}
}
