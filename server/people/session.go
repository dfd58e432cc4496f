package people

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"time"
)

// Session is a browser in which somebody has signed in.
type Session struct {
	Person  string `json:"person"`
	Way     string `json:"way"`               // "passkey" or "openid"
	Passkey []byte `json:"passkey,omitempty"` // id of the credential, of a passkey: without it the session is over
	Epoch   int    `json:"epoch"`

	// Provider is where they signed in, and SID the session there, of an OpenID provider.
	Provider string `json:"iss,omitempty"`
	SID      string `json:"sid,omitempty"`

	Begun    int64 `json:"iat"`
	Verified int64 `json:"auth_time"`     // when they proved who they are
	Strength int   `json:"aal,omitempty"` // how strongly: see fhir.Principal
	Seen     int64 `json:"seen"`          // when something was last asked for
}

// The ways to sign in.
const (
	WayPasskey = "passkey"
	WayOpenID  = "openid"
)

// sessionSize is the size of the name of a session in bytes, before it is written
// in base64url.
const sessionSize = 32

// Begin begins a session in the place of another, which may be "". It is durable
// when Begin returns, and its name is new whatever the browser had before.
func (r *Registry) Begin(s Session, before string) (name string, err error) {
	var secret [sessionSize]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return "", err
	}
	name = base64.RawURLEncoding.EncodeToString(secret[:])
	now := r.now().Unix()
	s.Begun, s.Seen = now, now
	if s.Verified == 0 {
		s.Verified = now
	}
	r.mu.RLock()
	if p := r.people[s.Person]; p != nil {
		s.Epoch = p.Epoch
	}
	r.mu.RUnlock()
	text, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	key, old := hashOf(name), hashOf(before)
	values := map[string][]byte{sessionName + string(key[:]): text}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sweep(values)
	was := r.sessions[old]
	if was != nil {
		r.end(old, values)
	}
	if err := r.config.Shelf.Write(values); err != nil {
		if was != nil {
			r.sessions[old] = was
		}
		return "", err
	}
	r.sessions[key] = &s
	return name, nil
}

// Signed returns who a session is of, false where it is over: ended, by its limits,
// or by what changed of the person.
func (r *Registry) Signed(name string) (Person, Session, bool) {
	if len(name) != base64.RawURLEncoding.EncodedLen(sessionSize) {
		return Person{}, Session{}, false
	}
	key := hashOf(name)
	r.mu.RLock()
	s := r.sessions[key]
	var p *Person
	if s != nil {
		p = r.of(s)
	}
	r.mu.RUnlock()
	if p == nil {
		return Person{}, Session{}, false
	}
	if now := r.now(); now.Unix()-s.Seen >= int64(r.touchEvery().Seconds()) {
		s = r.touch(key, s, now)
	}
	return *p, *s, true
}

// Holds reports whether a session is in force, and does not count as its use.
func (r *Registry) Holds(name string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	s := r.sessions[hashOf(name)]
	return s != nil && r.of(s) != nil
}

// of is the person of a session in force, nil where it is over. The caller holds mu.
func (r *Registry) of(s *Session) *Person {
	if r.over(s) {
		return nil
	}
	p := r.people[s.Person]
	if p == nil || p.Disabled || p.Epoch != s.Epoch || s.Passkey != nil && p.passkey(s.Passkey) < 0 {
		return nil
	}
	return p
}

func (r *Registry) over(s *Session) bool {
	now := r.now()
	return now.Sub(time.Unix(s.Seen, 0)) >= r.config.Idle || now.Sub(time.Unix(s.Begun, 0)) >= r.config.Most
}

// touchEvery is how exactly it is stored when a session was last used.
func (r *Registry) touchEvery() time.Duration {
	return max(time.Second, min(time.Minute, r.config.Idle/4))
}

// touch notes that a session is used. Where that cannot be stored it is noted all
// the same, and the session ends early after a restart.
func (r *Registry) touch(key hash, s *Session, now time.Time) *Session {
	after := *s
	after.Seen = now.Unix()
	text, err := json.Marshal(after)
	if err != nil {
		return s
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sessions[key] != s {
		return s // it ended, or is touched already
	}
	if err := r.config.Shelf.Write(map[string][]byte{sessionName + string(key[:]): text}); err != nil {
		r.config.Logger.Warn("the use of a session cannot be stored", "error", err)
	}
	r.sessions[key] = &after
	return &after
}

// providedLife is for how long it is remembered whose a session at an OpenID provider was,
// from when they proved who they are: as long as what apps may do while somebody is signed
// in may last (NHS login: 12 hours), so that it ends when the provider says that its session
// has, and names nobody.
const providedLife = 12 * time.Hour

// remembered reports whether a session that is over is still to be known by its name at
// the provider.
func (s *Session) remembered(now time.Time) bool {
	return s.Provider != "" && s.SID != "" && now.Sub(time.Unix(max(s.Begun, s.Verified), 0)) < providedLife
}

// End ends a session: at once, and durably when it returns.
func (r *Registry) End(name string) error {
	key := hashOf(name)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sessions[key] == nil {
		return nil
	}
	values := map[string][]byte{}
	r.end(key, values)
	return r.config.Shelf.Write(values)
}

// end ends a session that there is, at once, and adds to values what makes that durable.
// The caller holds mu.
func (r *Registry) end(key hash, values map[string][]byte) {
	s, name := r.sessions[key], sessionName+string(key[:])
	if s.remembered(r.now()) {
		over := *s
		over.Epoch = endedEpoch
		if text, err := json.Marshal(over); err == nil {
			r.sessions[key], values[name] = &over, text
			return
		}
	}
	delete(r.sessions, key)
	values[name] = nil
}

// sweepEvery is how often sessions that are over are dropped.
const sweepEvery = time.Minute

// sweep drops sessions that are over, and adds their deletion to values. The caller
// holds mu.
func (r *Registry) sweep(values map[string][]byte) {
	now := r.now()
	if now.Sub(r.swept) < sweepEvery {
		return
	}
	r.swept = now
	for key, s := range r.sessions {
		if r.of(s) == nil && !s.remembered(now) {
			delete(r.sessions, key)
			values[sessionName+string(key[:])] = nil
		}
	}
}
