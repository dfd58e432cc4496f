package outbound

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Check says what is wrong with an address, before it is called: its scheme, its host,
// what must not be in it. Whether its name leads to a private address is only known when
// it is called, and is refused then.
func (o Options) Check(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("it is not a URL")
	}
	return o.check(u)
}

func (o Options) check(u *url.URL) error {
	host := u.Hostname()
	switch {
	case u.Opaque != "" || host == "":
		return errors.New("it has no host: an absolute https URL is expected")
	case u.User != nil:
		return errors.New("it has a user name or a password, which a log would show")
	case u.Fragment != "":
		return errors.New("it has a fragment, which is not sent")
	case u.Scheme == "http" && o.Loopback && isLoopback(host):
	case u.Scheme == "http" && o.Loopback:
		return errors.New("http is for this machine alone: https is expected")
	case u.Scheme != "https":
		return errors.New("https is expected")
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		if err := o.permits(ip); err != nil {
			return err
		}
	} else if isLoopback(host) && !o.Loopback && !o.Private {
		return ErrPrivate
	}
	if len(o.Hosts) > 0 && !o.Listed(u) {
		return fmt.Errorf("the host %s is not among those that the operator allows", u.Host)
	}
	return nil
}

// Listed reports whether the host of an address is among [Options.Hosts].
func (o Options) Listed(u *url.URL) bool {
	host, port := strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")), u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return slices.ContainsFunc(o.Hosts, func(allowed string) bool {
		name, at, err := net.SplitHostPort(allowed)
		if err != nil {
			name, at = strings.Trim(allowed, "[]"), "443"
		}
		name = strings.ToLower(name)
		if below, wild := strings.CutPrefix(name, "*."); wild {
			return at == port && strings.HasSuffix(host, "."+below)
		}
		return at == port && host == name
	})
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}

// ErrPrivate is why an address that is not public is not connected to.
var ErrPrivate = errors.New("it is at a private address")

// reachable refuses addresses to which no connection is made, once the name is resolved:
// whoever names an address must not make the server ask its neighbours. It is asked
// about the very address that is connected to, so that a name cannot lead elsewhere
// meanwhile.
func (o Options) reachable(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	return o.permits(at.Addr())
}

func (o Options) permits(ip netip.Addr) error {
	ip = ip.WithZone("")
	plain := ip.Unmap()
	switch {
	case plain.IsLoopback() && (o.Loopback || o.Private):
		return nil
	case o.Private && (plain.IsPrivate() || shared.Contains(plain)) && !slices.ContainsFunc(metadata, func(p netip.Prefix) bool { return p.Contains(plain) }):
		return nil
	case ip != plain, !plain.IsGlobalUnicast(), plain.IsPrivate(), slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(plain) }):
		return ErrPrivate
	}
	return nil
}

// shared is RFC 6598: addresses behind a carrier's translation.
var shared = netip.MustParsePrefix("100.64.0.0/10")

// metadata are the addresses at which clouds tell a machine its secrets, as far as they
// are not link-local.
var metadata = prefixes("fd00:ec2::254/128", "100.100.100.200/32", "168.63.129.16/32")

// special are addresses that look public and are not: IANA's registries of special-purpose
// addresses (RFC 6890 and what came after), forms of IPv6 that lead to IPv4, and a
// metadata address that is public by its form.
var special = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"168.63.129.16/32",
	"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
)

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(texts))
	for _, text := range texts {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}
