package people

import (
	"cmp"
	"encoding/hex"
	"slices"
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
	slices.SortFunc(list, func(a, b Listed) int {
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
			delete(r.sessions, key)
			values[sessionName+string(key[:])] = nil
		}
	}
	if len(values) == 0 {
		return nil
	}
	return r.config.Shelf.Write(values)
}
