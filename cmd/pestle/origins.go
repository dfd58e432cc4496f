package main

import "net"

// origins are the origins by which clients know a server that listens at an
// address: the public URL, and what reaches the address without a name service.
// Where it listens on every interface of the machine, that is each of them.
func origins(publicURL string, listens net.Addr) []string {
	var out []string
	if publicURL != "" {
		out = append(out, publicURL)
	}
	host, port, err := net.SplitHostPort(listens.String())
	if err != nil {
		return out
	}
	hosts := []string{host}
	switch ip := net.ParseIP(host); {
	case ip == nil:
	case ip.IsUnspecified():
		hosts = append(addresses(), "localhost")
	case ip.IsLoopback():
		hosts = append(hosts, "localhost", "127.0.0.1", "::1")
	}
	for _, host := range hosts {
		out = append(out, "http://"+net.JoinHostPort(host, port), "https://"+net.JoinHostPort(host, port))
	}
	return out
}

// addresses are those of the interfaces of this machine.
func addresses() (out []string) {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil // then they are no names of the server, as those of a proxy are none
	}
	for _, a := range list {
		if n, ok := a.(*net.IPNet); ok {
			out = append(out, n.IP.String())
		}
	}
	return out
}
