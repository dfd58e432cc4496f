package oauth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
)

// A refresh token is the id of its grant and a secret of which the grant keeps the
// SHA-256. Each is taken once and replaced by another; an older one ends the grant,
// since two hold what one was given: RFC 9700 section 4.14.2.

// newRefresh makes another refresh token.
func (g *grant) newRefresh() string {
	secret := random(tokenSize)
	sum := sha256.Sum256([]byte(secret))
	g.Refresh = sum[:]
	return g.ID + "." + secret
}

// splitRefresh is the id and the secret of a refresh token; false for another text.
func splitRefresh(text string) (id, secret string, ok bool) {
	n := base64.RawURLEncoding.EncodedLen(grantIDSize)
	if len(text) != n+1+base64.RawURLEncoding.EncodedLen(tokenSize) || text[n] != '.' {
		return "", "", false
	}
	return text[:n], text[n+1:], true
}

func (g *grant) fits(secret string) bool {
	sum := sha256.Sum256([]byte(secret))
	return len(g.Refresh) > 0 && subtle.ConstantTimeCompare(sum[:], g.Refresh) == 1
}

// refresh returns another access token of a grant, with the same scopes or
// fewer: RFC 6749 section 6.
func (s *Server) refresh(r *http.Request, c *Client, form url.Values, values map[string][]byte) (map[string]any, error) {
	id, secret, ok := splitRefresh(form.Get("refresh_token"))
	if !ok {
		return nil, s.unsettled(values, badGrant("refresh_token", "it is not a refresh token of this server"))
	}
	known := s.granted(id)
	if known == nil || s.now().Unix() >= known.Expires {
		return nil, s.unsettled(values, badGrant("refresh_token", "it has expired or was revoked: send the person to the authorization endpoint again"))
	}
	scope, err := narrowed(form.Get("scope"), known.Scope)
	if err != nil {
		return nil, s.unsettled(values, err)
	}
	p, there := s.current(known.Person)
	next, text := s.rotate(c, id, secret, p)
	if next == nil || !there {
		if err := s.endGrant(id); err != nil {
			return nil, err
		}
		return nil, s.unsettled(values, badGrant("refresh_token", "it was used before, is another client's or of somebody who has left; what it gave is revoked"))
	}
	values[grantName+id] = next.record()
	answer, err := s.answer(r, next, scope, values)
	if err != nil {
		s.putBack(known, next)
		return nil, err
	}
	answer["refresh_token"] = text
	return answer, nil
}

// rotate replaces the refresh token of a grant; nil where the one that came is not
// that in force, or not the client's.
func (s *Server) rotate(c *Client, id, secret string, p Person) (next *grant, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.grants[id]
	if g == nil || g.Client != c.ID || !g.fits(secret) {
		return nil, ""
	}
	changed := *g
	changed.Person = p
	text = changed.newRefresh()
	s.grants[id] = &changed
	return &changed, text
}

// putBack returns to the token of before where the next one could not be stored.
func (s *Server) putBack(before, next *grant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.grants[next.ID] == next {
		s.grants[next.ID] = before
	}
}

// begin begins a grant, and returns its first tokens.
func (s *Server) begin(r *http.Request, g *grant, nonce string, values map[string][]byte) (map[string]any, error) {
	text := ""
	if g.refreshes() {
		text = g.newRefresh()
	}
	values[grantName+g.ID] = g.record()
	s.mu.Lock()
	s.grants[g.ID] = g
	s.mu.Unlock()
	answer, err := s.answer(r, g, g.Scope, values)
	if err == nil && g.has("openid") {
		answer["id_token"], err = s.idToken(r, g, nonce)
	}
	if err != nil {
		_ = s.endGrant(g.ID) // it was given to nobody
		return nil, err
	}
	if text != "" {
		answer["refresh_token"] = text
	}
	return answer, nil
}

// answer issues an access token of a grant and says what it is for.
func (s *Server) answer(r *http.Request, g *grant, scope string, values map[string][]byte) (map[string]any, error) {
	p := g.Person
	answer, err := s.grant(&token{Client: g.Client, Scope: scope, Person: &p, Grant: g.ID, Patient: g.Patient, Encounter: g.Encounter, Proved: g.Proved, Strength: g.Strength}, values)
	if err != nil {
		return nil, err
	}
	if g.Patient != "" {
		answer["patient"], answer["need_patient_banner"] = g.Patient, true
	}
	if g.Encounter != "" {
		answer["encounter"] = g.Encounter
	}
	return answer, nil
}
