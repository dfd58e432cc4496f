//go:build cluster

package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// authority signs certificates of servers on this machine.
type authority struct {
	t    *testing.T
	dir  string
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T, name string) *authority {
	a := &authority{t: t, dir: t.TempDir()}
	var err error
	a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	a.cert = a.sign(name, &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, a.key)
	return a
}

// sign writes NAME.pem and NAME.key.
func (a *authority) sign(name string, c *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	number, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	require.NoError(a.t, err)
	c.SerialNumber, c.Subject = number, pkix.Name{CommonName: name}
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent := a.cert
	if parent == nil {
		parent = c
	}
	text, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), a.key)
	require.NoError(a.t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(a.t, err)
	require.NoError(a.t, os.WriteFile(a.file(name+".pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: text}), 0o600))
	require.NoError(a.t, os.WriteFile(a.file(name+".key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	made, err := x509.ParseCertificate(text)
	require.NoError(a.t, err)
	return made
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

// server writes the certificate of a server.
func (a *authority) server(name string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	a.sign(name, &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}, key)
}

// args are the options of a server with a certificate of an authority, for those who trust
// another file.
func (a *authority) args(m *machine, ca string) []string {
	a.server(m.name)
	cert, key := a.file(m.name+".pem"), a.file(m.name+".key")
	return []string{"--tls-cert", cert, "--tls-key", key, "--node-url", "https://" + m.addr, "--cluster-cert", cert, "--cluster-key", key, "--node-ca", ca}
}

// TestNodesByTLS: servers that speak with each other by certificates pass writes on, survive
// their leader, and let nobody in who has the secret and a certificate of somebody else.
func TestNodesByTLS(t *testing.T) {
	ours, other := newAuthority(t, "ca"), newAuthority(t, "ca")
	trusted.RootCAs = x509.NewCertPool()
	trusted.RootCAs.AddCert(ours.cert)
	all := machinesWith(t, 3, func(m *machine) {
		m.tls = true
		m.args = append(m.args, ours.args(m, ours.file("ca.pem"))...)
	})
	for i, m := range all {
		var got answer
		require.Eventually(t, func() bool {
			var err error
			got, err = m.send("PUT", fmt.Sprint("/fhir/Patient/p", i), fmt.Sprintf(`{"resourceType":"Patient","id":"p%d"}`, i))
			return err == nil && got.status == 201
		}, time.Minute, 200*time.Millisecond, "%s", got.body)
		for _, reader := range all {
			got, err := reader.send("GET", fmt.Sprint("/fhir/Patient/p", i), "", "Pestle-Consistency", "strong")
			require.NoError(t, err)
			require.Equal(t, 200, got.status, "%s by %s: %s", m.name, reader.name, got.body)
		}
	}
	gone := leader(all)
	require.NotNil(t, gone)
	gone.kill()
	rest := all[0]
	if rest == gone {
		rest = all[1]
	}
	require.Eventually(t, func() bool {
		got, err := rest.send("PUT", "/fhir/Patient/after", `{"resourceType":"Patient","id":"after"}`, "X-Request-ID", "after")
		return err == nil && (got.status == 200 || got.status == 201)
	}, time.Minute, 200*time.Millisecond)

	// Who comes in the place of the one that is gone trusts the others, and is not trusted.
	impostor := &machine{t: t, name: gone.name, addr: gone.addr, log: gone.log, data: gone.data + "-other", tls: true}
	for i, arg := range gone.args {
		switch {
		case strings.HasPrefix(arg, ours.dir) && !strings.HasSuffix(arg, "ca.pem"):
			arg = filepath.Join(other.dir, filepath.Base(arg))
		case i > 0 && gone.args[i-1] == "--data":
			arg = impostor.data
		}
		impostor.args = append(impostor.args, arg)
	}
	other.server(gone.name)
	trusted.RootCAs.AddCert(other.cert)
	impostor.start()
	defer impostor.kill()
	require.Never(t, func() bool {
		got, err := impostor.send("GET", "/fhir/Patient/after", "")
		return err == nil && got.status == 200
	}, 15*time.Second, 500*time.Millisecond, "it applied the log")
	require.NotContains(t, rest.health(), "not ready")
	got, err := rest.send("PUT", "/fhir/Patient/last", `{"resourceType":"Patient","id":"last"}`)
	require.NoError(t, err)
	require.Equal(t, 201, got.status, got.body)
}
