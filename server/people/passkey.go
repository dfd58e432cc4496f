package people

import (
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
// It returns whose it is. A passkey whose counter went back is refused from then
// on: it was copied, and nobody knows which copy is the person's.
func (r *Registry) Use(id []byte, verify func(webauthn.Credential) (webauthn.Credential, error)) (Person, error) {
	r.changing.Lock()
	defer r.changing.Unlock()
	r.mu.RLock()
	p := r.people[r.passkeys[string(id)]]
	r.mu.RUnlock()
	if p == nil {
		c := stranger
		c.ID = id
		_, _ = verify(c)
		return Person{}, ErrUnknown
	}
	after := *p
	after.Passkeys = slices.Clone(p.Passkeys)
	i := slices.IndexFunc(after.Passkeys, func(k Passkey) bool { return string(k.ID) == string(id) })
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
