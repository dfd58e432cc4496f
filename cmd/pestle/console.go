package main

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/console"
	"github.com/pestle-fhir/pestle/server/oauth"
)

// withConsole serves the console beside everything else, over the FHIR interface of a
// server to which people sign in.
func (c *serveCommand) withConsole(next, rest http.Handler, tokens *oauth.Server, log *slog.Logger) http.Handler {
	if s := c.consoleOver(rest, tokens, log); s != nil {
		return s.Within(next)
	}
	return next
}

// consoleOver is that console, nil where nobody can sign in.
func (c *serveCommand) consoleOver(rest http.Handler, tokens *oauth.Server, log *slog.Logger) *console.Server {
	var signIn oauth.SignIn
	var idle time.Duration
	switch {
	case tokens == nil:
		return nil
	case c.Sandbox:
		signIn = sandboxSignIn{c.site()}
	case c.accounts != nil:
		signIn, idle = c.accounts.pages, c.accounts.people.Idle()
	default:
		return nil
	}
	site := c.appConfig().Dispensing.Site
	name := strings.TrimSpace(site.Name + " (" + site.ODS + ")")
	return console.New(console.Config{REST: rest, SignIn: signIn, Site: c.site(), Origin: trimSlash(c.PublicURL), Pharmacy: name, Idle: idle, Display: nhs.Display, Zone: nhs.London(), Logger: log,
		Identity: func(p *oauth.Person, proof oauth.Proof) auth.Identity { return tokens.IdentityOf(p, proof, "console") }})
}
