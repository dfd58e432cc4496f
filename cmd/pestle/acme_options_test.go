package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestACMEOptions: what does not fit together is refused before anything is opened.
func TestACMEOptions(t *testing.T) {
	for name, of := range map[string]struct {
		change func(*serveCommand)
		want   string
	}{
		"right":          {func(*serveCommand) {}, ""},
		"capitals":       {func(c *serveCommand) { c.PublicURL = "https://Pharmacy.EXAMPLE" }, ""},
		"an address":     {func(c *serveCommand) { c.PublicURL = "https://192.0.2.1" }, "--acme needs --public-url with the name"},
		"a short name":   {func(c *serveCommand) { c.PublicURL = "https://pharmacy" }, "--acme needs --public-url with the name"},
		"clear text":     {func(c *serveCommand) { c.PublicURL = "http://pharmacy.example" }, "--acme needs --public-url with the name"},
		"files too":      {func(c *serveCommand) { c.TLSCert, c.TLSKey = "cert.pem", "key.pem" }, "set one of them"},
		"a proxy too":    {func(c *serveCommand) { c.BehindProxy = []string{"10.0.0.7"} }, "set one of them"},
		"an http server": {func(c *serveCommand) { c.ACME.Directory = "http://acme.example" }, "expected a URL with https"},
		"not asked for":  {func(c *serveCommand) { c.ACME.On, c.ACME.Email = false, "it@pharmacy.example" }, "are for --acme"},
	} {
		c := &serveCommand{Addr: "0.0.0.0:443", Data: t.TempDir(), Keys: "keys.json", Issuer: "i", Audience: "a", PublicURL: "https://pharmacy.example", DrainSeconds: 1}
		c.ACME = acmeOptions{On: true, Directory: "https://acme.example"}
		of.change(c)
		if err := c.complete(); of.want == "" {
			require.NoError(t, err, name)
			require.Equal(t, "pharmacy.example", c.ACME.host, name)
		} else {
			require.ErrorContains(t, err, of.want, name)
		}
	}
}
