package oauth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/auth"
)

// hash is the SHA-256 of a token, or of what names an assertion.
type hash [sha256.Size]byte

// token is an access token in force, without the token itself.
type token struct {
	Client    string  `json:"client"`
	Scope     string  `json:"scope"`
	Issued    int64   `json:"iat"`
	Expires   int64   `json:"exp"`
	Person    *Person `json:"person,omitempty"`    // nil for the client itself
	Grant     string  `json:"grant,omitempty"`     // what the person let the client do; "" of a sandbox's person by themselves
	Patient   string  `json:"patient,omitempty"`   // logical id, of the launch
	Encounter string  `json:"encounter,omitempty"` // likewise
	Proved    int64   `json:"auth_time,omitempty"` // when the person last proved who they are
	Strength  int     `json:"aal,omitempty"`       // how strongly; see [fhir.Principal]

	identity auth.Identity
}

// Person is somebody who acts with a token.
type Person struct {
	Name         string   `json:"name"`  // by which they are known to who signs them in: "pharmacist", and that of their account
	Agent        string   `json:"agent"` // a reference or an identifier
	Display      string   `json:"display"`
	Organisation string   `json:"organisation"`
	Roles        []string `json:"roles"`
	Scopes       string   `json:"scopes"` // the most that a program may do for them, with blanks between; "" for what their roles allow
}

// tokenSize is the size of a token in bytes, before it is written in base64url.
const tokenSize = 32

// isOpaque reports whether a text has the form of a token of this server.
func isOpaque(text string) bool {
	if len(text) != base64.RawURLEncoding.EncodedLen(tokenSize) {
		return false
	}
	return !strings.Contains(text, ".")
}

// ForPerson issues a token to a person of a sandbox.
func (s *Server) ForPerson(p Person) (string, error) {
	return s.issue(&token{Client: "sandbox-" + p.Name, Scope: p.Scopes, Person: &p}, map[string][]byte{})
}

// find is the token in force that a text is, nil where it is none. That of a client
// that is disabled is none, even where its deletion was not stored in time.
func (s *Server) find(text string) *token {
	key := hash(sha256.Sum256([]byte(text)))
	s.mu.RLock()
	t := s.tokens[key]
	s.mu.RUnlock()
	if t == nil || s.now().Unix() >= t.Expires || !s.inForce(t) {
		return nil
	}
	if t.Grant != "" {
		return s.today(t)
	}
	return t
}

// today is a token of a person as they are now: nil for one who has left, and with
// the roles and the organisation that they have.
func (s *Server) today(t *token) *token {
	p, ok := s.current(*t.Person)
	if !ok {
		return nil
	}
	if p.Organisation == t.Person.Organisation && slices.Equal(p.Roles, t.Person.Roles) {
		return t
	}
	changed := *t
	changed.Person = &p
	s.identify(&changed)
	return &changed
}

// inForce reports whether whoever a token was issued to may have one: a person of a
// sandbox, or a client that is there and not disabled, of a grant that has not ended.
func (s *Server) inForce(t *token) bool {
	if t.Person != nil && t.Grant == "" {
		return true
	}
	c := s.clients.get(t.Client)
	return c != nil && !c.Disabled
}

// issue makes a token and stores it together with other values. It is durable
// when issue returns.
func (s *Server) issue(t *token, values map[string][]byte) (string, error) {
	var secret [tokenSize]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString(secret[:])
	key := hash(sha256.Sum256([]byte(text)))
	now := s.now()
	t.Issued, t.Expires = now.Unix(), now.Add(s.config.Lifetime).Unix()
	if t.Grant != "" {
		t.Expires = now.Add(appLifetime).Unix()
	}
	record, err := json.Marshal(t)
	if err != nil {
		return "", err
	}
	values[tokenName+string(key[:])] = record
	s.sweep(now, values)
	if err := s.writer.write(values); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.inForce(t) || t.Grant != "" && s.grants[t.Grant] == nil {
		return "", &failure{status: 401, code: invalidClient, member: "client_id", message: "the client was disabled, or what it was granted was revoked"}
	}
	s.identify(t) // here, so that roles and delegates that are replaced meanwhile count
	s.tokens[key] = t
	return text, nil
}

// identify works out who the bearer of a token is.
func (s *Server) identify(t *token) {
	p := t.Person
	if p == nil {
		c := s.clients.get(t.Client)
		if c == nil {
			c = &Client{Disabled: true}
		}
		p = &Person{Agent: c.ID, Display: c.Name, Organisation: c.Organisation, Roles: c.Roles}
	}
	t.identity = auth.Identity{Scopes: auth.ParseScopes(t.Scope).OfPatient(t.Patient), Requester: fhir.Principal{
		Agent: p.Agent, Display: p.Display, OnBehalf: p.Organisation, Client: t.Client, Roles: p.Roles,
		Delegates: s.delegatesOf(p.Organisation), Person: t.Person != nil, Strength: t.Strength,
	}}
	t.identity.Standing = t.standing
	if t.Proved > 0 {
		t.identity.Requester.Verified = time.Unix(t.Proved, 0).UTC()
	}
	if (len(p.Roles) > 0 || t.Grant != "") && s.config.Roles != nil { // a person without roles may do nothing
		t.identity.Roles = s.config.Roles(p.Roles)
		t.identity.Requester.SeesAll, t.identity.Requester.SeesNone = t.identity.Roles.SeesAll(), t.identity.Roles.SeesNone()
	}
}

// sweepEvery is how often what has expired is dropped.
const sweepEvery = time.Minute

// sweep drops from memory what has expired, and adds its deletion to values.
func (s *Server) sweep(now time.Time, values map[string][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.swept) < sweepEvery {
		return
	}
	s.swept = now
	for key, t := range s.tokens {
		if t.Expires <= now.Unix() {
			delete(s.tokens, key)
			values[tokenName+string(key[:])] = nil
		}
	}
	for key, k := range s.codes {
		if k.Expires+int64(usedLife.Seconds()) <= now.Unix() {
			delete(s.codes, key)
			values[codeName+string(key[:])] = nil
		}
	}
	for id, g := range s.grants {
		if g.Expires <= now.Unix() {
			delete(s.grants, id)
			values[grantName+id] = nil
		}
	}
	for key, l := range s.launches {
		if l.Expires <= now.Unix() {
			delete(s.launches, key)
			values[launchName+string(key[:])] = nil
		}
	}
	s.replay.sweep(now.Unix(), values)
}

// revokeWhere takes tokens out of force: at once, and durably when it returns.
func (s *Server) revokeWhere(which func(*token) bool) error {
	values := map[string][]byte{}
	s.mu.Lock()
	for key, t := range s.tokens {
		if which(t) {
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

// revoked takes one token out of force.
func (s *Server) revoked(key hash) error {
	s.mu.Lock()
	delete(s.tokens, key)
	s.mu.Unlock()
	return s.writer.write(map[string][]byte{tokenName + string(key[:]): nil})
}
