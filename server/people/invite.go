package people

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/server/webauthn"
)

// invite lets a person register a passkey, once.
type invite struct {
	Person  string `json:"person"`
	Expires int64  `json:"exp"` // in Unix seconds
	// Replace is set where the passkey takes the place of all others of the person,
	// whose sessions end: the device was lost.
	Replace bool  `json:"replace,omitempty"`
	By      Maker `json:"by"`
}

// LongestInvite is how long a code may be taken at most.
const LongestInvite = 7 * 24 * time.Hour

// ErrInvite is the error of a code that is unknown, was used or has expired, or is
// of a person who is disabled: nobody is told which.
var ErrInvite = errors.New("the code is not valid: it was used, has expired or was never issued")

// Invite makes the code with which a person registers a passkey. Codes of before
// are over.
func (r *Registry) Invite(id string, life time.Duration, replace bool, by Maker) (code string, until time.Time, err error) {
	if life <= 0 || life > LongestInvite {
		return "", until, errors.New("a code is valid for at most a week")
	}
	r.changing.Lock()
	defer r.changing.Unlock()
	p, err := r.Person(id)
	if err == nil && p.Disabled {
		err = errors.New("the user is disabled: pestle user enable " + id)
	}
	if err != nil {
		return "", until, err
	}
	code, until = newCode(), r.now().Add(life).UTC().Truncate(time.Second)
	i := &invite{Person: id, Expires: until.Unix(), Replace: replace, By: by}
	text, err := json.Marshal(i)
	if err != nil {
		return "", until, err
	}
	key := hashOf(normal(code))
	values := map[string][]byte{inviteName + string(key[:]): text}
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.others(id, values)
	if err := r.config.Shelf.Write(values); err != nil {
		return "", until, err
	}
	for _, k := range before {
		delete(r.invites, k)
	}
	r.invites[key] = i
	return code, until, nil
}

// others are the invitations of a person, and those that have expired; values has
// their deletion. The caller holds mu.
func (r *Registry) others(id string, values map[string][]byte) (keys []hash) {
	for k, i := range r.invites {
		if i.Person == id || i.Expires <= r.now().Unix() {
			keys, values[inviteName+string(k[:])] = append(keys, k), nil
		}
	}
	return keys
}

// newCode is 80 random bits in groups of four letters and digits that are not
// taken for each other.
func newCode() string {
	text := rand.Text()[:16] // base32: A-Z and 2-7
	return text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:]
}

// normal is a code as it is compared: people type blanks and small letters.
func normal(code string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '-' || c == ' ':
			return -1
		case c >= 'a' && c <= 'z':
			return c - 'a' + 'A'
		}
		return c
	}, code)
}

// Invited returns whom a code invites, and whether the passkey that they register
// replaces all others.
func (r *Registry) Invited(code string) (p Person, replace bool, err error) {
	i, p, err := r.invitation(code)
	return p, i != nil && i.Replace, err
}

func (r *Registry) invitation(code string) (*invite, Person, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	i := r.invites[hashOf(normal(code))]
	if i == nil || i.Expires <= r.now().Unix() {
		return nil, Person{}, ErrInvite
	}
	p := r.people[i.Person]
	if p == nil || p.Disabled {
		return nil, Person{}, ErrInvite
	}
	return i, *p, nil
}

// ErrPasskeys is the error of a passkey that cannot be added.
var ErrPasskeys = errors.New("the passkeys of a user are each registered once, 20 at most")

// maxPasskeys is how many passkeys a person may have.
const maxPasskeys = 20

// Register stores the passkey of whom a code invites. The code is used then.
func (r *Registry) Register(code string, c *webauthn.Credential) (Person, error) {
	r.changing.Lock()
	defer r.changing.Unlock()
	i, p, err := r.invitation(code)
	if err != nil {
		return p, err
	}
	if p, err = r.withPasskey(p, c, i.Replace); err != nil {
		return p, err
	}
	r.invited(&p, i.By)
	key := hashOf(normal(code))
	if err := r.put(&p, map[string][]byte{inviteName + string(key[:]): nil}); err != nil {
		return p, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.invites, key)
	return p, nil
}

func (r *Registry) withPasskey(p Person, c *webauthn.Credential, replace bool) (Person, error) {
	r.mu.RLock()
	_, taken := r.passkeys[string(c.ID)]
	r.mu.RUnlock()
	if taken {
		return p, fmt.Errorf("%w: this one is registered already", ErrPasskeys)
	}
	if replace {
		p.Passkeys, p.Epoch = nil, p.Epoch+1
	}
	if len(p.Passkeys) >= maxPasskeys {
		return p, fmt.Errorf("%w: the user has as many as one may have; an invitation with --replace makes room", ErrPasskeys)
	}
	now := r.now().UTC()
	p.Passkeys = append(slices.Clone(p.Passkeys), Passkey{Credential: *c, Created: now})
	return p, nil
}
