package profiles

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// extension gives what [extensionRules] checks of an extension of the library:
// where it may stand, the types of its value, its parts. How often parts stand
// and what they hold is for its program.
func (l *Library) extension(url string) *r4.Extension {
	if l == nil {
		return nil
	}
	l.mu.RLock()
	x, ok := l.extensions[url]
	known := l.set.Structures[url] != nil
	l.mu.RUnlock()
	if ok || !known {
		return x
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s, err := l.whole(url)
	if err != nil || s == nil || !s.IsExtension() || s.URL != url {
		return nil
	}
	x = &r4.Extension{URL: s.URL}
	for _, c := range s.Contexts {
		x.Contexts = append(x.Contexts, r4.ExtensionContext{Type: c.Type, Expression: c.Expression})
	}
	if m := s.Snapshot[0].Modifier; m != nil {
		x.Modifier = *m
	}
	fillExtension(x, "Extension", s.Snapshot)
	l.extensions[x.URL] = x
	return x
}

func fillExtension(x *r4.Extension, id string, list []*definition.Element) {
	for _, e := range list {
		rest, under := strings.CutPrefix(e.ID, id+".")
		if !under || strings.Contains(rest, ".") || e.Max == "0" {
			continue
		}
		switch {
		case rest == "value[x]":
			for _, t := range e.Types {
				x.Types = append(x.Types, t.Code)
			}
		case strings.HasPrefix(rest, "extension:"):
			p := r4.Extension{URL: e.SliceName, Repeats: true}
			for _, u := range list {
				if u.ID == e.ID+".url" && u.Fixed != nil {
					p.URL = u.Fixed.Node.Text()
				}
			}
			fillExtension(&p, e.ID, list)
			x.Parts = append(x.Parts, p)
		}
	}
}
