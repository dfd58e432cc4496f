//go:build acme

package main

import (
	"crypto/tls"
	"log/slog"

	"github.com/pestle-fhir/pestle/server/transport"
)

// config is how TLS is spoken with a certificate that obtain gets.
func (o acmeOptions) config(minimum uint16, clientCA string, log *slog.Logger) (config *tls.Config, obtain func(), err error) {
	a := transport.ACME{Host: o.host, Email: o.Email, Directory: o.Directory, CA: o.CA, Keep: o.keep, ClientCA: clientCA}
	config, err = a.Config(minimum, log)
	return config, func() { a.Obtain(config) }, err
}
