package main

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/server/signin"
)

// required refuses a server for others that is not told what it must know: what
// is left out is never taken for "any".
func (c *serveCommand) required() error {
	var missing []string
	own := c.IssueTokens && c.Keys == "" // then there are no tokens of others
	for _, need := range []struct {
		set  bool
		flag string
	}{
		{c.Data != "", "--data DIR (PESTLE_DATA): the folder of the database"},
		{c.Keys != "" || c.IssueTokens, "--issue-tokens (PESTLE_ISSUE_TOKENS): the server issues tokens itself, to clients that pestle client add registers; or --keys FILE (PESTLE_KEYS): the JSON Web Key Set with the keys that sign callers' tokens"},
		{own || strings.TrimSpace(c.Issuer) != "" || c.AnyIssuer, "--issuer URL (PESTLE_ISSUER): the iss of the tokens; or --any-issuer, to take tokens of everybody whose key is in --keys"},
		{own || strings.TrimSpace(c.Audience) != "" || c.AnyAudience, "--audience NAME (PESTLE_AUDIENCE): the aud of the tokens; or --any-audience, to take tokens that were issued for other servers"},
		{c.PublicURL != "", "--public-url URL (PESTLE_PUBLIC_URL): scheme and host under which clients know the server, such as https://fhir.example.org"},
	} {
		if !need.set {
			missing = append(missing, need.flag)
		}
	}
	if missing != nil {
		return fmt.Errorf("serve needs\n  %s\nor --sandbox to try it out on this machine alone", strings.Join(missing, "\n  "))
	}
	if c.Issuer != "" && c.AnyIssuer || c.Audience != "" && c.AnyAudience {
		return errors.New("--any-issuer and --any-audience take the place of --issuer and --audience: set one of the two")
	}
	if c.IssueTokens && c.TokenEndpoint+c.AuthorizeEndpoint+c.KeysURL != "" {
		return errors.New("--issue-tokens and --token-endpoint, --authorize-endpoint or --keys-url: the server says in smart-configuration that it issues tokens itself, or that another does; set one of the two")
	}
	if len(c.ScopeMap) > 0 && c.Keys == "" {
		return errors.New("--scope-map is about tokens of another issuer: set --keys")
	}
	if c.Reauth < 0 || c.Reauth > 0 && c.Reauth < time.Second {
		return fmt.Errorf("--reauth-controlled-drugs %s: expected a second at least, such as 5m", c.Reauth)
	}
	if err := publicURL(c.PublicURL); err != nil {
		return err
	}
	return c.signInRequires()
}

// The most that sessions may last: NIST SP 800-63B-4 section 2.2.3, authentication
// assurance level 2, as NHS login holds those who rely on it to.
const (
	mostSessionIdle = 30 * time.Minute
	mostSession     = 12 * time.Hour
)

// signInRequires refuses to sign people in where it would not work, or not be safe.
func (c *serveCommand) signInRequires() error {
	if err := c.OpenID.complete(c.SignIn); err != nil {
		return err
	}
	if !c.SignIn {
		return nil
	}
	if !c.IssueTokens {
		return errors.New("--sign-in needs --issue-tokens: who signs in gets tokens of this server, through apps")
	}
	if c.SessionIdle < 0 || c.SessionIdle > mostSessionIdle || c.SessionMost < 0 || c.SessionMost > mostSession {
		return fmt.Errorf("--session-idle %s, --session-most %s: expected at most %s and %s", c.SessionIdle, c.SessionMost, mostSessionIdle, mostSession)
	}
	if err := signin.Check(c.PublicURL); err != nil {
		return fmt.Errorf("--sign-in: %w", err)
	}
	return nil
}

// publicURL takes scheme and host, and nothing behind them.
func publicURL(text string) error {
	u, err := url.Parse(strings.TrimRight(text, "/"))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.Path != "" || strings.ContainsAny(text, "?#") {
		return fmt.Errorf("--public-url %s: expected scheme and host alone, such as https://fhir.example.org", text)
	}
	return nil
}
