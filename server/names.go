package server

import "strings"

// name settles by which SearchParameters the request searches, and which base URLs are of this server: those that the repository
// knows and, where no public URL is configured, that by which the request came.
// With one, whoever sends a Host header of its choice must not decide it.
func (s *Server) name(x *exchange) {
	x.own, x.custom = s.config.Repository.Own, s.config.Repository.Custom()
	if s.config.PublicURL == "" {
		x.own = x.own.Or(x.base)
		x.learned = x.base
	}
}

// relative is an address below a base of this server, by whatever name.
func (x *exchange) relative(address string) string {
	for _, prefix := range Bases {
		i := strings.Index(address, prefix+"/")
		if i < 0 {
			continue
		}
		if base := address[:i+len(prefix)]; x.own(base) {
			return address[i+len(prefix)+1:]
		}
	}
	return address
}
