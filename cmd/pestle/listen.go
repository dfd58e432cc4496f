package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"

	"github.com/pestle-fhir/pestle/server/transport"
)

// listening says how clients reach the server: under TLS, or through proxies that
// speak TLS for it.
type listening struct {
	TLSCert     string      `name:"tls-cert" env:"PESTLE_TLS_CERT" placeholder:"FILE" help:"Certificate of the server in PEM, with those behind it. The files are read again when they change."`
	TLSKey      string      `name:"tls-key" env:"PESTLE_TLS_KEY" placeholder:"FILE" help:"Private key of --tls-cert in PEM."`
	ACME        acmeOptions `embed:""`
	TLSMin      string      `name:"tls-min" env:"PESTLE_TLS_MIN" enum:"1.2,1.3" default:"1.2" help:"Oldest version of TLS that is spoken: 1.2 or 1.3."`
	ClientCA    string      `name:"client-ca" env:"PESTLE_CLIENT_CA" placeholder:"FILE" help:"Certificates in PEM of who may sign clients' certificates, for tokens that are bound to one (RFC 8705)."`
	BehindProxy []string    `name:"behind-proxy" env:"PESTLE_BEHIND_PROXY" placeholder:"ADDRESS" help:"IP addresses or networks of the proxies that speak TLS for the server, such as 10.0.0.7 or 10.0.0.0/24. X-Forwarded-For is believed from them alone."`

	proxies transport.Proxies // of BehindProxy
}

func (l *listening) complete() (err error) {
	if (l.TLSCert == "") != (l.TLSKey == "") {
		return errors.New("--tls-cert and --tls-key go together: set both")
	}
	if l.ClientCA != "" && !l.secure() {
		return errors.New("--client-ca needs --tls-cert and --tls-key, or --acme: clients show their certificates to who speaks TLS with them")
	}
	if l.proxies, err = transport.ParseProxies(l.BehindProxy); err != nil {
		return fmt.Errorf("--behind-proxy: %w", err)
	}
	return nil
}

// clearText refuses to take tokens and patients' data in clear text from other
// machines.
func (l *listening) clearText(addr string) error {
	own, err := ownMachine(addr)
	if err != nil || own || l.secure() || len(l.proxies) > 0 {
		return err
	}
	return fmt.Errorf("--addr %s would take tokens and patients' data from other machines in clear text: set --tls-cert and --tls-key; or --acme; or --behind-proxy with the address of the proxy that speaks TLS; or listen on loopback, --addr 127.0.0.1:8080", addr)
}

// ownMachine reports whether an address of a listener, host:port, is reached from
// this machine alone.
func ownMachine(addr string) (bool, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false, fmt.Errorf("--addr %s: %w", addr, err)
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback(), nil
}

// secure reports whether the server itself speaks TLS.
func (l *listening) secure() bool { return l.TLSCert != "" || l.ACME.On }

func (l *listening) scheme() string {
	if l.secure() {
		return "https"
	}
	return "http"
}

// listen opens the address of the interface.
func (l *listening) listen(addr string, log *slog.Logger) (net.Listener, error) {
	config, obtain, err := l.tls(log)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w; choose another with --addr or PESTLE_ADDR", addr, err)
	}
	if config != nil {
		listener = tls.NewListener(listener, config)
		go obtain()
	}
	return transport.Listener(listener), nil
}

// tls is how TLS is spoken, nil for not at all. obtain gets a certificate that is not
// there yet.
func (l *listening) tls(log *slog.Logger) (config *tls.Config, obtain func(), err error) {
	minimum := max(map[string]uint16{"1.3": tls.VersionTLS13}[l.TLSMin], tls.VersionTLS12)
	switch {
	case l.ACME.On:
		return l.ACME.config(minimum, l.ClientCA, log)
	case l.TLSCert != "":
		files, err := transport.NewTLS(transport.Files{Cert: l.TLSCert, Key: l.TLSKey, ClientCA: l.ClientCA}, minimum, log)
		if err != nil {
			return nil, nil, fmt.Errorf("--tls-cert: %w", err)
		}
		return files.Config(), func() {}, nil
	}
	return nil, nil, nil
}
