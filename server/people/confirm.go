package people

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Maker is who made an account, invited a passkey of it, or confirmed whose it is.
type Maker struct {
	Way   string    `json:"way"`
	Agent string    `json:"agent"` // how records name them
	At    time.Time `json:"at"`
}

// The ways in which an account is made.
const (
	ByPerson   = "person"   // by a token of a person
	ByProgram  = "program"  // by a token of a program that acts for itself
	ByMachine  = "machine"  // by a user of the operating system, on the server's machine
	ByProvider = "provider" // by an OpenID provider, at a sign-in
	byUnknown  = "unknown"
)

// Missing is how many more people must confirm that an account is of the person whom it
// names: whoever makes one, or invites to it, could have it themselves.
func (r *Registry) Missing(p *Person) int {
	need := 0
	for _, m := range p.Made {
		need = max(need, r.needs(m.Way))
	}
	if len(p.Made) == 0 {
		need = r.needs(byUnknown)
	}
	if slices.ContainsFunc(p.Confirmed, func(m Maker) bool { return m.Way == ByMachine }) {
		return 0 // who could make an account that needs nobody
	}
	return max(0, need-len(p.Confirmed))
}

func (r *Registry) needs(way string) int {
	if r.config.Needs == nil {
		return 0
	}
	return r.config.Needs(cmp.Or(way, byUnknown))
}

// Unconfirmed are how records name the people whose accounts others have to confirm.
func (r *Registry) Unconfirmed() (agents []string) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, agent := range r.pending {
		agents = append(agents, agent)
	}
	return agents
}

// Confirm stores that by, who neither made the account nor has it, says whose it is. The
// caller has compared the people by all their names; here they are compared by one, since
// two requests of one person may come at once. An account that is disabled is confirmed
// too: what was done with it stays, and another account may have its name.
// apart are the accounts of the OpenID provider of the same name that are another person's.
func (r *Registry) Confirm(id string, by Maker, apart ...string) (Person, error) {
	return r.change(id, func(p *Person) error {
		named := r.Namesakes(id)
		if err := r.undecided(id, apart); err != nil {
			return err
		}
		switch {
		case len(p.Passkeys) == 0 && len(p.Subjects) == 0:
			return fmt.Errorf("%s has no passkey yet: it is confirmed when the person has registered one, since whoever has the invitation could", id)
		case r.Missing(p) == 0 && len(named) == 0:
			return fmt.Errorf("%s needs no confirmation", id)
		case by.Way != ByPerson && (by.Way != ByMachine || r.needs(ByMachine) > 0): // who could make one that needs nobody
			return errors.New("an account is confirmed by a person, with a token of their own")
		case slices.ContainsFunc(append(slices.Clone(p.Made), p.Confirmed...), func(m Maker) bool { return m.Way == by.Way && m.Agent == by.Agent }):
			return fmt.Errorf("%s was made, invited or confirmed by %s: another person confirms it", id, by.Agent)
		}
		p.Confirmed, p.Apart = append(slices.Clone(p.Confirmed), by), append(slices.Clone(p.Apart), named...)
		return nil
	})
}

// invited notes that the passkey which is added was invited by somebody.
func (r *Registry) invited(p *Person, by Maker) {
	if r.needs(by.Way) == 0 {
		return
	}
	made := slices.Clone(p.Made)
	if r.Missing(p) == 0 {
		made = nil // who made it before has no part in this
	}
	made = slices.DeleteFunc(made, func(m Maker) bool { return m.Way == by.Way && m.Agent == by.Agent })
	p.Made, p.Confirmed = append(made, by), nil
}
