package oauth

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/server/auth"
)

// Client is a program that may get tokens: for itself, or for a person who uses it.
type Client struct {
	ID           string    `json:"client_id"`
	Kind         Kind      `json:"kind,omitempty"`
	Name         string    `json:"client_name"`
	Organisation string    `json:"organisation,omitempty"`  // ODS code of who it acts for; of an app that of its people, "" for any
	Roles        []string  `json:"roles,omitempty"`         // of the policy table; none where scopes alone limit it
	Scopes       []string  `json:"scopes"`                  // the most that it gets
	Redirects    []string  `json:"redirect_uris,omitempty"` // of an app: where it waits for a code
	Disabled     bool      `json:"disabled,omitempty"`
	Created      time.Time `json:"created"`
	Changed      time.Time `json:"changed"`
	Credentials
}

// Credentials are how a client proves who it is: by its keys, or by a secret. An app
// may have neither, and then it is a public one.
type Credentials struct {
	Keys    json.RawMessage `json:"jwks,omitempty"`     // its public keys, or
	KeysURL string          `json:"jwks_uri,omitempty"` // where it publishes them
	Secret  []byte          `json:"secret_sha256,omitempty"`
}

// Kind says for whom a client gets tokens.
type Kind string

// The kinds of clients.
const (
	Backend Kind = ""    // for itself: SMART Backend Services
	App     Kind = "app" // for people, who sign in and consent: SMART App Launch
)

// Public reports whether the client cannot prove who it is.
func (c *Client) Public() bool {
	return c.Kind == App && c.Keys == nil && c.KeysURL == "" && c.Secret == nil
}

// maxKeys is the number of keys that a client may have.
const maxKeys = 100

var (
	idForm  = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,64}$`)
	odsForm = regexp.MustCompile(`^[A-Z0-9]{3,12}$`)
)

// problems are what is wrong with a client, each with what was expected.
func (c *Client) problems(known func(role string) bool) error {
	var out []error
	say := func(format string, args ...any) { out = append(out, fmt.Errorf(format, args...)) }
	if !idForm.MatchString(c.ID) {
		say("client_id %q: expected 1 to 64 letters, digits and . _ ~ -", c.ID)
	}
	if strings.TrimSpace(c.Name) == "" || len(c.Name) > 200 || strings.ContainsFunc(c.Name, func(r rune) bool { return r < ' ' }) {
		say("client_name %q: expected the name of the software in at most 200 characters", c.Name)
	}
	if !odsForm.MatchString(c.Organisation) && (c.Organisation != "" || c.Kind != App) {
		say("organisation %q is not an ODS code: expected capital letters and digits, such as FA565", c.Organisation)
	}
	if len(c.Roles) > 0 && c.Kind == App {
		say("roles: an app has those of the person who uses it")
	}
	for _, role := range c.Roles {
		if known == nil || !known(role) {
			say("role %q is not in the table of roles: pestle roles prints it", role)
		}
	}
	if len(c.Scopes) == 0 {
		say("scopes: expected at least one, such as system/Patient.rs")
	}
	for _, text := range c.Scopes {
		if err := c.scopeProblem(text); err != nil {
			say("scope %w", err)
		}
	}
	return errors.Join(append(out, c.redirectProblems(), c.keyProblems())...)
}

func (c *Client) scopeProblem(text string) error {
	if c.Kind == App && launchScopes[text] != "" {
		return nil
	}
	scope, err := auth.ParseScope(text)
	switch {
	case err != nil:
		return err
	case c.Kind != App && scope.Context != "system":
		return fmt.Errorf("%q: a client without a user has scopes of the context system alone", text)
	case c.Kind == App && scope.Context == "system":
		return fmt.Errorf("%q: an app acts for a person and has scopes of the contexts user and patient", text)
	}
	return nil
}

func (c *Client) keyProblems() error {
	switch {
	case c.Public():
		return nil
	case c.Secret != nil && c.Kind != App:
		return errors.New("secret: a client without a user has keys")
	case c.Secret != nil && (c.Keys != nil || c.KeysURL != ""):
		return errors.New("secret: expected either a secret or keys")
	case c.Secret != nil && len(c.Secret) != len(hash{}):
		return errors.New("secret: expected the SHA-256 of one")
	case c.Secret != nil:
		return nil
	}
	if (c.Keys == nil) == (c.KeysURL == "") {
		return errors.New("keys: expected either a JSON Web Key Set or the https URL of one")
	}
	if c.KeysURL != "" {
		return checkKeysURL(c.KeysURL)
	}
	_, err := parseKeys(c.Keys)
	return err
}

func checkKeysURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" || len(text) > 1000 {
		return fmt.Errorf("jwks_uri %q: expected an https URL without a user or a fragment", text)
	}
	return nil
}

// parseKeys reads the public keys of a client. The error tells what is wrong with
// each key; those without fault are returned all the same.
func parseKeys(set []byte) ([]auth.Key, error) {
	var count struct{ Keys []json.RawMessage }
	if err := json.Unmarshal(set, &count); err == nil && len(count.Keys) > maxKeys {
		return nil, fmt.Errorf("key set: it has %d keys, more than %d", len(count.Keys), maxKeys)
	}
	keys, err := auth.ParseKeys(set)
	public := slices.DeleteFunc(keys, func(k auth.Key) bool {
		switch key := k.Public.(type) {
		case *rsa.PublicKey:
			return k.Declared && !slices.Contains(algorithms, k.Algorithm)
		case *ecdsa.PublicKey:
			return !slices.Contains(algorithms, k.Algorithm)
		default:
			_ = key
			return true
		}
	})
	if err == nil && (len(public) == 0 || len(public) < len(keys)) {
		err = fmt.Errorf("key set: expected public keys for %s (RSA of 2048 bits or more, EC on P-384), each with a kid", strings.Join(algorithms, ", "))
	}
	for _, k := range public {
		if k.ID == "" {
			return nil, errors.Join(err, errors.New("key set: a key has no kid, which assertions of clients name"))
		}
	}
	return public, err
}

// algorithms are those by which clients sign: SMART App Launch 2.2 wants RS384 or
// ES384 of servers, and the NHS's clients sign with RS512.
var algorithms = []string{"RS384", "ES384", "RS512"}

// Algorithms are those by which clients may sign their assertions.
func Algorithms() []string { return slices.Clone(algorithms) }
