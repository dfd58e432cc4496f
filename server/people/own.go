package people

import (
	"cmp"
	"encoding/hex"
	"slices"
	"time"

	"github.com/pestle-fhir/pestle/internal/sorting"
)

// Listed is a session as the person whose it is sees it.
type Listed struct {
	ID string // names the session, and is not its secret
	Session
}

// listedSize is how many bytes of the hash of a session are its ID.
const listedSize = 12

func listedID(key hash) string { return hex.EncodeToString(key[:listedSize]) }

// SessionID is the [Listed] ID of a session by its name.
func SessionID(name string) string { return listedID(hashOf(name)) }

// Sessions are those of a person that are in force, the one that was used last
// first.
func (r *Registry) Sessions(id string) (list []Listed) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for key, s := range r.sessions {
		if s.Person == id && r.of(s) != nil {
			list = append(list, Listed{listedID(key), *s})
		}
	}
	sorting.By(list, func(a, b Listed) int {
		return cmp.Or(cmp.Compare(b.Seen, a.Seen), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// EndSessions ends those sessions of a person whose ID is named, durably when it
// returns. It is no error where one has ended before.
func (r *Registry) EndSessions(person string, ids ...string) error {
	values := map[string][]byte{}
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, s := range r.sessions {
		if s.Person == person && slices.Contains(ids, listedID(key)) {
			r.end(key, values)
		}
	}
	if len(values) == 0 {
		return nil
	}
	return r.config.Shelf.Write(values)
}

// EndProvided ends the sessions that were begun at an OpenID provider until a time: that
// of a name there (sid), or those of a person, or both where both are named. It is
// durable when it returns; before is called with each person whose sessions end, and with
// the person who is named, whose session may have expired, before any ends.
func (r *Registry) EndProvided(provider, sid, person string, until time.Time, before func(Person) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	values, told := map[string][]byte{}, map[string]bool{}
	var ended []hash
	tell := func(id string) error {
		p := r.people[id]
		if p == nil || told[id] {
			return nil
		}
		told[id] = true
		return before(*p)
	}
	if err := tell(person); err != nil {
		return err
	}
	for key, s := range r.sessions {
		if s.Provider != provider || s.Begun > until.Unix() || sid != "" && s.SID != sid || person != "" && s.Person != person {
			continue
		}
		if err := tell(s.Person); err != nil {
			return err
		}
		ended, values[sessionName+string(key[:])] = append(ended, key), nil
	}
	if len(values) == 0 {
		return nil
	}
	for _, key := range ended { // at once; found again where that cannot be stored
		over := *r.sessions[key]
		over.Epoch = endedEpoch
		r.sessions[key] = &over
	}
	if err := r.config.Shelf.Write(values); err != nil {
		return err
	}
	for _, key := range ended {
		delete(r.sessions, key)
	}
	return nil
}

// endedEpoch is that of a session that is over, and of no person.
const endedEpoch = -1
