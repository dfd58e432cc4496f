package people

import (
	"encoding/json"
	"fmt"
	"strings"
)

// What the shelf holds, by the beginning of its names.
const (
	personName  = "person/"  // and the id: a Person
	inviteName  = "invite/"  // and the hash: an invite
	sessionName = "session/" // and the hash: a Session
)

// load reads the shelf. What is over is dropped later, when something is written.
func (r *Registry) load() error {
	err := r.config.Shelf.Each(func(name string, value []byte) error {
		kind, key, _ := strings.Cut(name, "/")
		var err error
		switch kind + "/" {
		case personName:
			p := &Person{}
			if err = json.Unmarshal(value, p); err == nil {
				r.know(p)
			}
		case inviteName:
			i := &invite{}
			err = json.Unmarshal(value, i)
			r.invites[hash([]byte(key))] = i
		case sessionName:
			s := &Session{}
			err = json.Unmarshal(value, s)
			r.sessions[hash([]byte(key))] = s
		}
		if err != nil {
			return fmt.Errorf("the registry of users cannot be read: a %s: %w", kind, err)
		}
		return nil
	})
	return err
}
