package oauth

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
)

// maxRedirects is how many addresses an app may be registered with.
const maxRedirects = 20

func (c *Client) redirectProblems() error {
	switch {
	case c.Kind != App && len(c.Redirects) > 0:
		return errors.New("redirect_uris: a client without a user has none")
	case c.Kind == App && (len(c.Redirects) == 0 || len(c.Redirects) > maxRedirects):
		return fmt.Errorf("redirect_uris: expected 1 to %d addresses of the app, to which the browser goes back", maxRedirects)
	}
	var out []error
	for _, text := range c.Redirects {
		out = append(out, checkRedirect(text))
	}
	return errors.Join(out...)
}

// checkRedirect refuses an address to which no code must be sent: in clear text to
// another machine, or one whose end another could choose.
func checkRedirect(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Opaque != "" || len(text) > 1000 || u.String() != text:
		return fmt.Errorf("redirect_uri %q: expected an absolute URL without a user and a fragment, in its plain form", text)
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u)):
		return fmt.Errorf("redirect_uri %q: expected https, or http to this machine alone (127.0.0.1, [::1] or localhost)", text)
	}
	return nil
}

// loopback reports whether a URL is of the machine that the browser runs on.
func loopback(u *url.URL) bool {
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && ip.IsLoopback() || u.Hostname() == "localhost"
}

// redirects reports whether a code may be sent to an address: to one that the app
// was registered with, compared as text. Of a native app the port is free, since it
// listens on whichever it gets: RFC 8252 section 7.3.
func (c *Client) redirects(text string) bool {
	return slices.ContainsFunc(c.Redirects, func(registered string) bool {
		return text == registered || withoutPort(text) == withoutPort(registered) && withoutPort(text) != ""
	})
}

// withoutPort is an address of a native app without its port; "" for any other. The
// name localhost is not one, since it may be another machine's.
func withoutPort(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || u.User != nil || u.Fragment != "" || u.String() != text {
		return ""
	}
	ip, err := netip.ParseAddr(u.Hostname())
	if err != nil || !ip.IsLoopback() {
		return ""
	}
	u.Host = net.JoinHostPort(u.Hostname(), "")
	return u.String()
}
