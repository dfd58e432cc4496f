package transport

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are the addresses of the reverse proxies in front of the server.
type Proxies []netip.Prefix

// ParseProxies reads IP addresses and networks, "10.0.0.7" or "10.0.0.0/24".
func ParseProxies(list []string) (Proxies, error) {
	var out Proxies
	for _, text := range list {
		prefix, err := netip.ParsePrefix(text)
		if addr, addrErr := netip.ParseAddr(text); addrErr == nil {
			prefix, err = netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%q is not an IP address or network: expected such as 10.0.0.7 or 10.0.0.0/24", text)
		}
		if prefix.Bits() == 0 {
			return nil, fmt.Errorf("%q is every address: name those of the proxies", text)
		}
		out = append(out, prefix)
	}
	return out, nil
}

// Has reports whether an address is a proxy's.
func (p Proxies) Has(addr netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}

// forwarding are the headers in which a proxy says whom it forwards for.
var forwarding = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Proto", "X-Forwarded-Server", "X-Real-Ip"}

// resolve makes RemoteAddr that of the client: of the nearest machine that is not
// a proxy. From anybody but a proxy the headers are taken off. It reports whether
// the request came to the server, or to the proxy, under TLS.
func (p Proxies) resolve(r *http.Request) (secure bool) {
	peer := addressOf(r.RemoteAddr)
	if !p.Has(peer) {
		for _, name := range forwarding {
			r.Header.Del(name)
		}
		return r.TLS != nil
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		client, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break // what is before it is not known to be true
		}
		r.RemoteAddr = net.JoinHostPort(client.Unmap().String(), "0")
		if !p.Has(client) {
			break
		}
	}
	proto := r.Header.Values("X-Forwarded-Proto")
	return r.TLS != nil || len(proto) == 1 && strings.EqualFold(strings.TrimSpace(proto[0]), "https")
}

// addressOf is the IP address of "address:port", invalid where it has none.
func addressOf(hostPort string) netip.Addr {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		return netip.Addr{}
	}
	addr, _ := netip.ParseAddr(host)
	return addr.Unmap()
}
