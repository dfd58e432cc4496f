package people

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/pestle-fhir/pestle/server/webauthn"
)

// Person is somebody who may sign in.
type Person struct {
	ID           string    `json:"id"`
	Name         string    `json:"name"`
	Organisation string    `json:"organisation"`           // ODS code of who they act for
	Roles        []string  `json:"roles"`                  // of the policy table; without one they may do nothing
	Practitioner string    `json:"practitioner,omitempty"` // how records name them: "Practitioner/1", "sds-user-id|555012345678"; their id where it is ""
	Subjects     []string  `json:"subjects,omitempty"`     // who they are at the OpenID provider: see [Subject]
	Provided     bool      `json:"provided,omitempty"`     // they are as the OpenID provider says at each sign-in
	Disabled     bool      `json:"disabled,omitempty"`
	Passkeys     []Passkey `json:"passkeys,omitempty"`
	Made         []Maker   `json:"made,omitempty"`      // who made it, or invited a passkey of it, since it was confirmed
	Confirmed    []Maker   `json:"confirmed,omitempty"` // who else said that it is theirs
	Same         []string  `json:"same,omitempty"`      // other accounts of the same person, by id
	Apart        []string  `json:"apart,omitempty"`     // accounts of others who have the same name
	Created      time.Time `json:"created"`
	Changed      time.Time `json:"changed"`

	Handle []byte `json:"handle"` // the user handle of WebAuthn: random, tells nothing of them
	Epoch  int    `json:"epoch"`  // counts what ends their sessions
}

// Passkey is a credential of a person.
type Passkey struct {
	webauthn.Credential
	Created time.Time `json:"created"`
	Used    time.Time `json:"used"`
}

// Agent is how records name the person.
func (p *Person) Agent() string { return cmp.Or(p.Practitioner, p.ID) }

// Subject names who somebody is at an OpenID provider.
func Subject(issuer, subject string) string { return issuer + " " + subject }

var (
	idForm           = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	odsForm          = regexp.MustCompile(`^[A-Z0-9]{3,12}$`)
	practitionerForm = regexp.MustCompile(`^(Practitioner|PractitionerRole)/[A-Za-z0-9.-]{1,64}$|^[^\s|/]+(/[^\s|]*)?\|[^\s|]{1,64}$|^https?://[^\s|]+\|[^\s|]{1,64}$`)
	subjectForm      = regexp.MustCompile(`^https?://[^ ]+ [\x21-\x7e]{1,255}$`)
)

// problems are what is wrong with a person, each with what was expected.
func (p *Person) problems(known func(role string) bool) error {
	var out []error
	say := func(format string, args ...any) { out = append(out, fmt.Errorf(format, args...)) }
	if !idForm.MatchString(p.ID) {
		say("id %q: expected 1 to 64 letters, digits and . _ -, beginning with a letter or digit", p.ID)
	}
	if strings.TrimSpace(p.Name) == "" || len(p.Name) > 200 || strings.ContainsFunc(p.Name, unicode.IsControl) {
		say("name %q: expected the name of the person in at most 200 bytes", p.Name)
	}
	if !odsForm.MatchString(p.Organisation) {
		say("organisation %q is not an ODS code: expected capital letters and digits, such as FA565", p.Organisation)
	}
	if p.Practitioner != "" && !practitionerForm.MatchString(p.Practitioner) {
		say("practitioner %q: expected a reference such as Practitioner/1, or an identifier such as sds-user-id|555012345678", p.Practitioner)
	}
	for i, role := range p.Roles {
		if !known(role) {
			say("role %q is not in the table of roles: pestle roles prints it", role)
		}
		if slices.Contains(p.Roles[:i], role) {
			say("role %q is named twice", role)
		}
	}
	for _, s := range p.Subjects {
		if !subjectForm.MatchString(s) {
			say("subject %q: expected the issuer and the subject, with a blank between them", s)
		}
	}
	return errors.Join(out...)
}
