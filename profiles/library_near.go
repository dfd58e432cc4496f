package profiles

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir/spelling"
)

// Clients send the same few unknown urls again and again. What they are near to is
// remembered, of so many urls, none longer than that.
const (
	maxNear     = 1000
	longestNear = 256
)

// nearProfiles are the profiles that an unknown canonical is likely meant to be.
func (l *Library) nearProfiles(canonical string) []string {
	return l.nearTo(canonical, "profile", func() []string { return spelling.Nearest(canonical, l.urls(), 2) })
}

// nearExtensions is the extension that an unknown url is likely meant to be.
func (l *Library) nearExtensions(url string) []string {
	if l == nil {
		return nil
	}
	return l.nearTo(url, "extension", func() []string {
		return spelling.Nearest(url, slices.DeleteFunc(slices.Clone(l.urls()), func(url string) bool {
			s, known := l.knows(url)
			return !known || !s.IsExtension()
		}), 1)
	})
}

// nearTo remembers what find finds until the definitions change.
func (l *Library) nearTo(url, kind string, find func() []string) []string {
	if len(url) > longestNear {
		return find()
	}
	key := kind + " " + url
	l.mu.RLock()
	names, near := l.names, l.near
	found, known := near[key]
	l.mu.RUnlock()
	if known {
		return found
	}
	found = find()
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case names == nil || len(l.names) == 0 || &names[0] != &l.names[0]:
		return found // the definitions have changed meanwhile, or are asked for the first time
	case l.near == nil || len(l.near) >= maxNear:
		l.near = map[string][]string{}
	}
	l.near[key] = found
	return found
}
