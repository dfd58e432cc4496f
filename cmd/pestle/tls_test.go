package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// authority signs certificates for a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	a := &authority{}
	a.cert, a.key = a.sign(t, "authority", true)
	return a
}

func (a *authority) sign(t *testing.T, name string, ca bool) (*x509.Certificate, *ecdsa.PrivateKey) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<60))
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: ca, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return cert, key
}

// pair is a certificate that clients show, or none of name "".
func (a *authority) pair(t *testing.T, name string) tls.Certificate {
	cert, key := a.sign(t, name, false)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// write stores a certificate of the name and its key.
func (a *authority) write(t *testing.T, name, certFile, keyFile string) {
	cert, key := a.sign(t, name, false)
	der, err := x509.MarshalECPrivateKey(key)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}), 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600))
}

const tlsSecret = "0123456789abcdef0123456789abcdef"

// serveTLS serves under TLS with certificates of the authority, until the test
// ends.
func serveTLS(t *testing.T, a *authority, change func(*serveCommand)) (addr string, files listening) {
	dir := t.TempDir()
	c := &serveCommand{Addr: "127.0.0.1:0", Data: filepath.Join(dir, "data"), Keys: filepath.Join(dir, "keys.json"), Issuer: "i", Audience: "a", PublicURL: "https://pharmacy.example", DrainSeconds: 1}
	c.listening = listening{TLSCert: filepath.Join(dir, "cert.pem"), TLSKey: filepath.Join(dir, "key.pem"), ClientCA: filepath.Join(dir, "ca.pem")}
	a.write(t, "first", c.TLSCert, c.TLSKey)
	require.NoError(t, os.WriteFile(c.ClientCA, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}), 0o600))
	require.NoError(t, os.WriteFile(c.Keys, []byte(`{"keys":[{"kty":"oct","k":"`+base64.RawURLEncoding.EncodeToString([]byte(tlsSecret))+`"}]}`), 0o600))
	change(c)
	require.NoError(t, c.complete())
	log := slog.New(slog.DiscardHandler)
	app, err := openApp(c.appConfig(), log)
	require.NoError(t, err)
	listener, err := c.listen(c.Addr, log)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- c.serve(ctx, app, listener, log, streams{out: io.Discard, err: io.Discard}) }()
	t.Cleanup(func() { stop(); require.NoError(t, <-served); require.NoError(t, app.close()) })
	return listener.Addr().String(), c.listening
}

// tlsClient makes a new connection for each request.
func tlsClient(a *authority, certificates ...tls.Certificate) *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true, ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: a.pool(), Certificates: certificates}}}
}

func tlsAsk(t *testing.T, client *http.Client, addr string, cnf any) (*http.Response, string) {
	r, err := http.NewRequest(http.MethodGet, "https://"+addr+"/fhir/Patient", http.NoBody)
	require.NoError(t, err)
	claims := jwt.MapClaims{"iss": "i", "aud": "a", "sub": "clinic", "scope": "system/*.cruds", "exp": time.Now().Add(time.Minute).Unix()}
	if cnf != nil {
		claims["cnf"] = cnf
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(tlsSecret))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Host = "evil.example"
	resp, err := client.Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, string(body)
}

// TestTLS: links are of the public URL whatever Host says, browsers are told to
// come by TLS alone, and a certificate that is replaced takes effect without a
// restart; one that cannot be used does not.
func TestTLS(t *testing.T) {
	a := newAuthority(t)
	addr, files := serveTLS(t, a, func(*serveCommand) {})
	subject := func() string {
		resp, body := tlsAsk(t, tlsClient(a), addr, nil)
		assert.Equal(t, 200, resp.StatusCode, body)
		assert.Contains(t, body, `"https://pharmacy.example/fhir/Patient`)
		assert.NotContains(t, body, "evil.example")
		assert.Contains(t, resp.Header.Get("Strict-Transport-Security"), "max-age=")
		return resp.TLS.PeerCertificates[0].Subject.CommonName
	}
	assert.Equal(t, "first", subject())
	a.write(t, "second", files.TLSCert, files.TLSKey)
	require.Eventually(t, func() bool { return subject() == "second" }, 10*time.Second, 100*time.Millisecond)
	require.NoError(t, os.WriteFile(files.TLSCert, []byte("no certificate"), 0o600))
	time.Sleep(1100 * time.Millisecond)
	assert.Equal(t, "second", subject())
	require.NoError(t, os.Remove(files.TLSCert))
	time.Sleep(1100 * time.Millisecond)
	assert.Equal(t, "second", subject())
	a.write(t, "third", files.TLSCert, files.TLSKey)
	require.Eventually(t, func() bool { return subject() == "third" }, 10*time.Second, 100*time.Millisecond)
}

// TestTLSVersions: 1.1 is not spoken, and 1.2 not where 1.3 is asked for.
func TestTLSVersions(t *testing.T) {
	a := newAuthority(t)
	for minimum, refused := range map[string][]uint16{"1.2": {tls.VersionTLS10, tls.VersionTLS11}, "1.3": {tls.VersionTLS11, tls.VersionTLS12}} {
		addr, _ := serveTLS(t, a, func(c *serveCommand) { c.TLSMin = minimum })
		for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13} {
			c, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: a.pool(), MinVersion: tls.VersionTLS10, MaxVersion: version})
			if err == nil {
				_ = c.Close()
			}
			assert.Equal(t, version == refused[0] || version == refused[1] || version == tls.VersionTLS10, err != nil, "%s: %x", minimum, version)
		}
	}
}

// TestBoundToken compares the certificate that a token is bound to with that of
// the connection, at each request.
func TestBoundToken(t *testing.T) {
	a, foreign := newAuthority(t), newAuthority(t)
	addr, _ := serveTLS(t, a, func(*serveCommand) {})
	clinic, other := a.pair(t, "clinic"), a.pair(t, "other")
	sum := sha256.Sum256(clinic.Certificate[0])
	bound := map[string]any{"x5t#S256": base64.RawURLEncoding.EncodeToString(sum[:])}
	for name, c := range map[string]struct {
		client *http.Client
		cnf    any
		want   int
	}{
		"its own":           {tlsClient(a, clinic), bound, 200},
		"another":           {tlsClient(a, other), bound, 401},
		"none":              {tlsClient(a), bound, 401},
		"not bound":         {tlsClient(a, other), nil, 200},
		"not bound, none":   {tlsClient(a), nil, 200},
		"by a key":          {tlsClient(a, clinic), map[string]any{"jkt": "x"}, 401},
		"by more":           {tlsClient(a, clinic), map[string]any{"x5t#S256": bound["x5t#S256"], "jkt": "x"}, 401},
		"empty":             {tlsClient(a, clinic), map[string]any{}, 401},
		"a text":            {tlsClient(a, clinic), "x", 401},
		"an empty hash":     {tlsClient(a, clinic), map[string]any{"x5t#S256": ""}, 401},
		"a hash of padding": {tlsClient(a, clinic), map[string]any{"x5t#S256": base64.URLEncoding.EncodeToString(sum[:])}, 401},
	} {
		resp, body := tlsAsk(t, c.client, addr, c.cnf)
		assert.Equal(t, c.want, resp.StatusCode, "%s: %s", name, body)
		if c.want == 401 {
			assert.Contains(t, body, "bound to a client certificate", name)
		}
	}
	r, err := http.NewRequest(http.MethodGet, "https://"+addr+"/fhir/metadata", http.NoBody)
	require.NoError(t, err)
	_, err = tlsClient(a, foreign.pair(t, "clinic")).Do(r) //nolint:bodyclose // there is none
	require.Error(t, err, "a certificate that nobody signed whom the server knows")
}
