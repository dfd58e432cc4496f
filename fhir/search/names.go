package search

import (
	"strings"
	"sync"
)

// Bases are the paths below which this server answers: the usual one and that
// of NHS England's interfaces.
var Bases = []string{"/fhir", "/FHIR/R4"}

// Own reports whether a base URL, "https://host/fhir", is one of this server,
// so that an absolute reference below it is the same as the relative one. A nil
// Own knows none.
type Own func(base string) bool

// is reports whether a reference below a base leads to this server; "" is the
// base of a relative one.
func (o Own) is(base string) bool { return base == "" || o != nil && o(base) }

// Or also takes the bases that have the name of another one.
func (o Own) Or(base string) Own {
	name, ok := Name(base)
	if !ok {
		return o
	}
	return func(b string) bool {
		if o != nil && o(b) {
			return true
		}
		n, ok := Name(b)
		return ok && n == name
	}
}

// Name is the name by which a base URL knows its server: host, port and the
// path before one of [Bases]. It does not depend on the scheme, since who ends
// TLS before the server changes that, nor on which of the bases it is. ok is
// false for what is no base of such a server.
func Name(base string) (name string, ok bool) {
	scheme, rest, ok := strings.Cut(base, "://")
	if !ok {
		return "", false
	}
	for _, path := range Bases {
		if origin, ok := strings.CutSuffix(rest, path); ok {
			return originName(scheme, origin)
		}
	}
	return "", false
}

// originName is the name in what follows the scheme of an origin.
func originName(scheme, origin string) (name string, ok bool) {
	host, path, _ := strings.Cut(origin, "/")
	host = strings.ToLower(host)
	switch strings.ToLower(scheme) {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	default:
		return "", false
	}
	if path = strings.Trim(path, "/"); path != "" {
		path = "/" + path
	}
	return host + path, host != "" && !strings.ContainsAny(host, "@?#")
}

// Names are the names of one server. The zero value has none. It is safe for
// concurrent use.
type Names struct {
	mu  sync.RWMutex
	all map[string]bool
}

// AddOrigin adds the name of an origin, "https://fhir.example.org".
func (n *Names) AddOrigin(origin string) {
	if scheme, rest, ok := strings.Cut(origin, "://"); ok {
		if name, ok := originName(scheme, strings.TrimRight(rest, "/")); ok {
			n.Add(name)
		}
	}
}

// Add adds a name as [Name] returns it.
func (n *Names) Add(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.all == nil {
		n.all = map[string]bool{}
	}
	n.all[name] = true
}

// Own reports whether a base URL is one of this server.
func (n *Names) Own(base string) bool {
	name, ok := Name(base)
	if !ok {
		return false
	}
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.all[name]
}

// RefersBelow reports whether any reference among the entries of a resource is
// absolute and below a base with the name of the one that is given.
func RefersBelow(resourceType string, entries []Entry, base string) bool {
	own := Own(nil).Or(base)
	for i := range entries {
		typ, code := owner(resourceType, entries[i].Param)
		if !IsReference(typ, code) {
			continue
		}
		if b := baseOf(entries[i].Key); b != "" && own.is(b) {
			return true
		}
	}
	return false
}
