package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
)

// acmeOptions say from whom the server gets its certificate by itself.
type acmeOptions struct {
	On        bool   `name:"acme" env:"PESTLE_ACME" help:"Get the certificate for the host of --public-url from an ACME server (RFC 8555), and renew it. Agrees to its terms of use."`
	Email     string `name:"acme-email" env:"PESTLE_ACME_EMAIL" placeholder:"ADDRESS" help:"Whom the ACME server warns."`
	Directory string `name:"acme-directory" env:"PESTLE_ACME_DIRECTORY" placeholder:"URL" default:"https://acme-v02.api.letsencrypt.org/directory" help:"Directory of the ACME server. Default: Let's Encrypt."`
	CA        string `name:"acme-ca" env:"PESTLE_ACME_CA" placeholder:"FILE" help:"Certificates in PEM of who may sign that of the ACME server; those of the system otherwise."`

	host, keep string // for which the certificate is, and the folder where it is kept
}

func (o *acmeOptions) complete(c *serveCommand) error {
	if !o.On {
		if o.Email != "" || o.CA != "" {
			return errors.New("--acme-email and --acme-ca are for --acme")
		}
		return nil
	}
	at, err := url.Parse(c.PublicURL)
	switch {
	case c.TLSCert != "":
		return errors.New("--acme and --tls-cert both say where the certificate is from: set one of them")
	case len(c.proxies) > 0:
		return errors.New("--acme and --behind-proxy both say who speaks TLS: set one of them")
	case err != nil || at.Scheme != "https" || !strings.Contains(at.Hostname(), ".") || net.ParseIP(at.Hostname()) != nil:
		return fmt.Errorf("--acme needs --public-url with the name for which the certificate is, such as https://pharmacy.example; found %q", c.PublicURL)
	case !strings.HasPrefix(o.Directory, "https://"):
		return fmt.Errorf("--acme-directory %s: expected a URL with https", o.Directory)
	}
	o.host, o.keep = strings.ToLower(at.Hostname()), filepath.Join(c.Data, "acme")
	return nil
}
