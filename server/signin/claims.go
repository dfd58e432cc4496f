package signin

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/pestle-fhir/pestle/server/people"
)

// Claims say who a person is whom nobody registered: where the claims of the provider
// have it. Without Roles nobody is registered by them.
type Claims struct {
	Name         string // the claim with the name of the person
	Organisation string // the claim with the ODS code of who they act for, where their roles have none
	// Roles is the claim with their roles: a text, a list of texts, or a list of objects
	// with the members RoleCode, RoleOrganisation and RoleID. Of several one must be
	// selected: its RoleID is in the claim Selected.
	Roles                              string
	RoleCode, RoleOrganisation, RoleID string
	Selected                           string
	Practitioner                       string            // the claim by which records name them; "" for sub
	PractitionerSystem                 string            // of that identifier; "" for the issuer
	Map                                map[string]string // codes of roles there to roles here; others are none here
}

// claimSet is the claims of an id_token, and of UserInfo.
type claimSet map[string]any

func (c claimSet) text(name string) string {
	text, _ := c[name].(string)
	return text
}

// admitted is the person here: registered by hand with their subject, or by what the
// provider says of them, anew each time.
func (s *Server) admitted(ctx context.Context, provider *oidc.Provider, token *oauth2.Token, claims claimSet) (people.Person, error) {
	o := s.config.OpenID
	subject := people.Subject(o.Issuer, claims.text("sub"))
	known, registered := s.config.People.BySubject(subject)
	switch {
	case registered && known.Disabled:
		return known, refusedOpenID("you are disabled here")
	case registered && !known.Provided:
		return known, nil
	case o.Claims.Roles == "":
		return people.Person{}, refusedOpenID("you are not registered here")
	}
	if provider.UserInfoEndpoint() != "" {
		info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
		if err != nil {
			return known, err
		}
		more := claimSet{}
		if err := info.Claims(&more); err != nil {
			return known, err
		}
		if more.text("sub") != claims.text("sub") {
			return known, errors.New("UserInfo is of somebody else")
		}
		for name, value := range more {
			if _, there := claims[name]; !there {
				claims[name] = value
			}
		}
	}
	p, err := o.Claims.person(o.Issuer, claims)
	if err != nil {
		return known, err
	}
	p.Subjects = []string{subject}
	if p, err = s.config.People.Provide(p); err != nil {
		return known, err
	}
	return p, nil
}

// person is who the claims say.
func (c Claims) person(issuer string, claims claimSet) (p people.Person, err error) {
	role, organisation, err := c.role(claims)
	if err != nil {
		return p, err
	}
	name, system := claims.text(c.Practitioner), c.PractitionerSystem
	if c.Practitioner == "" {
		name = claims.text("sub")
	} else if name == "" {
		return p, refusedOpenID("the claim %s, which names you in records, is missing", c.Practitioner)
	}
	if system == "" {
		system = issuer
	}
	sum := sha256.Sum256([]byte(people.Subject(issuer, claims.text("sub"))))
	return people.Person{ID: "openid-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:10])), Name: claims.text(c.Name), Organisation: strings.ToUpper(organisation),
		Roles: []string{role}, Practitioner: system + "|" + name}, nil
}

// role is the one role in which somebody acts, and its organisation. Which of several
// it is must be said: nobody chooses one for them.
func (c Claims) role(claims claimSet) (role, organisation string, err error) {
	type held struct{ code, organisation, id string }
	var list []held
	items, _ := claims[c.Roles].([]any)
	if text := claims.text(c.Roles); text != "" {
		for word := range strings.FieldsSeq(text) {
			items = append(items, word)
		}
	}
	for _, item := range items {
		switch item := item.(type) {
		case string:
			list = append(list, held{code: item, organisation: claims.text(c.Organisation)})
		case map[string]any:
			of := claimSet(item)
			list = append(list, held{of.text(c.RoleCode), of.text(c.RoleOrganisation), of.text(c.RoleID)})
		}
	}
	if selected := claims.text(c.Selected); c.Selected != "" && selected != "" {
		list = slices.DeleteFunc(list, func(h held) bool { return h.id != selected })
	} else {
		list = slices.DeleteFunc(list, func(h held) bool { return c.Map[h.code] == "" })
	}
	switch {
	case len(list) == 0 || c.Map[list[0].code] == "":
		return "", "", refusedOpenID("none of your roles is one of this server")
	case len(list) > 1:
		return "", "", refusedOpenID("you have %d roles, and none is selected: choose one when you sign in", len(list))
	case list[0].organisation == "":
		return "", "", refusedOpenID("your role is of no organisation")
	}
	return c.Map[list[0].code], list[0].organisation, nil
}

// Check says what is wrong with a mapping; known says whether there is a role.
func (c Claims) Check(known func(role string) bool) error {
	var out []error
	for code, role := range c.Map {
		if !known(role) {
			out = append(out, fmt.Errorf("role %q of %s is not in the table of roles: pestle roles prints it", role, code))
		}
	}
	if (c.Roles == "") != (len(c.Map) == 0) {
		out = append(out, errors.New("a claim with roles, and which role here each of them is, go together"))
	}
	return errors.Join(out...)
}
