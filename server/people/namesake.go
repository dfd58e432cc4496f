package people

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// folded is a name without case and with single blanks.
func folded(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }

// byHand reports whether no OpenID provider says whose an account is.
func (p *Person) byHand() bool { return !p.Provided && len(p.Subjects) == 0 }

// Namesakes are the accounts of the OpenID provider that have the name of an account which
// was made by hand, and of which nobody has said whether they are of the same person: until
// somebody does, it may be a second one of theirs.
func (r *Registry) Namesakes(id string) []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	p := r.people[id]
	if p == nil {
		return nil
	}
	return r.namesakes(p)
}

// namesakes is [Registry.Namesakes]; the caller holds mu.
func (r *Registry) namesakes(p *Person) (ids []string) {
	if !p.byHand() {
		return nil
	}
	name := folded(p.Name)
	for _, other := range r.people {
		if !other.byHand() && folded(other.Name) == name && !slices.Contains(p.Apart, other.ID) && !slices.Contains(p.Same, other.ID) {
			ids = append(ids, other.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// undecided refuses to confirm an account that may be a second one of somebody whom the
// OpenID provider knows; apart are those of whom it is said that they are others.
func (r *Registry) undecided(id string, apart []string) error {
	left := slices.DeleteFunc(r.Namesakes(id), func(other string) bool { return slices.Contains(apart, other) })
	if len(left) == 0 {
		return nil
	}
	return fmt.Errorf("%s has the name of %s, who signs in by the OpenID provider: say that they are two people with --apart-from %s, or that they are one: pestle user join %s %s",
		id, strings.Join(left, ", "), strings.Join(left, " --apart-from "), id, left[0])
}

// Join stores that two accounts are of one person: from then on they count as one where
// two people are wanted.
func (r *Registry) Join(id, other string) (Person, error) {
	if _, err := r.Person(other); err != nil {
		return Person{}, err
	}
	return r.change(id, func(p *Person) error {
		if id == other {
			return fhir.E("user", fhir.Invalid, fhir.Issue{Message: "An account is joined with another one.", Found: other})
		}
		p.Apart = slices.DeleteFunc(slices.Clone(p.Apart), func(a string) bool { return a == other })
		if !slices.Contains(p.Same, other) {
			p.Same = append(slices.Clone(p.Same), other)
		}
		return nil
	})
}

// Joined are how records name the people whose accounts were joined: each list is of one
// person.
func (r *Registry) Joined() (groups [][]string) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, p := range r.people {
		if len(p.Same) == 0 {
			continue
		}
		group := []string{p.Agent()}
		for _, id := range p.Same {
			if other := r.people[id]; other != nil {
				group = append(group, other.Agent())
			}
		}
		groups = append(groups, group)
	}
	return groups
}
