package oauth

import (
	"cmp"
	"time"

	"github.com/pestle-fhir/pestle/internal/sorting"
)

// Granted is what a person has let an app do.
type Granted struct {
	ID      string // of the grant
	Name    string // of the app
	Scopes  []string
	Given   time.Time
	Expires time.Time
}

// Words are the scopes as people read them.
func (a *Granted) Words() (list []string) {
	for _, scope := range a.Scopes {
		list = append(list, inWords(scope))
	}
	return list
}

// AppsOf is what a person has let apps do and is in force, the newest first.
func (s *Server) AppsOf(person string) (list []Granted) {
	now := s.now().Unix()
	s.mu.RLock()
	defer s.mu.RUnlock()
	for id, g := range s.grants {
		c := s.clients.get(g.Client)
		if g.Person.Name != person || g.Expires <= now || c == nil {
			continue
		}
		list = append(list, Granted{ID: id, Name: c.Name, Scopes: g.scopes(), Given: time.Unix(g.Issued, 0), Expires: time.Unix(g.Expires, 0)})
	}
	sorting.By(list, func(a, b Granted) int { return cmp.Or(b.Given.Compare(a.Given), cmp.Compare(a.ID, b.ID)) })
	return list
}

// EndApp ends what a person has let an app do, with all tokens: at once, and durably
// when it returns. It is no error where it has ended, or is another's.
func (s *Server) EndApp(person, id string) error {
	return s.endGrants(func(g *grant) bool { return g.ID == id && g.Person.Name == person })
}
