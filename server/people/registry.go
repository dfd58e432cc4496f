package people

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
)

// List returns the people in the order of their ids.
func (r *Registry) List() []Person {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := make([]Person, 0, len(r.people))
	for _, p := range r.people {
		out = append(out, *p)
	}
	sorting.By(out, func(a, b Person) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// Person returns a person; an error of kind NotFound where there is none.
func (r *Registry) Person(id string) (Person, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if p := r.people[id]; p != nil {
		return *p, nil
	}
	return Person{}, fhir.E("user", fhir.NotFound, fhir.Issue{Message: fmt.Sprintf("There is no user %q.", id), Fix: "pestle user list prints those there are."})
}

// BySubject returns who somebody is at an OpenID provider.
func (r *Registry) BySubject(subject string) (Person, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if p := r.people[r.subjects[subject]]; p != nil {
		return *p, true
	}
	return Person{}, false
}

// handleSize is the size of a user handle in bytes: WebAuthn section 14.6.1 wants
// 64 random ones at most.
const handleSize = 32

// Add registers a person. They cannot sign in before they have a passkey, or are
// known to the OpenID provider.
func (r *Registry) Add(p Person) (Person, error) {
	r.changing.Lock()
	defer r.changing.Unlock()
	if _, err := r.Person(p.ID); err == nil {
		return p, fhir.E("user", fhir.Conflict, fhir.Issue{Message: fmt.Sprintf("There is a user %q already.", p.ID), Fix: "Choose another id, or change their roles with pestle user roles."})
	}
	p.Handle = make([]byte, handleSize)
	if _, err := rand.Read(p.Handle); err != nil {
		return p, err
	}
	p.Created, p.Passkeys, p.Epoch, p.Disabled, p.Confirmed, p.Same, p.Apart = r.now().UTC(), nil, 0, false, nil, nil, nil
	if err := r.valid(&p); err != nil {
		return p, err
	}
	return p, r.put(&p, nil)
}

// Provide registers a person as their OpenID provider says they are, or brings them up
// to date: other roles, or another organisation, end their sessions. Nobody who was
// registered by hand is changed.
func (r *Registry) Provide(p Person) (Person, error) {
	p.Provided, p.Made = true, []Maker{{Way: ByProvider, Agent: p.Subjects[0], At: r.now().UTC()}}
	known, there := r.BySubject(p.Subjects[0])
	if !there {
		return r.Add(p)
	}
	if !known.Provided {
		return known, nil
	}
	if known.Name == p.Name && known.Organisation == p.Organisation && known.Practitioner == p.Practitioner && slices.Equal(known.Roles, p.Roles) {
		return known, nil
	}
	return r.change(known.ID, func(k *Person) error {
		if k.Organisation != p.Organisation || !slices.Equal(k.Roles, p.Roles) {
			k.Epoch++
		}
		k.Name, k.Organisation, k.Practitioner, k.Roles = p.Name, p.Organisation, p.Practitioner, p.Roles
		return r.valid(k)
	})
}

// SetRoles replaces the roles of a person, and ends their sessions.
func (r *Registry) SetRoles(id string, roles []string) (Person, error) {
	if p, err := r.Person(id); err == nil && p.Provided {
		return p, fmt.Errorf("the roles of %s are those that their OpenID provider says at each sign-in", id)
	}
	return r.change(id, func(p *Person) error {
		p.Roles, p.Epoch = roles, p.Epoch+1
		return r.valid(p)
	})
}

// Disable ends a person's sessions and lets them sign in no more, or lets them
// again.
func (r *Registry) Disable(id string, disabled bool) (Person, error) {
	return r.change(id, func(p *Person) error {
		p.Disabled, p.Epoch = disabled, p.Epoch+1
		return nil
	})
}

// SignOutEverywhere ends all sessions of a person.
func (r *Registry) SignOutEverywhere(id string) error {
	_, err := r.change(id, func(p *Person) error {
		p.Epoch++
		return nil
	})
	return err
}

func (r *Registry) change(id string, change func(*Person) error) (Person, error) {
	r.changing.Lock()
	defer r.changing.Unlock()
	p, err := r.Person(id)
	if err != nil {
		return p, err
	}
	if err := change(&p); err != nil {
		return p, err
	}
	return p, r.put(&p, nil)
}

// put stores a person, together with other values; the caller holds changing. What is
// wrong with them is found where it is said ([Registry.valid]): whose role was taken out
// of the table since can still be disabled, and sign in.
func (r *Registry) put(p *Person, values map[string][]byte) error {
	p.Changed = r.now().UTC()
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if values == nil {
		values = map[string][]byte{}
	}
	values[personName+p.ID] = text
	if err := r.config.Shelf.Write(values); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.know(p)
	return nil
}

// valid is about the person alone, and about who else is theirs already.
func (r *Registry) valid(p *Person) error {
	if err := p.problems(r.config.Known); err != nil {
		return fmt.Errorf("the user is not valid:\n%w", err)
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, s := range p.Subjects {
		if id, ok := r.subjects[s]; ok && id != p.ID {
			return fmt.Errorf("subject %q is that of the user %s", s, id)
		}
	}
	return nil
}

// know takes a person into the maps; the caller holds mu.
func (r *Registry) know(p *Person) {
	was := r.people[p.ID]
	if was != nil {
		for _, k := range was.Passkeys {
			delete(r.passkeys, string(k.ID))
		}
	}
	r.people[p.ID] = p
	for _, k := range p.Passkeys {
		r.passkeys[string(k.ID)] = p.ID
	}
	for _, s := range p.Subjects {
		r.subjects[s] = p.ID
	}
	for _, other := range r.people {
		if other.ID != p.ID && folded(other.Name) != folded(p.Name) && (was == nil || folded(other.Name) != folded(was.Name)) {
			continue
		}
		delete(r.pending, other.ID)
		if r.Missing(other) > 0 || len(r.namesakes(other)) > 0 {
			r.pending[other.ID] = other.Agent()
		}
	}
}
