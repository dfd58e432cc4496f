package oauth

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"time"
)

// grant is what a person has let an app do, until it ends: access tokens are of a
// grant, and at most one refresh token is in force for it.
type grant struct {
	ID        string `json:"-"`
	Client    string `json:"client"`
	Person    Person `json:"person"`
	Proved    int64  `json:"auth_time"` // when they last proved who they are, in Unix seconds
	Strength  int    `json:"aal,omitempty"`
	Scope     string `json:"scope"`
	Patient   string `json:"patient,omitempty"`   // logical id
	Encounter string `json:"encounter,omitempty"` // logical id
	Issued    int64  `json:"iat"`
	Expires   int64  `json:"exp"` // whatever is refreshed
	Refresh   []byte `json:"refresh_sha256,omitempty"`
}

// How long grants last: as long as their access token; within a working session; or
// until the person has been asked again.
const (
	appLifetime   = 15 * time.Minute // of an access token
	sessionLife   = 12 * time.Hour   // since the person proved who they are: NHS login, sessions at AAL2
	offlineLife   = 90 * 24 * time.Hour
	onlineAccess  = "online_access"
	offlineAccess = "offline_access"
)

func (g *grant) has(scope string) bool { return strings.Contains(" "+g.Scope+" ", " "+scope+" ") }

func (g *grant) scopes() []string { return strings.Fields(g.Scope) }

func (g *grant) refreshes() bool { return g.has(onlineAccess) || g.has(offlineAccess) }

// limit is when the grant ends whatever happens.
func (g *grant) limit(now time.Time) int64 {
	switch {
	case g.has(offlineAccess):
		return now.Add(offlineLife).Unix()
	case g.has(onlineAccess):
		return max(now.Unix(), time.Unix(g.Proved, 0).Add(sessionLife).Unix())
	}
	return now.Add(appLifetime).Unix()
}

func (g *grant) record() []byte {
	text, err := json.Marshal(g)
	if err != nil {
		panic(err) // texts and numbers
	}
	return text
}

// random is a text of some random bytes in base64url.
func random(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// grantIDSize is the size of the id of a grant in bytes.
const grantIDSize = 16

// personReference is the form of the references that fhirUser may be.
var personReference = regexp.MustCompile(`^(Patient|Practitioner|PractitionerRole|RelatedPerson|Person)/[A-Za-z0-9.-]{1,64}$`)

// reference is the resource that a person is, "" where only an identifier is known.
func (p *Person) reference() string {
	if personReference.MatchString(p.Agent) {
		return p.Agent
	}
	return ""
}

// current is the person of a grant as they are now: false for one who has left.
func (s *Server) current(p Person) (Person, bool) {
	if s.config.Account == nil {
		return p, true
	}
	return s.config.Account(p.Name)
}

// granted returns a grant in force.
func (s *Server) granted(id string) *grant {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.grants[id]
}

// endGrants ends grants with all their tokens: at once, and durably when it returns.
func (s *Server) endGrants(which func(*grant) bool) error {
	values, ended := map[string][]byte{}, map[string]bool{}
	s.mu.Lock()
	for id, g := range s.grants {
		if which(g) {
			delete(s.grants, id)
			values[grantName+id], ended[id] = nil, true
		}
	}
	for key, t := range s.tokens {
		if ended[t.Grant] {
			delete(s.tokens, key)
			values[tokenName+string(key[:])] = nil
		}
	}
	s.mu.Unlock()
	if len(values) == 0 {
		return nil
	}
	return s.writer.write(values)
}

func (s *Server) endGrant(id string) error {
	return s.endGrants(func(g *grant) bool { return g.ID == id })
}

// EndOnline ends what a person has let apps do as long as they are signed in: all but
// grants with offline_access.
func (s *Server) EndOnline(name string) error {
	return s.endGrants(func(g *grant) bool { return g.Person.Name == name && !g.has(offlineAccess) })
}

// EndPerson ends what a person has let apps do, with all tokens: at once, and durably
// when it returns.
func (s *Server) EndPerson(name string) error {
	values := map[string][]byte{}
	s.mu.Lock()
	for key, k := range s.codes {
		if k.Grant.Person.Name == name && k.Used == "" {
			delete(s.codes, key)
			values[codeName+string(key[:])] = nil
		}
	}
	s.mu.Unlock()
	return errors.Join(s.unsettled(values, nil), s.endGrants(func(g *grant) bool { return g.Person.Name == name }))
}
