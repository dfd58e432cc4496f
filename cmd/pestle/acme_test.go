//go:build acme

package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// TestACME gets a certificate of an ACME server of others, the program that PESTLE_PEBBLE
// names: clients that name the host and clients that do not have it before they ask a
// second time, a name that is not the server's has none, and a server that is started again
// has it without asking.
func TestACME(t *testing.T) {
	pebble := os.Getenv("PESTLE_PEBBLE")
	if pebble == "" {
		t.Skip("PESTLE_PEBBLE names no ACME server")
	}
	const host = "pharmacy.example"
	free := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer func() { require.NoError(t, l.Close()) }()
		return l.Addr().String()
	}
	own, directory, management := free(), free(), free()
	a, dir := newAuthority(t), t.TempDir()
	cert, key, ca := filepath.Join(dir, "acme.pem"), filepath.Join(dir, "acme-key.pem"), filepath.Join(dir, "acme-ca.pem")
	a.write(t, "acme", cert, key)
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}), 0o600))
	_, port, err := net.SplitHostPort(own)
	require.NoError(t, err)
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{"listenAddress": directory, "managementListenAddress": management, "certificate": cert, "privateKey": key, "httpPort": 1, "tlsPort": number}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "pebble.json"), config, 0o600))
	run := exec.Command(pebble, "-config", filepath.Join(dir, "pebble.json"), "-dnsserver", serveNames(t))
	run.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1")
	require.NoError(t, run.Start())
	t.Cleanup(func() { _ = run.Process.Kill(); _ = run.Wait() })
	var root []byte
	require.Eventually(t, func() bool {
		resp, err := tlsClient(a).Get("https://" + management + "/roots/0")
		if err != nil {
			return false
		}
		defer func() { _ = resp.Body.Close() }()
		root, err = io.ReadAll(resp.Body)
		return err == nil && resp.StatusCode == http.StatusOK
	}, time.Minute, 50*time.Millisecond)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(root))

	keep := filepath.Join(dir, "keep")
	shown := func(addr, name string) (*x509.Certificate, error) {
		c, err := tls.Dial("tcp", addr, &tls.Config{ServerName: name, InsecureSkipVerify: true}) //nolint:gosec // it is verified below
		if err != nil {
			return nil, err
		}
		defer func() { _ = c.Close() }()
		state := c.ConnectionState()
		between := x509.NewCertPool()
		for _, more := range state.PeerCertificates[1:] {
			between.AddCert(more)
		}
		_, err = state.PeerCertificates[0].Verify(x509.VerifyOptions{DNSName: host, Roots: roots, Intermediates: between})
		return state.PeerCertificates[0], err
	}
	var first *x509.Certificate
	t.Run("new", func(t *testing.T) {
		addr, _ := serveTLS(t, a, func(c *serveCommand) {
			c.Addr, c.listening = own, listening{ClientCA: c.ClientCA}
			c.ACME = acmeOptions{On: true, Email: "it@pharmacy.example", Directory: "https://" + directory + "/dir", CA: ca}
			c.Data, c.PublicURL = keep, "https://"+host
		})
		var err error
		first, err = shown(addr, host)
		require.NoError(t, err)
		unnamed, err := shown(addr, "")
		require.NoError(t, err)
		assert.Equal(t, first.SerialNumber, unnamed.SerialNumber)
		_, err = shown(addr, "other.example")
		require.Error(t, err)
	})
	require.NoError(t, run.Process.Kill())
	addr, _ := serveTLS(t, a, func(c *serveCommand) {
		c.Addr, c.listening = own, listening{}
		c.ACME = acmeOptions{On: true, Directory: "https://" + directory + "/dir", CA: ca}
		c.Data, c.PublicURL = keep, "https://"+host
	})
	again, err := shown(addr, host)
	require.NoError(t, err)
	assert.Equal(t, first.SerialNumber, again.SerialNumber)
	require.NoError(t, filepath.WalkDir(filepath.Join(keep, "acme"), func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			assert.Zero(t, info.Mode().Perm()&0o077, "%s is for its owner alone", path)
		}
		return err
	}))
}

// serveNames answers over DNS that every name is of this machine.
func serveNames(t *testing.T) string {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	go func() {
		buffer := make([]byte, 512)
		for {
			n, from, err := c.ReadFrom(buffer)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buffer[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			m.Response, m.Additionals = true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class}, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}}}}
			}
			if out, err := m.Pack(); err == nil {
				_, _ = c.WriteTo(out, from)
			}
		}
	}()
	return c.LocalAddr().String()
}
