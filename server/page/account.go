package page

import "github.com/pestle-fhir/pestle/server/page/markup"

// Account is the page on which a person sees their own passkeys and sessions.
type Account struct {
	Site                     Site
	Problem, Done            string
	Person, Organisation, ID string
	Roles                    string
	Passkeys                 []Own
	Sessions                 []Own
	Apps                     []Own
	Others                   bool // there are sessions besides this one
	ByPasskey                bool // they signed in with one
	Fresh                    bool // passkeys may be added and removed now
	Passkey                  Passkey
}

// Own is a passkey, a session or an app of a person.
type Own struct {
	Value string // what the form names it by
	Words string
	This  bool // it is in use now
	Only  bool // it cannot be removed
}

// HTML writes the page.
func (a *Account) HTML() []byte {
	return a.Site.page("Your account", func(w *markup.Writer) {
		a.who(w)
		problem(w, a.Problem)
		if a.Done != "" {
			w.HTML(`<p class="note" role="status">`).Text(a.Done).HTML("</p>\n")
		}
		a.passkeys(w)
		a.sessions(w)
		a.apps(w)
		w.HTML("<p>What you do, and what apps do for you, is recorded under your name.</p>\n")
		if a.Fresh {
			passkeyScript(w)
		}
	})
}

func (a *Account) who(w *markup.Writer) {
	roles := a.Roles
	if roles == "" {
		roles = "none: you may do nothing"
	}
	w.HTML("<h1>").Text(a.Person).HTML("</h1>\n<dl class=\"facts\">\n<div><dt>User</dt><dd>").Text(a.ID).
		HTML("</dd></div>\n<div><dt>Organisation</dt><dd>").Text(a.Organisation).
		HTML("</dd></div>\n<div><dt>Roles</dt><dd>").Text(roles).
		HTML(`</dd></div>
</dl>
<form class="consent" method="post" action="/sign-out"><p class="answers"><button>Sign out</button></p></form>
`)
}

func (a *Account) passkeys(w *markup.Writer) {
	w.HTML(`<section aria-labelledby="passkeys">
<h2 id="passkeys">Passkeys</h2>
<form class="consent" method="post" action="/account">
<ul>
`)
	for _, k := range a.Passkeys {
		w.HTML("<li>").Text(k.Words)
		if k.This {
			w.HTML(` <span class="tag">signed in with it</span>`)
		}
		if a.Fresh && !k.Only {
			button(w, "remove", k.Value, "Remove")
		}
		w.HTML("</li>\n")
	}
	w.HTML("</ul>\n</form>\n")
	switch {
	case a.Fresh:
		a.Passkey.open(w, "/account")
		a.Passkey.answer(w)
		w.HTML("<p><button>").Text(a.Passkey.Button).HTML("</button></p>\n</form>\n")
	case !a.ByPasskey:
		w.HTML("<p>Passkeys are added and removed by who signed in with one. To get the first, ask who runs this server for an invitation.</p>\n")
	default:
		w.HTML("<p>To add or remove a passkey, <a href=\"/sign-in?back=%2Faccount\">sign in once more</a>: it is asked of whoever did so more than 5 minutes ago.</p>\n")
	}
	w.HTML("</section>\n")
}

func (a *Account) sessions(w *markup.Writer) {
	w.HTML(`<section aria-labelledby="sessions">
<h2 id="sessions">Where you are signed in</h2>
<form class="consent" method="post" action="/account">
<ul>
`)
	for _, s := range a.Sessions {
		w.HTML("<li>").Text(s.Words)
		if s.This {
			w.HTML(` <span class="tag">this browser</span>`)
		} else {
			button(w, "end", s.Value, "Sign out")
		}
		w.HTML("</li>\n")
	}
	w.HTML("</ul>\n")
	if a.Others {
		w.HTML("<p><button name=\"end\" value=\"others\">Sign out everywhere else</button></p>\n")
	}
	w.HTML("</form>\n</section>\n")
}

func (a *Account) apps(w *markup.Writer) {
	if len(a.Apps) == 0 {
		return
	}
	w.HTML(`<section aria-labelledby="apps">
<h2 id="apps">Apps that act for you</h2>
<form class="consent" method="post" action="/account">
<ul>
`)
	for _, app := range a.Apps {
		w.HTML("<li>").Text(app.Words)
		button(w, "app", app.Value, "End")
		w.HTML("</li>\n")
	}
	w.HTML("</ul>\n</form>\n</section>\n")
}

// button ends or removes what is before it in the list.
func button(w *markup.Writer, name, value, words string) {
	w.HTML(" <button").Attr("name", name).Attr("value", value).HTML(">").Text(words).HTML("</button>")
}
