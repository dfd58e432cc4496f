package people

import (
	"bytes"
	"errors"
	"slices"

	"github.com/pestle-fhir/pestle/server/webauthn"
)

// ErrUnknown is the error of who cannot sign in: nobody is told whether they are
// unknown or disabled.
var ErrUnknown = errors.New("nobody who may sign in has this passkey")

// stranger is verified in the place of a passkey that nobody has, so that the
// answer takes as long: a key of which nobody has the private part.
var stranger = webauthn.Credential{ID: []byte{0}, Key: []byte("\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20" +
	"\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96\x22\x58\x20" +
	"\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5")}

// Use verifies an answer made with a passkey, by verify, and stores what it counts.
// It returns whose it is; handle is the user handle that came with the answer, and
// must be theirs. A passkey whose counter went back is refused from then
// on: it was copied, and nobody knows which copy is the person's.
func (r *Registry) Use(id, handle []byte, verify func(webauthn.Credential) (webauthn.Credential, error)) (Person, error) {
	r.changing.Lock()
	defer r.changing.Unlock()
	r.mu.RLock()
	p := r.people[r.passkeys[string(id)]]
	r.mu.RUnlock()
	if p == nil || !bytes.Equal(p.Handle, handle) {
		c := stranger
		c.ID = id
		_, _ = verify(c)
		return Person{}, ErrUnknown
	}
	after := *p
	after.Passkeys = slices.Clone(p.Passkeys)
	i := after.passkey(id)
	c, err := verify(after.Passkeys[i].Credential)
	switch {
	case errors.Is(err, webauthn.ErrCount):
		after.Passkeys = slices.Delete(after.Passkeys, i, i+1)
		after.Epoch++
		r.config.Logger.Error("a passkey was used with a counter that went back: it may have been copied, and is removed; invite the person anew", "user", p.ID)
		return *p, errors.Join(err, r.put(&after, nil))
	case err != nil:
		return *p, err
	case p.Disabled:
		return *p, ErrUnknown
	}
	after.Passkeys[i].Credential, after.Passkeys[i].Used = c, r.now().UTC()
	return after, r.put(&after, nil)
}

// passkey is the place of a credential among those of a person, -1 where it is none
// of them.
func (p *Person) passkey(id []byte) int {
	return slices.IndexFunc(p.Passkeys, func(k Passkey) bool { return bytes.Equal(k.ID, id) })
}

// AddPasskey stores a further passkey of a person who has signed in.
func (r *Registry) AddPasskey(id string, c *webauthn.Credential) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	p, err := r.Person(id)
	if err == nil && p.Disabled {
		err = ErrUnknown
	}
	if err == nil {
		p, err = r.withPasskey(p, c, false)
	}
	if err != nil {
		return err
	}
	return r.put(&p, nil)
}

// ErrLast is the error of who would have no passkey left.
var ErrLast = errors.New("it is the only passkey: register another one before, or ask for an invitation that replaces it")

// RemovePasskey takes a passkey from a person. The sessions that were begun with it
// are over.
func (r *Registry) RemovePasskey(id string, passkey []byte) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	p, err := r.Person(id)
	if err != nil {
		return err
	}
	i := p.passkey(passkey)
	switch {
	case i < 0:
		return nil // it is gone
	case len(p.Passkeys) == 1:
		return ErrLast
	}
	p.Passkeys = slices.Delete(slices.Clone(p.Passkeys), i, i+1)
	return r.put(&p, nil)
}
