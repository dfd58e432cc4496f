package oauth

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// What the shelf holds, by the beginning of its names.
const (
	clientName = "client/" // and the id: a Client
	tokenName  = "token/"  // and the hash: a token
	jtiName    = "jti/"    // and the hash: when it may be forgotten, in Unix seconds
	codeName   = "code/"   // and the hash: a code
	grantName  = "grant/"  // and the id: a grant
	launchName = "launch/" // and the hash: a launch
	signName   = "sign/"   // and the kid: a key that signs id_tokens
)

// load reads the shelf. What has expired is dropped.
func (s *Server) load() error {
	now := s.now().Unix()
	expired := map[string][]byte{}
	err := s.config.Shelf.Each(func(name string, value []byte) error {
		kind, key, _ := strings.Cut(name, "/")
		var until int64
		var err error
		switch kind + "/" {
		case clientName:
			c := &Client{}
			err = json.Unmarshal(value, c)
			s.clients.byID[key] = c
			return named(err, name)
		case tokenName:
			t := &token{}
			if err = json.Unmarshal(value, t); err == nil && t.Expires > now {
				s.tokens[hash([]byte(key))] = t
			}
			until = t.Expires
		case jtiName:
			if until, err = strconv.ParseInt(string(value), 10, 64); err == nil && until > now {
				s.replay.seen[hash([]byte(key))] = until
			}
		case codeName:
			k := &code{}
			if err = json.Unmarshal(value, k); err == nil {
				s.codes[hash([]byte(key))] = k
			}
			until = k.Expires + int64(usedLife.Seconds())
		case grantName:
			g := &grant{}
			if err = json.Unmarshal(value, g); err == nil && g.Expires > now {
				g.ID = key
				s.grants[key] = g
			}
			until = g.Expires
		case launchName:
			l := &launch{}
			if err = json.Unmarshal(value, l); err == nil && l.Expires > now {
				s.launches[hash([]byte(key))] = l
			}
			until = l.Expires
		case signName:
			return named(s.signing.add(key, value), name)
		default:
			return nil // of another part of the program
		}
		if err == nil && until <= now {
			expired[name] = nil
		}
		return named(err, name)
	})
	for _, t := range s.tokens { // the clients are known now
		s.identify(t)
	}
	if err != nil || len(expired) == 0 {
		return err
	}
	_ = s.config.Shelf.Write(expired) // on a full disk they stay, and mean nothing
	return nil
}

func named(err error, name string) error {
	if err != nil {
		kind, _, _ := strings.Cut(name, "/")
		return fmt.Errorf("the registry of clients and tokens cannot be read: a %s: %w", kind, err)
	}
	return nil
}
