package main

import (
	"cmp"
	"fmt"
	"log/slog"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/oauth"
	"github.com/pestle-fhir/pestle/server/page"
	"github.com/pestle-fhir/pestle/server/people"
	"github.com/pestle-fhir/pestle/server/signin"
	"github.com/pestle-fhir/pestle/trust/duties"
	"github.com/pestle-fhir/pestle/trust/policy"
)

// authenticator is who recognises callers: by tokens of the server itself where it
// issues any, and by those of another issuer where there are keys of one. In a
// sandbox who has no token is its user. tokens is nil where the server issues none.
func (c *serveCommand) authenticator(app *app, log *slog.Logger) (who server.Authenticator, tokens *oauth.Server, err error) {
	roles, err := c.roles()
	if err != nil {
		return nil, nil, err
	}
	delegates, err := readDelegates(c.Delegates)
	if err != nil {
		return nil, nil, err
	}
	strengths, err := c.strengths()
	if err != nil {
		return nil, nil, err
	}
	app.duties.Strengths = strengths
	var next oauth.Next
	if c.Sandbox {
		c.people = roles
		next = sandboxCaller{Sandbox: auth.Sandbox{User: fhir.Principal{Agent: "sds-user-id|555000000000", Display: "Sandbox user", OnBehalf: sandboxPharmacy}}, roles: roles}
	} else if c.Keys != "" || !c.IssueTokens {
		bearer, err := c.bearer(roles, delegates)
		if err != nil {
			return nil, nil, err
		}
		bearer.Strength = strengths.Of
		next, c.taken = bearer, bearer
	}
	if !c.Sandbox && !c.IssueTokens {
		return next, nil, nil
	}
	config := clientConfig(app.db.Shelf(), roles)
	config.Next, config.Delegates, config.Logger, config.PrivateKeys = next, delegates, log, c.AllowPrivateKeysURL
	config.Audience = func() (list []string) {
		for _, origin := range app.origins {
			list = append(list, origin+oauth.TokenPath)
		}
		return list
	}
	config.Strength = func(acr string) int { return strengths.Of(map[string]any{"acr": acr}) }
	config.Bases, config.Site = server.Bases, c.site()
	if hidden, err := c.hidden(app); err == nil {
		config.Chart = chart{app.repository, hidden}
	}
	if c.Sandbox {
		people := sandboxSignIn{c.site()}
		config.SignIn, config.Account = people, people.account
	}
	if c.SignIn {
		if c.accounts, err = c.openAccounts(app, roles, strengths, log); err != nil {
			return nil, nil, err
		}
		config.SignIn, config.Account = c.accounts.pages, c.accounts.pages.Account
	}
	if c.PublicURL != "" {
		config.Audience = func() []string { return []string{trimSlash(c.PublicURL) + oauth.TokenPath} }
	}
	tokens, err = oauth.New(config)
	if c.accounts != nil {
		c.accounts.tokens = tokens
	}
	return tokens, tokens, err
}

// openAccounts is who may sign in, and the pages on which they do.
func (c *serveCommand) openAccounts(app *app, roles *policy.Table, strengths *duties.Strengths, log *slog.Logger) (*accounts, error) {
	config, err := peopleConfig(app.db.Shelf(), roles)
	if err != nil {
		return nil, err
	}
	config.Idle, config.Most, config.Logger = c.SessionIdle, c.SessionMost, log
	registry, err := people.New(config)
	if err != nil {
		return nil, err
	}
	app.duties.Unconfirmed, app.duties.Joined = registry.Unconfirmed, registry.Joined
	s := &accounts{people: registry, origin: trimSlash(c.PublicURL)}
	provider, err := c.OpenID.provider(roles.Known)
	if err != nil {
		return nil, err
	}
	if provider != nil {
		provider.Most = cmp.Or(c.SessionMost, mostSession)
	}
	s.pages, err = signin.New(signin.Config{People: registry, Apps: s, Audit: app.audit, Origin: s.origin, OpenID: provider, Strength: strengths.Of, Site: c.site(), Logger: log})
	return s, err
}

// strengths are the levels of what sign-ins say of themselves.
func (c *serveCommand) strengths() (*duties.Strengths, error) {
	table, err := duties.BuiltinStrengths()
	if err != nil {
		return nil, err
	}
	table, err = table.With(c.ACRLevel)
	if err != nil {
		return nil, fmt.Errorf("--acr-level: %w", err)
	}
	return table, nil
}

// site is what pages say about the server.
func (c *serveCommand) site() page.Site {
	return page.Site{Name: "Pestle", Version: version(), Sandbox: c.Sandbox, Docs: true, People: c.SignIn, Console: c.Sandbox || c.SignIn}
}

// issuer is what issues tokens in a server, nil where nothing does.
func issuer(config server.Config) *oauth.Server {
	tokens, _ := config.Issuer.(*oauth.Server)
	return tokens
}

func (c *serveCommand) bearer(roles *policy.Table, delegates map[string][]string) (*auth.Bearer, error) {
	keys, err := c.keys()
	if err != nil {
		return nil, err
	}
	if err := c.grants(); err != nil {
		return nil, err
	}
	return &auth.Bearer{Delegates: delegates, RolesClaim: c.RolesClaim, Organisation: c.OrganisationClaim, Patient: c.PatientClaim, Grants: c.ScopeMap, Roles: func(names []string) auth.Grants { return roles.Of(names...) },
		Keys: keys, Issuer: c.Issuer, AnyIssuer: c.AnyIssuer, Audience: c.Audience, AnyAudience: c.AnyAudience}, nil
}

// grants refuses a --scope-map that grants what is no scope.
func (c *serveCommand) grants() error {
	for scope, grants := range c.ScopeMap {
		for text := range strings.FieldsSeq(grants) {
			if _, err := auth.ParseScope(text); err != nil {
				return fmt.Errorf("--scope-map %s: %w", scope, err)
			}
		}
	}
	return nil
}

// clientConfig is what a registry of clients needs, whether the server runs or not.
func clientConfig(shelf oauth.Shelf, roles *policy.Table) oauth.Config {
	return oauth.Config{Shelf: shelf, Known: roles.Known, Audience: func() []string { return nil },
		Roles: func(names []string) auth.Grants { return roles.Of(names...) }}
}
