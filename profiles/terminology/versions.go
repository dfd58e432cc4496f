package terminology

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// pins are the versions of code systems and value sets that a caller wants, by
// url. A version may be a pattern: 1.0.x is any that begins with 1.0.
type pins struct {
	fallback map[string]string // where nobody names a version
	force    map[string]string // whatever is named
	check    map[string]string // what is used has to be of it; a fallback too
	sets     map[string]string // of value sets that are imported without one
	applied  []pin             // those that made a difference
	picked   map[pin]string    // versions by what pattern they were picked
}

type pin struct{ parameter, canonical string }

func (p *pins) apply(parameter, url, version string) string {
	if one := (pin{parameter, url + "|" + version}); !slices.Contains(p.applied, one) {
		p.applied = append(p.applied, one)
	}
	return version
}

// wanted is the version of a system that is asked for where version is named.
func (p *pins) wanted(url, version string) string {
	switch {
	case p == nil:
	case p.force[url] != "":
		return p.apply("force-system-version", url, p.force[url])
	case version != "":
	case p.fallback[url] != "":
		return p.apply("system-version", url, p.fallback[url])
	case p.check[url] != "":
		return p.apply("check-system-version", url, p.check[url])
	}
	return version
}

// barred is the version that has to be used in place of one, "" where it is good.
func (p *pins) barred(url, version string) string {
	if p == nil || p.check[url] == "" || matches(p.check[url], version) {
		return ""
	}
	return p.check[url]
}

// isPattern reports whether a version stands for several.
func isPattern(version string) bool {
	for part := range strings.SplitSeq(version, ".") {
		if isWild(part) {
			return true
		}
	}
	return false
}

func isWild(part string) bool { return part == "x" || part == "X" || part == "*" }

// matches reports whether a version is one that a pattern stands for. A pattern
// that ends with a wildcard covers all that follows.
func matches(pattern, version string) bool {
	if pattern == version {
		return true
	}
	want, have := strings.Split(pattern, "."), strings.Split(version, ".")
	for i, w := range want {
		switch {
		case isWild(w) && i == len(want)-1:
			return len(have) >= i
		case i >= len(have), !isWild(w) && w != have[i]:
			return false
		}
	}
	return len(have) == len(want)
}

// versions are those of a system that are at hand, ascending.
func (s *Service) versions(url string) (list []string) {
	if s.below != nil {
		list = s.below.versions(url)
	}
	s.mu.RLock()
	for key, sys := range s.systems {
		if u, _ := definition.SplitCanonical(key); u == url && !hollow(sys) && sys.Version() != "" {
			list = append(list, sys.Version())
		}
	}
	s.mu.RUnlock()
	sorting.By(list, definition.CompareVersions)
	return slices.Compact(list)
}

// pick is the newest version of a system that a pattern stands for, "" for none.
func (s *Service) pick(url, pattern string) string {
	key := pin{url, pattern}
	if s.wanted != nil {
		if v, known := s.wanted.picked[key]; known {
			return v
		}
	}
	found := ""
	for _, v := range slices.Backward(s.versions(url)) {
		if matches(pattern, v) {
			found = v
			break
		}
	}
	if s.wanted != nil {
		if s.wanted.picked == nil {
			s.wanted.picked = map[pin]string{}
		}
		s.wanted.picked[key] = found
	}
	return found
}
