package oauth

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/server/auth"
)

// registry is the clients by id. A Client in it is never changed: another takes
// its place.
type registry struct {
	changing sync.Mutex // one change at a time
	mu       sync.RWMutex
	byID     map[string]*Client
	parsed   sync.Map // parsedKeys by id
}

// parsedKeys are the keys that a client has registered, read once.
type parsedKeys struct {
	of   *Client // of which they are: another takes its place when they change
	keys []auth.Key
	err  error
}

// keysOf are the keys that a client has registered.
func (r *registry) keysOf(c *Client) ([]auth.Key, error) {
	if known, ok := r.parsed.Load(c.ID); ok && known.(parsedKeys).of == c {
		return known.(parsedKeys).keys, known.(parsedKeys).err
	}
	keys, err := parseKeys(c.Keys)
	r.parsed.Store(c.ID, parsedKeys{c, keys, err})
	return keys, err
}

func (r *registry) get(id string) *Client {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byID[id]
}

// Clients returns the clients in the order of their ids.
func (s *Server) Clients() []Client {
	s.clients.mu.RLock()
	defer s.clients.mu.RUnlock()
	out := make([]Client, 0, len(s.clients.byID))
	for _, c := range s.clients.byID {
		out = append(out, *c)
	}
	sorting.By(out, func(a, b Client) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// Client returns a client; an error of kind NotFound where there is none.
func (s *Server) Client(id string) (Client, error) {
	if c := s.clients.get(id); c != nil {
		return *c, nil
	}
	return Client{}, fhir.E("client", fhir.NotFound, fhir.Issue{Message: fmt.Sprintf("There is no client %q.", id), Fix: "pestle client list prints those there are."})
}

// Add registers a client.
func (s *Server) Add(c Client) (Client, error) {
	s.clients.changing.Lock()
	defer s.clients.changing.Unlock()
	if s.clients.get(c.ID) != nil {
		return c, fhir.E("client", fhir.Conflict, fhir.Issue{Message: fmt.Sprintf("There is a client %q already.", c.ID), Fix: "Choose another id, or change its keys with pestle client rotate."})
	}
	c.Created = s.now().UTC()
	return c, s.put(&c)
}

// Rotate replaces the keys of a client, by a set or by the URL of one, or its secret.
// Tokens that it has stay in force. A public client has nothing to replace.
func (s *Server) Rotate(id string, by Credentials) (Client, error) {
	c, err := s.Client(id)
	if err == nil && c.Public() {
		err = fmt.Errorf("the client %q is a public one: it has neither keys nor a secret", id)
	}
	if err != nil {
		return c, err
	}
	return s.change(id, func(c *Client) { c.Credentials = by })
}

// Disable takes a client's tokens away and gives it none any more, or lets it
// have tokens again.
func (s *Server) Disable(id string, disabled bool) (Client, error) {
	c, err := s.change(id, func(c *Client) { c.Disabled = disabled })
	if err != nil || !disabled {
		return c, err
	}
	return c, errors.Join(s.revokeWhere(func(t *token) bool { return t.Client == id }), s.endGrants(func(g *grant) bool { return g.Client == id }))
}

func (s *Server) change(id string, change func(*Client)) (Client, error) {
	s.clients.changing.Lock()
	defer s.clients.changing.Unlock()
	c, err := s.Client(id)
	if err != nil {
		return c, err
	}
	change(&c)
	return c, s.put(&c)
}

// put stores a client that has no problems; the caller holds changing.
func (s *Server) put(c *Client) error {
	if err := c.problems(s.config.Known); err != nil {
		return fmt.Errorf("the client is not valid:\n%w", err)
	}
	c.Changed = s.now().UTC()
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := s.writer.write(map[string][]byte{clientName + c.ID: text}); err != nil {
		return err
	}
	s.clients.mu.Lock()
	defer s.clients.mu.Unlock()
	s.clients.byID = maps.Clone(s.clients.byID)
	s.clients.byID[c.ID] = c
	s.fetcher.Forget(c.ID)
	return nil
}
