package people

import (
	"strconv"
	"strings"
	"time"
)

// Answer is what a command about people answers: who they are, as they are now.
type Answer struct {
	People    []Person            `json:"people"`
	Missing   map[string]int      `json:"missing,omitempty"`   // how many people must confirm an account, by id
	Namesakes map[string][]string `json:"namesakes,omitempty"` // accounts of the provider that may be the same person's, by id
	Code      string              `json:"code,omitempty"`      // of an invitation
	Until     time.Time           `json:"until,omitzero"`
	URL       string              `json:"url,omitempty"` // where the code is taken
}

// State is how an account is, in words: enabled or not, and whom it waits for.
func (a *Answer) State(p *Person) string {
	state := "enabled"
	if p.Disabled {
		state = "disabled"
	}
	if n := a.Missing[p.ID]; n > 0 {
		state += ", to be confirmed by " + strconv.Itoa(n)
	} else if others := a.Namesakes[p.ID]; len(others) > 0 {
		state += ", to be told apart from " + strings.Join(others, " ")
	}
	if len(p.Same) > 0 {
		state += ", also " + strings.Join(p.Same, " ")
	}
	return state
}
