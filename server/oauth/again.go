package oauth

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/server/auth"
)

// byToken is the standing of who came with a token of this server.
const byToken = "token"

// standing is by what the bearer of a token is known again when it has expired.
func (t *token) standing() auth.Standing {
	record, err := json.Marshal(t)
	if err != nil {
		return auth.Standing{}
	}
	return auth.Standing{By: byToken, Record: record}
}

// Again recognises who came with a token at a time, as they are now: a client that is
// registered, with those of its scopes then that it still has; a person who has not
// left, as long as what they let the app do is in force. Callers of another kind are
// asked about where they came from.
func (s *Server) Again(st auth.Standing, since time.Time) (auth.Identity, error) {
	if st.By != byToken {
		if next, ok := s.config.Next.(interface {
			Again(auth.Standing, time.Time) (auth.Identity, error)
		}); ok {
			return next.Again(st, since)
		}
		return auth.Identity{}, auth.ErrNobody
	}
	t := &token{}
	if json.Unmarshal(st.Record, t) != nil || !s.inForce(t) {
		return auth.Identity{}, auth.ErrNobody
	}
	if t.Grant != "" {
		s.mu.RLock()
		g := s.grants[t.Grant]
		s.mu.RUnlock()
		if g == nil || s.now().Unix() >= g.Expires {
			return auth.Identity{}, auth.ErrNobody
		}
		s.identify(t)
		if t = s.today(t); t == nil {
			return auth.Identity{}, auth.ErrNobody
		}
		return t.identity, nil
	}
	if c := s.clients.get(t.Client); c != nil {
		t.Scope = stillHeld(t.Scope, c.Scopes)
	}
	s.identify(t)
	return t.identity, nil
}

// stillHeld is what of a token's scopes a client still has.
func stillHeld(scopes string, most []string) string {
	allowed := parsed(most, func(string) bool { return true })
	var left []string
	for text := range strings.FieldsSeq(scopes) {
		scope, err := auth.ParseScope(text)
		if err != nil {
			continue
		}
		for _, s := range scope.Within(allowed) {
			left = append(left, s.String())
		}
	}
	return strings.Join(left, " ")
}
